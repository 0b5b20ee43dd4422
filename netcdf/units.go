package netcdf

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const day = int64(24 * time.Hour)

// unitLengths are the units of time that have a fixed length, in nanoseconds,
// with the spellings that cftime takes too.
var unitLengths = map[string]int64{
	"days": day, "day": day, "d": day,
	"hours": int64(time.Hour), "hour": int64(time.Hour), "hrs": int64(time.Hour), "hr": int64(time.Hour), "h": int64(time.Hour),
	"minutes": int64(time.Minute), "minute": int64(time.Minute), "mins": int64(time.Minute), "min": int64(time.Minute),
	"seconds": int64(time.Second), "second": int64(time.Second), "secs": int64(time.Second), "sec": int64(time.Second), "s": int64(time.Second),
	"milliseconds": int64(time.Millisecond), "millisecond": int64(time.Millisecond), "millisecs": int64(time.Millisecond),
	"millisec": int64(time.Millisecond), "msecs": int64(time.Millisecond), "msec": int64(time.Millisecond), "ms": int64(time.Millisecond),
	"microseconds": int64(time.Microsecond), "microsecond": int64(time.Microsecond), "microsecs": int64(time.Microsecond), "microsec": int64(time.Microsecond),
	"nanoseconds": 1, "nanosecond": 1, "nanosecs": 1, "nanosec": 1, "ns": 1,
}

// coarseFirst are the units that xarray chooses from.
var coarseFirst = []string{"days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"}

// instant is a moment of a calendar.
type instant struct {
	day   int64 // since 1970-01-01 of the calendar
	nanos int64 // since midnight
}

// add gives the moment days and nanoseconds later.
func (i instant) add(days, nanos int64) instant {
	n := i.nanos + nanos
	return instant{i.day + days + floorDiv(n, day), floorMod(n, day)}
}

// timeUnits are the attributes units and calendar of times.
type timeUnits struct {
	calendar calendar
	since    instant
	unit     int64 // nanoseconds; either a divisor or a multiple of a day
}

// parseTimeUnits reads "days since 1970-01-01 00:00:00" and the like.
func parseTimeUnits(units, calendarName string) (timeUnits, error) {
	var u timeUnits
	var err error
	if u.calendar, err = calendarOf(calendarName); err != nil {
		return u, err
	}
	name, stamp, ok := cutSince(units)
	if !ok {
		return u, fmt.Errorf("units %q are not those of a time, such as \"days since 1970-01-01\"", units)
	}
	if u.unit, err = u.calendar.unit(name); err != nil {
		return u, fmt.Errorf("units %q: %w", units, err)
	}
	if u.since, err = u.calendar.parse(stamp); err != nil {
		return u, fmt.Errorf("units %q: %w", units, err)
	}
	return u, nil
}

func cutSince(units string) (unit, stamp string, ok bool) {
	f := strings.Fields(units)
	if len(f) < 3 || !strings.EqualFold(f[1], "since") {
		return "", "", false
	}
	return strings.ToLower(f[0]), strings.Join(f[2:], " "), true
}

// unit gives the length of a unit. Months and years have one in a calendar of
// 360 days only.
func (c calendar) unit(name string) (int64, error) {
	if n, ok := unitLengths[name]; ok {
		return n, nil
	}
	switch strings.TrimSuffix(name, "s") {
	case "month":
		if c == days360 {
			return 30 * day, nil
		}
	case "year":
		if c == days360 {
			return 360 * day, nil
		}
	default:
		return 0, fmt.Errorf("%q is no unit of time", name)
	}
	return 0, fmt.Errorf("%s have no fixed length in this calendar: take Values as float64 and count them yourself", name)
}

// stampPattern is the reference of units: a date, and perhaps a time of day
// and a zone. The date may lack its day or month.
var stampPattern = regexp.MustCompile(`(?i)^([+-]?\d{1,6})(?:-(\d{1,2})(?:-(\d{1,2}))?)?` +
	`(?:[T ]+(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?)?)?` +
	`\s*(Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?)?$`)

var compactDate = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})(\D|$)`)

func (c calendar) parse(stamp string) (instant, error) {
	m := stampPattern.FindStringSubmatch(compactDate.ReplaceAllString(strings.TrimSpace(stamp), "${1}-${2}-${3}${4}"))
	if m == nil {
		return instant{}, fmt.Errorf("%q is no date such as 1970-01-01 00:00:00", stamp)
	}
	number := func(i, missing int) int64 {
		if m[i] == "" {
			return int64(missing)
		}
		n, _ := strconv.ParseInt(m[i], 10, 64) // at most seven digits
		return n
	}
	d := date{number(1, 0), number(2, 1), number(3, 1)}
	if !c.valid(d) {
		return instant{}, fmt.Errorf("%s is no day of the calendar", d)
	}
	hour, minute, second := number(4, 0), number(5, 0), number(6, 0)
	if hour > 23 || minute > 59 || second > 59 {
		return instant{}, fmt.Errorf("%q has no valid time of day", stamp)
	}
	fraction, _ := strconv.ParseInt((m[7] + "000000000")[:9], 10, 64)
	at := instant{day: c.days(d)}
	return at.add(0, hour*int64(time.Hour)+minute*int64(time.Minute)+second*int64(time.Second)+fraction-zone(m[8])), nil
}

// zone gives the offset from UTC of "Z", "-6", "+01:00" or "+0100".
func zone(s string) int64 {
	if s == "" || s[0] != '+' && s[0] != '-' {
		return 0
	}
	hours, minutes, ok := strings.Cut(s[1:], ":")
	if !ok && len(hours) > 2 {
		hours, minutes = hours[:len(hours)-2], hours[len(hours)-2:]
	}
	h, _ := strconv.ParseInt(hours, 10, 64)
	m, _ := strconv.ParseInt("0"+minutes, 10, 64)
	n := (h*60 + m) * int64(time.Minute)
	if s[0] == '-' {
		return -n
	}
	return n
}

// span splits n units into days and nanoseconds, without overflow.
func (u timeUnits) span(n int64) (days, nanos int64) {
	if u.unit >= day {
		return n * (u.unit / day), 0
	}
	perDay := day / u.unit
	return floorDiv(n, perDay), floorMod(n, perDay) * u.unit
}

// farthest is how many units are taken to be a date: a million years. A fill
// value that no attribute names is beyond it.
func (u timeUnits) farthest() float64 { return 366e6 * float64(day) / float64(u.unit) }

// time gives the time n units after the reference, fraction nanoseconds later.
func (u timeUnits) time(n, fraction int64) (time.Time, error) {
	if math.Abs(float64(n)) > u.farthest() {
		return time.Time{}, fmt.Errorf("it is %d units from the reference, over a million years", n)
	}
	days, nanos := u.span(n)
	at := u.since.add(days, nanos).add(0, fraction)
	if u.calendar == gregorian || u.calendar == standard && at.day >= reform {
		return time.Unix(at.day*(day/int64(time.Second)), at.nanos).UTC(), nil
	}
	d := u.calendar.date(at.day)
	if !gregorian.valid(d) {
		return time.Time{}, fmt.Errorf("it is %s, a day that Go's time.Time does not have: take floats", d)
	}
	return time.Date(int(d.year), time.Month(d.month), int(d.day), 0, 0, 0, 0, time.UTC).Add(time.Duration(at.nanos)), nil
}

// units counts the units from the reference to t, and the nanoseconds that are
// left. The date and time of day of t in UTC are taken as those of the
// calendar.
func (u timeUnits) units(t time.Time) (n, rest int64, err error) {
	t = t.UTC()
	d := date{int64(t.Year()), int64(t.Month()), int64(t.Day())}
	if !u.calendar.valid(d) {
		return 0, 0, fmt.Errorf("%s is no day of the calendar", d)
	}
	midnight := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	span := instant{day: u.calendar.days(d)}.add(-u.since.day, int64(t.Sub(midnight))-u.since.nanos)
	if u.unit >= day {
		per := u.unit / day
		return floorDiv(span.day, per), floorMod(span.day, per)*day + span.nanos, nil
	}
	perDay := day / u.unit
	if span.day > math.MaxInt64/perDay-1 || span.day < -math.MaxInt64/perDay+1 {
		return 0, 0, fmt.Errorf("%s is too far from the reference for units so fine: truncate the times to microseconds or coarser", t.Format(time.RFC3339))
	}
	return span.day*perDay + span.nanos/u.unit, span.nanos % u.unit, nil
}
