package typed

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strconv"
	"time"
)

var (
	errDigit        = errors.New("invalid digit in duration")
	errDays         = errors.New(`"day" identifier in duration not correctly formatted`)
	errDateUnit     = errors.New("quantity invalid in date part of duration")
	errTimeUnit     = errors.New("quantity invalid in time part of duration")
	errHours        = errors.New("durations may not exceed 999,999,999 hours")
	errQuantity     = errors.New("quantity fraction invalid in duration")
	errRepeatedT    = errors.New("repeated T in duration")
	errDurationSize = errors.New("durations may not exceed 106,751 days, the range of Go's time.Duration")
)

// A span is a duration while it is read.
type span struct {
	seconds, micros int64
}

// add adds whole and fraction (in microseconds) units of so many seconds.
func (total *span) add(whole, micros, unit int64) error {
	const most = int64(math.MaxInt64) / int64(time.Second)
	if whole > most/unit || total.seconds > most-whole*unit {
		return errDurationSize
	}
	total.seconds += whole * unit
	total.micros += micros * unit
	return nil
}

func (total *span) duration(negative bool) (time.Duration, error) {
	seconds := total.seconds + total.micros/1e6
	if seconds >= int64(math.MaxInt64)/int64(time.Second) {
		return 0, errDurationSize
	}
	d := time.Duration(seconds)*time.Second + time.Duration(total.micros%1e6)*time.Microsecond
	if negative {
		d = -d
	}
	return d, nil
}

// parseDuration reads ISO 8601 (P1DT2H, a year being 365 days and a month 30),
// "1 day, 12:30:45" and "12:30:45".
func parseDuration(s []byte) (time.Duration, error) {
	if len(s) == 0 {
		return 0, errShort
	}
	negative, at := s[0] == '-', 0
	if s[0] == '-' || s[0] == '+' {
		at = 1
	}
	var total span
	var err error
	switch {
	case at < len(s) && s[at] == 'P':
		err = total.iso(s, at+1)
	case hasDay(s) || len(s) < 5:
		err = total.days(s, at)
	default:
		err = total.clock(s, at)
	}
	if err != nil {
		return 0, err
	}
	return total.duration(negative)
}

func hasDay(s []byte) bool {
	for _, c := range s {
		if c == 'd' || c == 'D' {
			return true
		}
	}
	return false
}

// quantity reads digits and perhaps a fraction, which it returns in millionths.
func quantity(s []byte, at int) (whole, micros int64, next int, fraction bool, err error) {
	start := at
	for ; at < len(s) && '0' <= s[at] && s[at] <= '9'; at++ {
		if whole > math.MaxInt64/100 {
			return 0, 0, at, false, errDurationSize
		}
		whole = whole*10 + int64(s[at]-'0')
	}
	if at == start {
		return 0, 0, at, false, errDigit
	}
	if at < len(s) && (s[at] == '.' || s[at] == ',') {
		fraction = true
		at++
		for scale := int64(100000); at < len(s) && '0' <= s[at] && s[at] <= '9'; at++ {
			micros += int64(s[at]-'0') * scale
			scale /= 10
		}
	}
	return whole, micros, at, fraction, nil
}

func (total *span) iso(s []byte, at int) error {
	first, inTime, fraction := at, false, false
	for ; at < len(s); at++ {
		if s[at] == 'T' {
			if inTime {
				return errRepeatedT
			}
			inTime = true
			continue
		}
		if fraction {
			return errQuantity
		}
		var whole, micros int64
		var err error
		if whole, micros, at, fraction, err = quantity(s, at); err != nil {
			return err
		}
		unit, err := unitAt(s, at, inTime)
		if err != nil {
			return err
		}
		if err := total.add(whole, micros, unit); err != nil {
			return err
		}
	}
	if at < first+2 {
		return errShort
	}
	return nil
}

// unitAt returns the seconds of the unit letter at s[at].
func unitAt(s []byte, at int, inTime bool) (int64, error) {
	var c byte
	if at < len(s) {
		c = s[at]
	}
	if inTime {
		switch c {
		case 'H':
			return 3600, nil
		case 'M':
			return 60, nil
		case 'S':
			return 1, nil
		}
		return 0, errTimeUnit
	}
	switch c {
	case 'Y':
		return 365 * 86400, nil
	case 'M':
		return 30 * 86400, nil
	case 'W':
		return 7 * 86400, nil
	case 'D':
		return 86400, nil
	}
	return 0, errDateUnit
}

// days reads "1d", "1 day", "2 days, 12:30".
func (total *span) days(s []byte, at int) error {
	whole, _, at, fraction, err := quantity(s, at)
	if err != nil {
		return err
	}
	is := func(lower byte) bool { return at < len(s) && s[at]|0x20 == lower }
	if !fraction && at < len(s) && s[at] == ' ' {
		at++
	}
	if fraction || !is('d') {
		return errDays
	}
	at++
	if is('a') {
		if at++; !is('y') {
			return errDays
		}
		if at++; is('s') {
			at++
		}
	}
	if err := total.add(whole, 0, 86400); err != nil {
		return err
	}
	for _, c := range []byte{',', ' '} {
		if at < len(s) && s[at] == c {
			at++
		}
	}
	if at == len(s) {
		return nil
	}
	return total.clock(s, at)
}

// clock reads hours, of which there may be more than 24, minutes and perhaps seconds.
func (total *span) clock(s []byte, at int) error {
	if len(s)-at < 5 {
		return errShort
	}
	colon := bytes.IndexByte(s[at:], ':')
	switch {
	case colon < 0:
		return invalidChar("hour")
	case colon > 10:
		return errHours
	case len(s)-at-colon < 3:
		return errShort
	}
	var hours int64
	for _, c := range s[at : at+colon] {
		if c < '0' || c > '9' {
			return invalidChar("hour")
		}
		hours = hours*10 + int64(c-'0')
	}
	var c civil
	at, err := c.parseMinutes(s, at+colon+1)
	if err != nil {
		return err
	}
	if at < len(s) {
		return errExtra
	}
	if err := total.add(hours, 0, 3600); err != nil {
		return err
	}
	return total.add(int64(c.minute*60+c.second), int64(c.micro), 1)
}

func decodeDuration(d *decoding, v reflect.Value) {
	start := d.pos
	c := d.src[start]
	var n time.Duration
	var err error
	switch {
	case c == '"':
		n, err = parseDuration(d.str())
	case !d.strict && isNumberStart(c):
		n, err = secondsOf(d.value())
	default:
		d.wrong("time_delta_type", "Input should be a valid duration")
		return
	}
	if err != nil {
		d.fail(start, "time_delta_parsing", "Input should be a valid duration, "+err.Error())
		return
	}
	v.SetInt(int64(n))
}

// secondsOf reads a JSON number of seconds, to the microsecond.
func secondsOf(raw []byte) (time.Duration, error) {
	f, _ := strconv.ParseFloat(string(raw), 64) // infinity, should it be out of range
	if math.Abs(f) >= math.MaxInt64/1e9 {
		return 0, errDurationSize
	}
	whole, fraction := math.Modf(f)
	return time.Duration(whole)*time.Second + time.Duration(math.Round(fraction*1e6))*time.Microsecond, nil
}

// appendDuration writes ISO 8601 to the microsecond, as pydantic does: years of
// 365 days, days, hours, minutes, seconds.
func appendDuration(dst []byte, d time.Duration) []byte {
	dst = append(dst, '"')
	micros := uint64(d / time.Microsecond)
	if d < 0 {
		micros = -micros
		if micros > 0 {
			dst = append(dst, '-')
		}
	}
	dst = append(dst, 'P')
	part := func(unit uint64, letter byte) {
		if n := micros / unit; n > 0 {
			dst = append(strconv.AppendUint(dst, n, 10), letter)
			micros %= unit
		}
	}
	part(365*86400*1e6, 'Y')
	part(86400*1e6, 'D')
	if micros > 0 || dst[len(dst)-1] == 'P' {
		dst = append(dst, 'T')
		part(3600*1e6, 'H')
		part(60*1e6, 'M')
		if micros > 0 || dst[len(dst)-1] == 'T' {
			dst = strconv.AppendUint(dst, micros/1e6, 10)
			if fraction := micros % 1e6; fraction > 0 {
				digits := strconv.AppendUint(nil, 1e6+fraction, 10)
				for digits[len(digits)-1] == '0' {
					digits = digits[:len(digits)-1]
				}
				digits[0] = '.'
				dst = append(dst, digits...)
			}
			dst = append(dst, 'S')
		}
	}
	return append(dst, '"')
}
