package netcdf

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// NewTimeVariable makes a variable of times, stored in the given units, such
// as "hours since 1900-01-01", and calendar: standard or gregorian,
// proleptic_gregorian, julian, noleap or 365_day, all_leap or 366_day,
// 360_day; the empty string means standard, as CF says. They are stored as
// integers where all are whole numbers that fit 32 bits, else as float64.
//
// A time's date and time of day, in UTC, are those of the calendar, so that
// 2001-03-01 is the day after 2001-02-28 in noleap, and before October 1582
// the standard calendar is the Julian one. A day that the calendar does not
// have is an error. The zero Time is a missing value.
func NewTimeVariable(name string, times []time.Time, units, calendar string, dims ...Dim) *Variable {
	v := &Variable{name: name, dims: append([]Dim(nil), dims...)}
	v.setTimes(times, units, calendar)
	return v
}

// setTimes stores times. Without units it chooses them as xarray does
// (infer_datetime_units in its times.py): the coarsest that is exact, counted
// from the first time.
func (v *Variable) setTimes(times []time.Time, units, calendarName string) {
	if units == "" {
		calendarName = "proleptic_gregorian"
		units, v.err = inferTimeUnits(times)
	} else if calendarName == "" {
		calendarName = "standard"
	}
	var u timeUnits
	if v.err == nil {
		u, v.err = parseTimeUnits(units, calendarName)
	}
	if v.err == nil {
		v.data, v.err = encodeTimes(times, u)
	}
	v.Attrs.Set("units", units)
	v.Attrs.Set("calendar", calendarName)
}

func inferTimeUnits(times []time.Time) (string, error) {
	first := time.Unix(0, 0).UTC()
	for _, t := range times {
		if !t.IsZero() {
			first = t.UTC()
			break
		}
	}
	if first.Year() < 0 || first.Year() > 9999 {
		return "", fmt.Errorf("the year %d is not one of four digits: give the units yourself", first.Year())
	}
	stamp := first.Format("2006-01-02 15:04:05")
	if ns := first.Nanosecond(); ns%1000 != 0 {
		stamp += fmt.Sprintf(".%09d", ns)
	} else if ns != 0 {
		stamp += fmt.Sprintf(".%06d", ns/1000)
	}
	for _, name := range coarseFirst {
		exact, err := divides(times, first, unitLengths[name])
		if err != nil {
			return "", err
		}
		if exact {
			return name + " since " + stamp, nil
		}
	}
	return "", errors.New("unreachable: every time is a whole number of nanoseconds")
}

// divides reports whether all times are whole units from the first.
func divides(times []time.Time, first time.Time, unit int64) (bool, error) {
	u := timeUnits{calendar: gregorian, unit: unit}
	midnight := first.Truncate(24 * time.Hour)
	u.since = instant{day: midnight.Unix() / 86400, nanos: int64(first.Sub(midnight))}
	for _, t := range times {
		if t.IsZero() {
			continue
		}
		if _, rest, err := u.units(t); err != nil || rest != 0 {
			return false, err
		}
	}
	return true, nil
}

// exactFloat is the largest whole number up to which a float64 has all.
const exactFloat = 1 << 53

// encodeTimes gives whole numbers that fit 32 bits as []int64, which a NetCDF3
// file narrows, and anything else as []float64.
func encodeTimes(times []time.Time, u timeUnits) (any, error) {
	whole := make([]int64, len(times))
	rest := make([]int64, len(times))
	asFloats := false
	for i, t := range times {
		if t.IsZero() {
			asFloats = true
			continue
		}
		var err error
		if whole[i], rest[i], err = u.units(t); err != nil {
			return nil, fmt.Errorf("time number %d: %w", i, err)
		}
		if whole[i] > exactFloat || whole[i] < -exactFloat {
			return nil, fmt.Errorf("time number %d, %s, is too far from the first for units so fine: truncate the times to microseconds or coarser", i, t.Format(time.RFC3339Nano))
		}
		asFloats = asFloats || rest[i] != 0 || whole[i] != int64(int32(whole[i]))
	}
	if !asFloats {
		return whole, nil
	}
	out := make([]float64, len(times))
	for i, t := range times {
		if out[i] = quietNaN; !t.IsZero() {
			out[i] = float64(whole[i]) + float64(rest[i])/float64(u.unit)
		}
	}
	return out, nil
}

// times decodes the values by the attributes units and calendar.
func (v *Variable) times() ([]time.Time, error) {
	units, ok := v.Attrs.Text("units")
	if !ok {
		return nil, errors.New("it has no attribute units, such as \"days since 1970-01-01\"")
	}
	name, _ := v.Attrs.Text("calendar")
	u, err := parseTimeUnits(units, name)
	if err != nil {
		return nil, err
	}
	out := make([]time.Time, v.Len())
	err = v.eachNumber(func(i int, n int64, value float64) (err error) {
		out[i], err = u.time(n, nanosOf(value-float64(n), value, u.unit, v.Type()))
		return err
	}, func(int) error { return nil })
	return out, err
}

// eachNumber calls fn for each value with its index, its whole part and
// itself, and gone for those that are missing. Whole numbers are exact.
func (v *Variable) eachNumber(fn func(i int, whole int64, value float64) error, gone func(i int) error) error {
	p, err := v.unpack()
	if err != nil {
		return err
	}
	if p.packed || v.Type() == Float32 || v.Type() == Float64 {
		values, err := decodeFloats[float64](v)
		if err != nil {
			return err
		}
		for i, x := range values {
			if math.IsNaN(x) {
				err = gone(i)
			} else if math.Abs(x) >= 1<<62 {
				err = errors.New("the number is out of range")
			} else {
				err = fn(i, int64(math.Floor(x)), x)
			}
			if err != nil {
				return v.at(i, x, err)
			}
		}
		return nil
	}
	switch s := p.data.(type) {
	case []int8:
		return eachInteger(v, s, &p, fn, gone)
	case []int16:
		return eachInteger(v, s, &p, fn, gone)
	case []int32:
		return eachInteger(v, s, &p, fn, gone)
	case []int64:
		p.fills = append(p.fills, integers([]int64{math.MinInt64})...) // NumPy's NaT
		return eachInteger(v, s, &p, fn, gone)
	case []uint8:
		return eachInteger(v, s, &p, fn, gone)
	case []uint16:
		return eachInteger(v, s, &p, fn, gone)
	case []uint32:
		return eachInteger(v, s, &p, fn, gone)
	default:
		return eachInteger(v, s.([]uint64), &p, fn, gone)
	}
}

func eachInteger[S integer](v *Variable, src []S, p *packing, fn func(int, int64, float64) error, gone func(int) error) error {
	fills := fillsOf[S](p)
	for i, x := range src {
		var err error
		if missing(x, fills) {
			err = gone(i)
		} else if !fits[int64](x) {
			err = errors.New("the number is out of range")
		} else {
			err = fn(i, int64(x), float64(x))
		}
		if err != nil {
			return v.at(i, x, err)
		}
	}
	return nil
}

func (v *Variable) at(i int, x any, err error) error {
	return fmt.Errorf("the value at %s, %v: %w", v.index(i), x, err)
}

// nanosOf gives the fraction of a unit in nanoseconds, rounded to what the
// floating point number can tell apart, at most to milliseconds: 0.1 days
// after a distant reference are 2 h 24 min, not 2 h 23 min 59.999999874 s.
func nanosOf(fraction, value float64, unit int64, stored Type) int64 {
	if fraction == 0 {
		return 0
	}
	step := math.Nextafter(math.Abs(value), math.Inf(1)) - math.Abs(value)
	if stored == Float32 {
		f := float32(math.Abs(value))
		step = float64(math.Nextafter32(f, float32(math.Inf(1))) - f)
	}
	round := 1.0
	for round < step*float64(unit) && round < 1e6 {
		round *= 10
	}
	return int64(math.Round(fraction*float64(unit)/round) * round)
}

// setDurations stores durations as xarray does (its CFTimedeltaCoder).
func (v *Variable) setDurations(values []time.Duration) {
	v.Attrs.Set("dtype", "timedelta64[ns]")
	for _, name := range coarseFirst {
		unit := time.Duration(unitLengths[name])
		whole := make([]int64, len(values))
		exact, small := true, true
		for i, d := range values {
			whole[i] = int64(d / unit)
			exact = exact && d%unit == 0
			small = small && whole[i] == int64(int32(whole[i]))
		}
		if !exact {
			continue
		}
		v.Attrs.Set("units", name)
		if v.data = whole; !small {
			v.data, v.err = exactFloats(whole)
		}
		return
	}
}

func exactFloats(whole []int64) ([]float64, error) {
	out := make([]float64, len(whole))
	for i, n := range whole {
		if n > exactFloat || n < -exactFloat {
			return nil, fmt.Errorf("duration number %d, %s, is too long for units so fine: truncate the durations to microseconds or coarser", i, time.Duration(n))
		}
		out[i] = float64(n)
	}
	return out, nil
}

// durations decodes the values by the attribute units.
func (v *Variable) durations() ([]time.Duration, error) {
	text, _ := v.Attrs.Text("units")
	unit, ok := unitLengths[text]
	if !ok {
		return nil, fmt.Errorf("its attribute units is %q, not a unit of time such as \"hours\"", text)
	}
	out := make([]time.Duration, v.Len())
	err := v.eachNumber(func(i int, n int64, value float64) error {
		if math.Abs(value)*float64(unit) >= 1<<63 {
			return errors.New("it is longer than a time.Duration can be, 292 years")
		}
		out[i] = time.Duration(n*unit + nanosOf(value-float64(n), value, unit, v.Type()))
		return nil
	}, func(int) error { return errors.New("it is missing, which no time.Duration says: take floats") })
	return out, err
}
