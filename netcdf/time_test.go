package netcdf_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/dasf-go/dasf/netcdf"
)

func TestUnitsOfTimesAreAsCoarseAsIsExact(t *testing.T) {
	at := date(2024, 2, 28, 0)
	tests := []struct {
		name  string
		step  time.Duration
		want  string
		float bool
	}{
		{"days", 48 * time.Hour, "days since 2024-02-28 00:00:00", false},
		{"hours", 36 * time.Hour, "hours since 2024-02-28 00:00:00", false},
		{"minutes", 90 * time.Minute, "minutes since 2024-02-28 00:00:00", false},
		{"seconds", 90 * time.Second, "seconds since 2024-02-28 00:00:00", false},
		{"milliseconds", 1500 * time.Millisecond, "milliseconds since 2024-02-28 00:00:00", false},
		{"microseconds", 1500 * time.Microsecond, "microseconds since 2024-02-28 00:00:00", false},
		{"nanoseconds", 1500 * time.Nanosecond, "nanoseconds since 2024-02-28 00:00:00", false},
		{"over 32 bits", 3000*time.Second + time.Microsecond, "microseconds since 2024-02-28 00:00:00", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := []time.Time{at, at.Add(tt.step), at.Add(3 * tt.step)}
			v := netcdf.NewVariable("v", in, dimN)
			if units, _ := v.Attrs.Text("units"); units != tt.want {
				t.Errorf("units are %q, want %q", units, tt.want)
			}
			if calendar, _ := v.Attrs.Text("calendar"); calendar != "proleptic_gregorian" {
				t.Errorf("calendar is %q", calendar)
			}
			if float := v.Type() == netcdf.Float64; float != tt.float {
				t.Errorf("stored as %s", v.Type())
			}
			equal(t, in, values[time.Time](t, v))
		})
	}
}

func TestReferenceOfTimes(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	for want, at := range map[string]time.Time{
		"days since 2024-02-27 22:00:00":           time.Date(2024, 2, 28, 0, 0, 0, 0, zone),
		"days since 2024-02-28 00:00:00.500000":    time.Date(2024, 2, 28, 0, 0, 0, 5e8, time.UTC),
		"days since 2024-02-28 00:00:00.000000001": time.Date(2024, 2, 28, 0, 0, 0, 1, time.UTC),
		"days since 0001-01-02 00:00:00":           time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC),
		"days since 1970-01-01 00:00:00":           {},
	} {
		v := netcdf.NewVariable("v", []time.Time{at})
		if units, _ := v.Attrs.Text("units"); units != want {
			t.Errorf("%s: %q, want %q", at, units, want)
		}
		if got := values[time.Time](t, v); !got[0].Equal(at) {
			t.Errorf("%s came back as %s", at, got[0])
		}
	}
	refused[time.Time](t, netcdf.NewVariable("v", []time.Time{date(10000, 1, 1, 0)}), "the year 10000 is not one of four digits")
	refused[time.Time](t, netcdf.NewVariable("v", []time.Time{date(1600, 1, 1, 0), date(2000, 1, 1, 0).Add(1), date(2000, 1, 1, 0)}, dimN),
		"truncate the times to microseconds or coarser")
	refused[time.Time](t, netcdf.NewVariable("v", []time.Time{date(2000, 1, 1, 0), date(2001, 1, 1, 0).Add(1), date(2000, 1, 1, 0)}, dimN),
		"truncate the times to microseconds or coarser")
}

func TestMissingTimes(t *testing.T) {
	in := []time.Time{{}, date(2024, 1, 1, 0), date(2024, 1, 1, 6)}
	v := netcdf.NewVariable("v", in, dimN)
	if v.Type() != netcdf.Float64 {
		t.Errorf("stored as %s, want float64 as xarray does", v.Type())
	}
	equal(t, in, values[time.Time](t, v))
	nat := netcdf.NewVariable("v", []int64{math.MinInt64, 0, 1}, dimN).SetAttr("units", "days since 2000-01-01")
	equal(t, []time.Time{{}, date(2000, 1, 1, 0), date(2000, 1, 2, 0)}, values[time.Time](t, nat))
}

func TestChosenUnits(t *testing.T) {
	in := []time.Time{date(1900, 1, 1, 0), date(1900, 1, 1, 12), date(2024, 2, 29, 6)}
	for units, want := range map[string]netcdf.Type{
		"hours since 1900-01-01": netcdf.Int64, "days since 1900-01-01": netcdf.Float64, "seconds since 1900-01-01": netcdf.Float64,
		"minutes since 2000-01-01": netcdf.Int64,
	} {
		v := netcdf.NewTimeVariable("v", in, units, "", dimN)
		if v.Type() != want {
			t.Errorf("%s: stored as %s, want %s", units, v.Type(), want)
		}
		if calendar, _ := v.Attrs.Text("calendar"); calendar != "standard" {
			t.Errorf("calendar is %q", calendar)
		}
		equal(t, in, values[time.Time](t, v))
	}
	refused[time.Time](t, netcdf.NewTimeVariable("v", in, "hours", "", dimN), `units "hours" are not those of a time`)
	refused[time.Time](t, netcdf.NewTimeVariable("v", in, "nanoseconds since 1600-01-01", "", dimN), "too far from the")
	refused[time.Time](t, netcdf.NewTimeVariable("v", in, "days since 2000-01-01", "noleap", dimN), "time number 2: 2024-02-29 is no day of the calendar")
	refused[time.Time](t, netcdf.NewTimeVariable("v", in, "days since 2000-01-01", "martian", dimN), `calendar "martian" is none of standard`)
}

// TestCalendarsBackAndForth counts days in each calendar and names them again.
func TestCalendarsBackAndForth(t *testing.T) {
	first := map[string]time.Time{ // one day after another, all of which Go has
		"standard": date(1500, 3, 1, 0), "gregorian": date(1582, 10, 15, 0), "proleptic_gregorian": date(-400, 1, 1, 0), "julian": date(1900, 3, 1, 0),
		"noleap": date(1, 1, 2, 0), "365_day": date(1999, 1, 1, 0), "all_leap": date(2000, 1, 1, 0), "366_day": date(2000, 2, 1, 0), "360_day": date(2001, 3, 1, 0),
	}
	for calendar, at := range first {
		t.Run(calendar, func(t *testing.T) {
			var days []time.Time
			for ; len(days) < 800; at = at.AddDate(0, 0, 1) {
				err := netcdf.NewTimeVariable("v", []time.Time{at}, "days since 2001-03-01", calendar).Check()
				if err == nil { // else the calendar lacks the day
					days = append(days, at)
				} else if !strings.Contains(err.Error(), "is no day of the calendar") {
					t.Fatal(err)
				}
			}
			v := netcdf.NewTimeVariable("v", days, "days since 2001-03-01", calendar, netcdf.Dim{Name: "n", Len: len(days)})
			equal(t, days, values[time.Time](t, v))
			numbers := raw[int64](t, v)
			for i, n := range numbers[1:] {
				skipped := n - numbers[i] // days that Go lacks, such as February 30
				if skipped < 1 || skipped > 3 {
					t.Fatalf("%s is number %d, %s number %d", days[i], numbers[i], days[i+1], n)
				}
			}
		})
	}
}

func TestGregorianDaysAreThoseOfTheTimePackage(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 5000 {
		at := time.Unix(random.Int64N(1<<38)-1<<37, 0).UTC()
		v := netcdf.NewTimeVariable("v", []time.Time{at}, "seconds since 1970-01-01", "proleptic_gregorian")
		if got := values[float64](t, v)[0]; got != float64(at.Unix()) {
			t.Fatalf("%s is %v, want %d", at, got, at.Unix())
		}
		if got := values[time.Time](t, v)[0]; !got.Equal(at) {
			t.Fatalf("%s came back as %s", at, got)
		}
	}
}

func TestReferencesOfUnits(t *testing.T) {
	at := date(2000, 1, 1, 0)
	for stamp, want := range map[string]time.Time{
		"2000-01-01": at, "2000-1-1": at, "2000-01": at, "2000": at, "20000101": at, "+2000-01-01": at,
		"2000-01-01 00:00": at, "2000-01-01T00:00:00": at, "2000-01-01t00:00:00z": at, "2000-01-01 00:00:00.0 UTC": at,
		"2000-01-01 6": date(2000, 1, 1, 6), "20000101T06:00": date(2000, 1, 1, 6), "2000-1-1 6:0:0.": date(2000, 1, 1, 6),
		"2000-01-01 00:00:00.25": at.Add(250 * time.Millisecond), "2000-01-01 00:00:00.1234567891": at.Add(123456789),
		"2000-01-01 00:00:00 -6:00": date(2000, 1, 1, 6), "2000-01-01 06:00+0600": at, "2000-01-01 +1": date(1999, 12, 31, 23), "2000-01-01 00:00 -06:30": at.Add(390 * time.Minute),
		"1-1-2": date(1, 1, 2, 0), "0000-01-01": date(0, 1, 1, 0), "-0044-03-15": date(-44, 3, 15, 0),
	} {
		v := netcdf.NewVariable("v", []int32{0}).SetAttr("units", "days since "+stamp).SetAttr("calendar", "proleptic_gregorian")
		if got := values[time.Time](t, v)[0]; !got.Equal(want) {
			t.Errorf("%q is %s, want %s", stamp, got, want)
		}
	}
	for stamp, want := range map[string]string{
		"today": "is no date such as", "2000-13-01": "2000-13-01 is no day", "2001-02-29": "2001-02-29 is no day", "2000-00-01": "is no day", "2000-01-00": "is no day",
		"2000-01-01 24:00": "no valid time of day", "2000-01-01 00:60": "no valid time of day", "2000-01-01 00:00:60": "no valid time of day",
		"2000-01-01 00:00 CET": "is no date such as", "1234567-01-01": "is no date such as", "1582-10-10": "1582-10-10 is no day",
	} {
		refused[time.Time](t, netcdf.NewVariable("v", []int32{0}).SetAttr("units", "days since "+stamp), want)
	}
}

func TestUnits(t *testing.T) {
	for unit, want := range map[string]time.Duration{
		"days": 24 * time.Hour, "Day": 24 * time.Hour, "d": 24 * time.Hour, "hrs": time.Hour, "MINUTES": time.Minute, "sec": time.Second, "ms": time.Millisecond,
		"microsecond": time.Microsecond, "nanoseconds": 1,
	} {
		v := netcdf.NewVariable("v", []int16{3}).SetAttr("units", unit+"  SINCE   2000-01-01")
		if got := values[time.Time](t, v)[0]; got.Sub(date(2000, 1, 1, 0)) != 3*want {
			t.Errorf("3 %s are %s", unit, got)
		}
	}
	for units, want := range map[string]string{
		"months since 2000-01-01": "months have no fixed length in this calendar", "years since 2000-01-01": "years have no fixed length", "weeks since 2000-01-01": `"weeks" is no unit of time`,
		"K": "are not those of a time", "days before 2000-01-01": "are not those of a time",
	} {
		refused[time.Time](t, netcdf.NewVariable("v", []int32{0}).SetAttr("units", units), want)
	}
	refused[time.Time](t, netcdf.NewVariable("v", []int32{0}).SetAttr("units", 5), "it has no attribute units")
	months := netcdf.NewVariable("v", []float64{0, 2, 12.5}, dimN).SetAttr("calendar", "360_day").SetAttr("units", "months since 2000-01-01")
	equal(t, []time.Time{date(2000, 1, 1, 0), date(2000, 3, 1, 0), date(2001, 1, 16, 0)}, values[time.Time](t, months))
	again := netcdf.NewTimeVariable("v", values[time.Time](t, months), "months since 2000-01-01", "360_day", dimN)
	equal(t, []float64{0, 2, 12.5}, values[float64](t, again))
	years := netcdf.NewVariable("v", []int8{-1}).SetAttr("calendar", "360_day").SetAttr("units", "years since 2000-01-01")
	equal(t, []time.Time{date(1999, 1, 1, 0)}, values[time.Time](t, years))
}

func TestDaysThatGoDoesNotHave(t *testing.T) {
	day360 := netcdf.NewVariable("v", []int32{58, 59, 60}, dimN).SetAttr("units", "days since 2001-01-01").SetAttr("calendar", "360_day")
	refused[time.Time](t, day360, "the value at [0], 58: it is 2001-02-29, a day that Go's time.Time does not have: take floats")
	julian := netcdf.NewVariable("v", []int32{0}).SetAttr("units", "days since 1500-02-29")
	refused[time.Time](t, julian, "1500-02-29")
	equal(t, []float64{58, 59, 60}, values[float64](t, day360))
	for _, n := range []float64{1e30, 9.96921e36, math.Inf(1), -1e12} {
		refused[time.Time](t, netcdf.NewVariable("v", []float64{n}).SetAttr("units", "days since 2000-01-01"), "the value at []")
	}
	refused[time.Time](t, netcdf.NewVariable("v", []uint64{1 << 63}).SetAttr("units", "days since 2000-01-01"), "out of range")
	refused[time.Time](t, netcdf.NewVariable("v", []int64{1 << 62}).SetAttr("units", "days since 2000-01-01"), "over a million years")
}

func TestFractionsOfUnitsAreRounded(t *testing.T) {
	tests := []struct {
		name string
		v    *netcdf.Variable
		want time.Time
	}{
		{"a tenth of a day after a distant reference", netcdf.NewVariable("v", []float64{18262.1}).SetAttr("units", "days since 1950-01-01"), date(2000, 1, 1, 0).Add(144 * time.Minute)},
		{"and a more distant one", netcdf.NewVariable("v", []float64{730119.1}).SetAttr("units", "days since 0001-01-01").SetAttr("calendar", "proleptic_gregorian"), date(2000, 1, 1, 0).Add(144 * time.Minute)},
		{"float32", netcdf.NewVariable("v", []float32{0.1}).SetAttr("units", "hours since 2000-01-01"), date(2000, 1, 1, 0).Add(6 * time.Minute)},
		{"before the reference", netcdf.NewVariable("v", []float64{-0.25}).SetAttr("units", "days since 2000-01-01"), date(1999, 12, 31, 18)},
		{"microseconds", netcdf.NewVariable("v", []float64{1709209815.123456}).SetAttr("units", "seconds since 1970-01-01"), time.Unix(1709209815, 123456000).UTC()},
		{"packed", netcdf.NewVariable("v", []int16{3}).SetAttr("units", "days since 2000-01-01").SetAttr("scale_factor", 0.25), date(2000, 1, 1, 18)},
	}
	for _, tt := range tests {
		if got := values[time.Time](t, tt.v)[0]; !got.Equal(tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, got.Format(time.RFC3339Nano), tt.want.Format(time.RFC3339Nano))
		}
	}
}

func TestDurations(t *testing.T) {
	for _, tt := range []struct {
		units string
		in    []time.Duration
	}{
		{"days", []time.Duration{0, 24 * time.Hour, -48 * time.Hour}},
		{"hours", []time.Duration{0, time.Hour, 24 * time.Hour}},
		{"seconds", []time.Duration{time.Second, time.Minute, time.Hour}},
		{"nanoseconds", []time.Duration{1, 2, 3}},
		{"microseconds", []time.Duration{time.Microsecond, time.Hour, 0}}, // over 32 bits
	} {
		v := netcdf.NewVariable("v", tt.in, dimN)
		equal(t, netcdf.Attrs{{Name: "dtype", Value: "timedelta64[ns]"}, {Name: "units", Value: tt.units}}, v.Attrs)
		equal(t, tt.in, values[time.Duration](t, v))
	}
	refused[time.Duration](t, netcdf.NewVariable("v", []time.Duration{1, math.MaxInt64, 0}, dimN), "duration number 1, 2562047h47m16.854775807s, is too long for units so fine")
	refused[time.Duration](t, netcdf.NewVariable("v", []float64{0, math.NaN(), 0}, dimN).SetAttr("units", "days"), "the value at [1], NaN: it is missing")
	refused[time.Duration](t, netcdf.NewVariable("v", []int32{0, 1 << 30, 0}, dimN).SetAttr("units", "days"), "longer than a time.Duration")
	equal(t, []time.Duration{90 * time.Minute}, values[time.Duration](t, netcdf.NewVariable("v", []float32{1.5}).SetAttr("units", "hours")))
}

// TestBoundsHaveTheUnitsOfTheirCoordinate as CF and xarray have it.
func TestBoundsHaveTheUnitsOfTheirCoordinate(t *testing.T) {
	n, two := netcdf.Dim{Name: "time", Len: 2}, netcdf.Dim{Name: "nv", Len: 2}
	ds, err := netcdf.NewDataset(
		netcdf.NewVariable("other", []int32{1}).SetAttr("bounds", "time_bnds").SetAttr("units", "K"),
		netcdf.NewVariable("time", []int32{0, 1}, n).SetAttr("units", "days since 2001-02-28").SetAttr("calendar", "noleap").SetAttr("bounds", "time_bnds"),
		netcdf.NewVariable("time_bnds", []int32{0, 1, 1, 2}, n, two),
	)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, []time.Time{date(2001, 2, 28, 0), date(2001, 3, 1, 0), date(2001, 3, 1, 0), date(2001, 3, 2, 0)}, get[time.Time](t, ds, "time_bnds"))
	v, err := ds.Var("time_bnds")
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Attrs) != 0 {
		t.Errorf("asking changed the attributes: %v", v.Attrs)
	}
}

// TestTimesRoundTrip sends random times.
func TestTimesRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	steps := []time.Duration{time.Microsecond, time.Millisecond, time.Second, time.Minute, time.Hour, 24 * time.Hour}
	for range 300 {
		step := steps[random.IntN(len(steps))]
		in := make([]time.Time, 1+random.IntN(5))
		first := date(1678+random.IntN(580), time.Month(1+random.IntN(12)), 1+random.IntN(28), random.IntN(24))
		for i := range in {
			if random.IntN(5) > 0 {
				in[i] = first.Add(time.Duration(random.Int64N(100_000_000)) * step / 100)
				in[i] = in[i].Truncate(time.Microsecond)
			}
		}
		ds, err := netcdf.NewDataset(netcdf.NewVariable("v", in, netcdf.Dim{Name: "n", Len: len(in)}))
		if err != nil {
			t.Fatal(err)
		}
		var back netcdf.Dataset
		if err := json.Unmarshal(marshal(t, ds), &back); err != nil {
			t.Fatal(err)
		}
		equal(t, in, get[time.Time](t, &back, "v"))
	}
}
