package typed

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
)

// The parsers of dates and times take what pydantic takes and say what it says:
// its library speedate is their model, function by function.

var (
	errShort           = errors.New("input is too short")
	errExtra           = errors.New("unexpected extra characters at the end of the input")
	errDateSep         = errors.New("invalid date separator, expected `-`")
	errSeparator       = errors.New("invalid datetime separator, expected `T`, `t`, `_` or space")
	errTimeSep         = errors.New("invalid time separator, expected `:`")
	errMonth           = errors.New("month value is outside expected range of 1-12")
	errDay             = errors.New("day value is outside expected range")
	errHour            = errors.New("hour value is outside expected range of 0-23")
	errMinute          = errors.New("minute value is outside expected range of 0-59")
	errSecond          = errors.New("second value is outside expected range of 0-59")
	errFractionMissing = errors.New("second fraction digits missing after `.`")
	errZoneSign        = errors.New("invalid timezone sign")
	errZoneHour        = errors.New("invalid timezone hour")
	errZoneMinute      = errors.New("invalid timezone minute")
	errZoneMinuteRange = errors.New("timezone minute value is outside expected range of 0-59")
	errZoneRange       = errors.New("timezone offset must be less than 24 hours")
	errLate            = errors.New("dates after 9999 are not supported as unix timestamps")
	errEarly           = errors.New("dates before 0000 are not supported as unix timestamps")
)

// A phrase is an error in words of pydantic's that begin with a capital.
type phrase string

func (p phrase) Error() string { return string(p) }

const errInexact = phrase("Timestamp is not an exact date")

// twoDigits reads s[at:at+2]; false if they are no digits or not there.
func twoDigits(s []byte, at int) (int, bool) {
	if at+2 > len(s) || s[at] < '0' || s[at] > '9' || s[at+1] < '0' || s[at+1] > '9' {
		return 0, false
	}
	return int(s[at]-'0')*10 + int(s[at+1]-'0'), true
}

func invalidChar(what string) error { return fmt.Errorf("invalid character in %s", what) }

// A civil is a date and time as it stands in a text.
type civil struct {
	year, month, day, hour, minute, second, micro int
	zoned                                         bool
	offset                                        int // seconds east of UTC
}

// parseDay reads the first ten bytes of s, YYYY-MM-DD.
func parseDay(s []byte) (c civil, err error) {
	if len(s) < 10 {
		return c, errShort
	}
	century, ok1 := twoDigits(s, 0)
	years, ok2 := twoDigits(s, 2)
	if !ok1 || !ok2 {
		return c, invalidChar("year")
	}
	c.year = century*100 + years
	if s[4] != '-' {
		return c, errDateSep
	}
	var ok bool
	if c.month, ok = twoDigits(s, 5); !ok {
		return c, invalidChar("month")
	}
	if s[7] != '-' {
		return c, errDateSep
	}
	if c.day, ok = twoDigits(s, 8); !ok {
		return c, invalidChar("day")
	}
	if c.month < 1 || c.month > 12 {
		return c, errMonth
	}
	if c.day < 1 || c.day > daysIn(c.year, c.month) {
		return c, errDay
	}
	return c, nil
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// parseClock reads hours, minutes and perhaps seconds with a fraction from
// s[at:], and returns where they end.
func (c *civil) parseClock(s []byte, at int) (int, error) {
	if len(s)-at < 5 {
		return at, errShort
	}
	var ok bool
	if c.hour, ok = twoDigits(s, at); !ok {
		return at, invalidChar("hour")
	}
	if s[at+2] != ':' {
		return at, errTimeSep
	}
	return c.parseMinutes(s, at+3)
}

// parseMinutes reads minutes and perhaps seconds with a fraction from s[at:].
func (c *civil) parseMinutes(s []byte, at int) (int, error) {
	var ok bool
	if c.minute, ok = twoDigits(s, at); !ok {
		return at, invalidChar("minute")
	}
	if c.minute > 59 {
		return at, errMinute
	}
	if at += 2; at >= len(s) || s[at] != ':' {
		return at, nil
	}
	if c.second, ok = twoDigits(s, at+1); !ok {
		return at, invalidChar("second")
	}
	if c.second > 59 {
		return at, errSecond
	}
	if at += 3; at >= len(s) || s[at] != '.' && s[at] != ',' {
		return at, nil
	}
	at++
	start := at
	for scale := 100000; at < len(s) && '0' <= s[at] && s[at] <= '9'; at++ {
		c.micro += int(s[at]-'0') * scale
		scale /= 10
	}
	if at == start {
		return at, errFractionMissing
	}
	return at, nil
}

// parseZone reads s[at:], which must be a zone or nothing.
func (c *civil) parseZone(s []byte, at int) error {
	if at >= len(s) {
		return nil
	}
	c.zoned = true
	sign := 1
	switch {
	case s[at] == 'Z' || s[at] == 'z':
		if at+1 < len(s) {
			return errExtra
		}
		return nil
	case s[at] == '+':
		at++
	case s[at] == '-':
		sign, at = -1, at+1
	case len(s)-at >= 3 && string(s[at:at+3]) == "−":
		sign, at = -1, at+3
	default:
		return errZoneSign
	}
	hours, ok := twoDigits(s, at)
	if !ok {
		return errZoneHour
	}
	if at += 2; at < len(s) && s[at] == ':' {
		at++
	}
	minutes, ok := twoDigits(s, at)
	if !ok {
		return errZoneMinute
	}
	switch {
	case minutes > 59:
		return errZoneMinuteRange
	case hours > 23:
		return errZoneRange
	case at+2 < len(s):
		return errExtra
	}
	c.offset = sign * (hours*3600 + minutes*60)
	return nil
}

func parseCivil(s []byte) (civil, error) {
	c, err := parseDay(s)
	if err != nil {
		return c, err
	}
	if len(s) < 11 || s[10] != 'T' && s[10] != 't' && s[10] != '_' && s[10] != ' ' {
		return c, errSeparator
	}
	at, err := c.parseClock(s, 11)
	if err != nil {
		return c, err
	}
	if c.hour > 23 {
		return c, errHour
	}
	return c, c.parseZone(s, at)
}

// time returns the moment; without a zone it is in the location [Naive].
func (c civil) time() time.Time {
	loc := Naive
	switch {
	case c.zoned && c.offset == 0:
		loc = time.UTC
	case c.zoned:
		loc = time.FixedZone("", c.offset)
	}
	return time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.second, c.micro*1000, loc)
}

// parseMoment reads a date and time or, as text, a Unix timestamp.
func parseMoment(s []byte) (time.Time, error) {
	c, err := parseCivil(s)
	if err == nil {
		return c.time(), nil
	}
	if isTimestamp(s) {
		f, parseErr := strconv.ParseFloat(string(s), 64)
		if parseErr == nil {
			return unixTime(f, string(s))
		}
	}
	return time.Time{}, err
}

// isTimestamp reports whether s is a number without an exponent.
func isTimestamp(s []byte) bool {
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	digits, points := 0, 0
	for _, c := range s {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case c == '.':
			points++
		default:
			return false
		}
	}
	return digits > 0 && points <= 1
}

// unixTime reads seconds, or milliseconds beyond 20,000,000,000, since 1970.
// text is the number, whose digits are exact where it is an integer.
func unixTime(f float64, text string) (time.Time, error) {
	const watershed = 2e10
	milli := math.Abs(f) > watershed
	var t time.Time
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && milli {
		t = time.UnixMilli(n)
	} else {
		if milli {
			f /= 1000
		}
		if math.Abs(f) > 1e15 {
			f = math.Copysign(1e15, f) // far out of range, and still an int64
		}
		seconds := math.Floor(f)
		t = time.Unix(int64(seconds), int64(math.Round((f-seconds)*1e6))*1000)
	}
	switch t = t.UTC(); {
	case t.Year() > 9999:
		return t, errLate
	case t.Year() < 0:
		return t, errEarly
	}
	return t, nil
}

func yearRange(year int) error {
	if year < 1 || year > 9999 {
		return fmt.Errorf("year %d is out of range", year)
	}
	return nil
}

func decodeTime(d *decoding, v reflect.Value) {
	start := d.pos
	t, kind, err := d.moment()
	if kind == "" {
		return
	}
	if err == nil {
		if err = yearRange(t.Year()); err == nil {
			v.Set(reflect.ValueOf(t).Convert(v.Type()))
			return
		}
	}
	message := "Input should be a valid datetime, "
	if kind == "datetime_from_date_parsing" {
		message = "Input should be a valid datetime or date, "
	}
	d.fail(start, kind, message+err.Error())
}

// moment moves past a value and reads it as a date and time. kind is the type
// of the error, should err not be nil; "" if it has reported one already.
func (d *decoding) moment() (t time.Time, kind string, err error) {
	const parsing = "datetime_parsing"
	c := d.src[d.pos]
	switch {
	case c == '"':
		s := d.str()
		t, err := parseMoment(s)
		if err == nil || d.strict {
			return t, parsing, err
		}
		// pydantic tries a date last, and reports what is wrong with that.
		day, err := parseDay(s)
		if err == nil && len(s) > 10 {
			err = errExtra
		}
		if err != nil {
			return t, "datetime_from_date_parsing", err
		}
		return day.time(), parsing, nil
	case !d.strict && isNumberStart(c):
		raw := d.value()
		f, _ := strconv.ParseFloat(string(raw), 64) // infinity, should it be out of range
		t, err = unixTime(f, string(raw))
		return t, parsing, err
	}
	d.wrong("datetime_type", "Input should be a valid datetime")
	return t, "", nil
}

// decodeDate decodes into a struct marked as a date: Year, Month, Day.
func decodeDate(d *decoding, v reflect.Value) {
	start := d.pos
	t, fail := d.date(start)
	if fail {
		return
	}
	if err := yearRange(t.Year()); err != nil {
		d.fail(start, "date_parsing", "Input should be a valid date in the format YYYY-MM-DD, "+err.Error())
		return
	}
	v.Field(1).SetInt(int64(t.Year()))
	v.Field(2).SetInt(int64(t.Month()))
	v.Field(3).SetInt(int64(t.Day()))
}

func (d *decoding) date(start int) (t time.Time, failed bool) {
	c := d.src[start]
	if c != '"' && (d.strict || !isNumberStart(c)) {
		d.wrong("date_type", "Input should be a valid date")
		return t, true
	}
	var err error
	kind, message := "date_from_datetime_parsing", "Input should be a valid date or datetime, "
	switch {
	case isNumberStart(c):
		raw := d.value()
		f, _ := strconv.ParseFloat(string(raw), 64)
		t, err = unixTime(f, string(raw))
	case d.strict:
		kind, message = "date_parsing", "Input should be a valid date in the format YYYY-MM-DD, "
		t, err = parseStrictDate(d.str())
	default:
		s := d.str()
		if day, dayErr := parseDay(s); dayErr == nil && len(s) == 10 {
			return day.time(), false
		}
		t, err = parseMoment(s)
	}
	if err != nil {
		d.fail(start, kind, message+err.Error())
		return t, true
	}
	if t.Hour() != 0 || t.Minute() != 0 || t.Second() != 0 || t.Nanosecond() != 0 {
		d.fail(start, "date_from_datetime_inexact", "Datetimes provided to dates should have zero time - e.g. be exact dates")
		return t, true
	}
	return t, false
}

// parseStrictDate takes YYYY-MM-DD and, as text, the timestamp of a midnight.
func parseStrictDate(s []byte) (time.Time, error) {
	day, err := parseDay(s)
	if err == nil && len(s) > 10 {
		err = errExtra
	}
	if err == nil {
		return day.time(), nil
	}
	n, parseErr := strconv.ParseInt(string(s), 10, 64)
	if parseErr != nil {
		return time.Time{}, err
	}
	t, err := unixTime(float64(n), string(s))
	if err == nil && n%86400 != 0 {
		err = errInexact
	}
	return t, err
}

// appendTime writes t as pydantic does: six digits of a fraction or none, Z for
// UTC, no zone for [Naive].
func appendTime(dst []byte, t time.Time) ([]byte, error) {
	naive := t.Location() == Naive
	if _, offset := t.Zone(); offset%60 != 0 {
		t = t.UTC() // historic zones have seconds, which the form cannot say
	}
	if err := yearRange(t.Year()); err != nil {
		return dst, err
	}
	layout := "2006-01-02T15:04:05"
	if t.Nanosecond() >= 1000 {
		layout += ".000000"
	}
	if !naive {
		layout += "Z07:00"
	}
	dst = append(dst, '"')
	dst = t.AppendFormat(dst, layout)
	return append(dst, '"'), nil
}

func appendDate(dst []byte, v reflect.Value) ([]byte, error) {
	year, month, day := int(v.Field(1).Int()), int(v.Field(2).Int()), int(v.Field(3).Int())
	if err := yearRange(year); err != nil {
		return dst, err
	}
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return dst, fmt.Errorf("%04d-%02d-%02d is no date", year, month, day)
	}
	return fmt.Appendf(dst, `"%04d-%02d-%02d"`, year, month, day), nil
}
