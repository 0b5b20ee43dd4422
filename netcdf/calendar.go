package netcdf

import (
	"fmt"
	"strings"
)

// calendar is one of the calendars of CF. Days are counted from 1970-01-01 of
// the calendar; years are astronomical, so that there is a year 0.
type calendar int

const (
	gregorian calendar = iota // proleptic
	standard                  // Julian before 1582-10-15
	julian
	noLeap
	allLeap
	days360
)

var calendarNames = map[string]calendar{
	"": standard, "standard": standard, "gregorian": standard,
	"proleptic_gregorian": gregorian,
	"julian":              julian,
	"noleap":              noLeap, "365_day": noLeap,
	"all_leap": allLeap, "366_day": allLeap,
	"360_day": days360,
}

func calendarOf(name string) (calendar, error) {
	c, ok := calendarNames[strings.ToLower(strings.TrimSpace(name))]
	if !ok {
		return 0, fmt.Errorf("calendar %q is none of standard, gregorian, proleptic_gregorian, julian, noleap, 365_day, all_leap, 366_day, 360_day", name)
	}
	return c, nil
}

// The first day of the Gregorian calendar, 1582-10-15, as a day since
// 1970-01-01, and the distance of the two calendars' counts: the Julian
// 1582-10-04 is the day before.
const reform = -141427

// date is a day by its name.
type date struct {
	year       int64
	month, day int64
}

func (d date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.year, d.month, d.day) }

// lengths of the months of a year of 365 days.
var monthDays = [...]int64{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// valid reports whether the calendar has such a day.
func (c calendar) valid(d date) bool {
	if d.month < 1 || d.month > 12 || d.day < 1 {
		return false
	}
	if c == days360 {
		return d.day <= 30
	}
	n := monthDays[d.month-1]
	if d.month == 2 && c.leap(d.year) {
		n++
	}
	if c == standard && d.year == 1582 && d.month == 10 && d.day > 4 && d.day < 15 {
		return false
	}
	return d.day <= n
}

func (c calendar) leap(year int64) bool {
	switch c {
	case noLeap:
		return false
	case allLeap:
		return true
	case julian:
		return year%4 == 0
	case standard:
		if year < 1582 {
			return year%4 == 0
		}
	}
	return year%4 == 0 && (year%100 != 0 || year%400 == 0)
}

// days counts the days from 1970-01-01 to d, which is valid.
func (c calendar) days(d date) int64 {
	switch c {
	case noLeap:
		return 365*(d.year-1970) + yearDay(d, false)
	case allLeap:
		return 366*(d.year-1970) + yearDay(d, true)
	case days360:
		return 360*(d.year-1970) + 30*(d.month-1) + d.day - 1
	case julian:
		return julianDays(d) - julianDays(date{1970, 1, 1})
	case standard:
		if d.year < 1582 || d.year == 1582 && (d.month < 10 || d.month == 10 && d.day < 15) {
			return julianDays(d) - julianDays(date{1582, 10, 5}) + reform
		}
	}
	return gregorianDays(d)
}

// date names the n-th day since 1970-01-01.
func (c calendar) date(n int64) date {
	switch c {
	case noLeap:
		return dateInYear(1970+floorDiv(n, 365), floorMod(n, 365), false)
	case allLeap:
		return dateInYear(1970+floorDiv(n, 366), floorMod(n, 366), true)
	case days360:
		day := floorMod(n, 360)
		return date{1970 + floorDiv(n, 360), day/30 + 1, day%30 + 1}
	case julian:
		return julianDate(n + julianDays(date{1970, 1, 1}))
	case standard:
		if n < reform {
			return julianDate(n - reform + julianDays(date{1582, 10, 5}))
		}
	}
	return gregorianDate(n)
}

// yearDay counts the days since the first of January.
func yearDay(d date, leap bool) int64 {
	n := d.day - 1
	for m := range d.month - 1 {
		n += monthDays[m]
	}
	if leap && d.month > 2 {
		n++
	}
	return n
}

func dateInYear(year, day int64, leap bool) date {
	month := int64(0)
	for ; month < 11; month++ {
		n := monthDays[month]
		if month == 1 && leap {
			n++
		}
		if day < n {
			break
		}
		day -= n
	}
	return date{year, month + 1, day + 1}
}

// The Gregorian and the Julian calendar are counted in years that begin with
// March, so that the leap day is the last (Howard Hinnant, "chrono-Compatible
// Low-Level Date Algorithms").

func gregorianDays(d date) int64 {
	year, day := marchYear(d)
	era := floorDiv(year, 400)
	inEra := year - era*400
	return era*146097 + inEra*365 + inEra/4 - inEra/100 + day - 719468
}

func gregorianDate(n int64) date {
	n += 719468
	era := floorDiv(n, 146097)
	day := n - era*146097
	year := (day - day/1460 + day/36524 - day/146096) / 365
	return fromMarch(era*400+year, day-(365*year+year/4-year/100))
}

// julianDays counts from the first of March of the year 0.
func julianDays(d date) int64 {
	year, day := marchYear(d)
	return 365*year + floorDiv(year, 4) + day
}

func julianDate(n int64) date {
	era := floorDiv(n, 1461)
	day := n - era*1461
	year := (day - day/1460) / 365
	return fromMarch(era*4+year, day-365*year)
}

// marchYear gives the year that begins with March, and the day in it.
func marchYear(d date) (year, day int64) {
	year, month := d.year, d.month-3
	if month < 0 {
		year, month = year-1, month+12
	}
	return year, (153*month+2)/5 + d.day - 1
}

func fromMarch(year, day int64) date {
	month := (5*day + 2) / 153
	d := date{year, month + 3, day - (153*month+2)/5 + 1}
	if d.month > 12 {
		d.year, d.month = d.year+1, d.month-12
	}
	return d
}

// floorDiv and floorMod round towards minus infinity.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - b*floorDiv(a, b) }
