package netcdf_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/dasf-go/dasf/netcdf"
)

// TestSelectAndReadAgree selects parts in memory and reads them from a file.
func TestSelectAndReadAgree(t *testing.T) {
	ds := sample(t)
	records := netcdf.Dim{Name: "time", Len: 4, Unlimited: true}
	t2m := get[float32](t, ds, "t2m")
	if err := ds.Set(netcdf.NewVariable("t2m", t2m, records, dimLat, dimLon)); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := netcdf.Write(&b, ds, nil); err != nil {
		t.Fatal(err)
	}
	f, err := netcdf.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if ds, err = f.Dataset(); err != nil { // with the attributes that writing adds
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(9, 10))
	for range 300 {
		var ranges []netcdf.Range
		for _, d := range []netcdf.Dim{records, dimLat, dimLon} {
			if random.IntN(3) == 0 {
				continue
			}
			r := netcdf.Range{Dim: d.Name, Start: random.IntN(d.Len), Step: random.IntN(3)}
			r.Len = random.IntN((d.Len-1-r.Start)/max(r.Step, 1) + 2)
			ranges = append(ranges, r)
		}
		v, err := ds.Var("t2m")
		if err != nil {
			t.Fatal(err)
		}
		memory, err := v.Select(ranges...)
		if err != nil {
			t.Fatalf("%v: %v", ranges, err)
		}
		file, err := f.Read("t2m", ranges...)
		if err != nil {
			t.Fatalf("%v: %v", ranges, err)
		}
		if !memory.Equal(file) {
			t.Fatalf("%v: %v %v, from the file %v %v", ranges, memory, rawValues(t, memory), file, rawValues(t, file))
		}
	}
}

func TestSelectOfADataset(t *testing.T) {
	ds := sample(t)
	part, err := ds.Select(netcdf.Range{Dim: "time", Start: 1, Len: 2, Step: 2}, netcdf.Range{Dim: "lat", Start: 2, Len: 1})
	if err != nil {
		t.Fatal(err)
	}
	all := get[float32](t, ds, "t2m")
	equal(t, []float32{all[10], all[11], all[22], all[23]}, get[float32](t, part, "t2m"))
	equal(t, []float64{53.5}, get[float64](t, part, "lat"))
	equal(t, []float64{9.5, 10}, get[float64](t, part, "lon"))
	equal(t, []int{1, 3}, get[int](t, part, "count"))
	equal(t, []bool{true, true}, get[bool](t, part, "land"))
	equal(t, []string{"Geesthacht", "Kiel", "", "Büsum"}, get[string](t, part, "station"))
	if d, _ := part.Dim("time"); d.Len != 2 {
		t.Errorf("dimension is %+v", d)
	}
	if !part.IsCoord("area") {
		t.Error("area is no coordinate any more")
	}
	if err := part.Check(); err != nil {
		t.Error(err)
	}
	if d, _ := ds.Dim("time"); d.Len != 4 {
		t.Errorf("the original has %+v", d)
	}
	scalar, err := ds.Var("height")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := scalar.Select(); err != nil || !v.Equal(scalar) {
		t.Errorf("a scalar becomes %v, %v", v, err)
	}
}

func TestRangesThatLeaveTheData(t *testing.T) {
	ds := sample(t)
	v, err := ds.Var("t2m")
	if err != nil {
		t.Fatal(err)
	}
	for want, ranges := range map[string][]netcdf.Range{
		`it has no dimension "x"`:                       {{Dim: "x", Len: 1}},
		`two ranges of dimension "lat"`:                 {{Dim: "lat", Len: 1}, {Dim: "lat", Len: 1}},
		"start 3, length 1, step 0 leaves the 3":        {{Dim: "lat", Start: 3, Len: 1}},
		"start 0, length 4, step 1 leaves the 3":        {{Dim: "lat", Len: 4, Step: 1}},
		"start 1, length 2, step 2 leaves the 3":        {{Dim: "lat", Start: 1, Len: 2, Step: 2}},
		"start, length and step are not negative":       {{Dim: "lat", Start: -1, Len: 2}},
		"start 1, length 9223372036854775807, step 922": {{Dim: "lat", Start: 1, Len: math.MaxInt, Step: math.MaxInt}},
	} {
		if _, err := v.Select(ranges...); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `variable "t2m" (time: 4, lat: 3, lon: 2)`) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if _, err := ds.Select(netcdf.Range{Dim: "x"}); err == nil || !strings.Contains(err.Error(), `there is no dimension "x" among (site: 4`) {
		t.Errorf("error %v", err)
	}
	if _, err := ds.Select(netcdf.Range{Dim: "lat", Len: 9}); err == nil {
		t.Error("a dataset has more than it has")
	}
}

func TestADimensionThatOccursTwice(t *testing.T) {
	x := netcdf.Dim{Name: "x", Len: 3}
	v := netcdf.NewVariable("covariance", []int8{0, 1, 2, 3, 4, 5, 6, 7, 8}, x, x)
	part, err := v.Select(netcdf.Range{Dim: "x", Start: 1, Len: 2})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, []int8{4, 5, 7, 8}, raw[int8](t, part))
}

func TestWithin(t *testing.T) {
	coord := func(values ...float64) *netcdf.Variable {
		return netcdf.NewVariable("lat", values, netcdf.Dim{Name: "y", Len: len(values)})
	}
	rising, falling := coord(1, 2, 3, 4), coord(4, 3, 2, 1)
	tests := []struct {
		name      string
		v         *netcdf.Variable
		low, high float64
		want      netcdf.Range
	}{
		{"rising", rising, 2, 3.5, netcdf.Range{Dim: "y", Start: 1, Len: 2}},
		{"falling", falling, 2, 3.5, netcdf.Range{Dim: "y", Start: 1, Len: 2}},
		{"all", falling, -90, 90, netcdf.Range{Dim: "y", Start: 0, Len: 4}},
		{"none", rising, 5, 6, netcdf.Range{Dim: "y"}},
		{"between two", rising, 2.2, 2.8, netcdf.Range{Dim: "y"}},
		{"bounds reversed", rising, 3, 2, netcdf.Range{Dim: "y"}},
		{"one value", coord(7), 7, 7, netcdf.Range{Dim: "y", Len: 1}},
		{"no values", coord(), 7, 7, netcdf.Range{Dim: "y"}},
	}
	for _, tt := range tests {
		if got, err := netcdf.Within(tt.v, tt.low, tt.high); err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v, want %+v", tt.name, got, err, tt.want)
		}
	}
	for want, v := range map[string]*netcdf.Variable{
		"see [2]": coord(1, 2, 1), "see [1]": coord(1, 1), "see [3]": coord(3, 2, 1, 5), "see [0]": coord(math.NaN(), 1),
		"it has 0 dimensions, not one": netcdf.NewVariable("lat", []float64{1}), "it holds text": netcdf.NewVariable("lat", []string{"a"}),
	} {
		if _, err := netcdf.Within(v, 0, 9); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if _, err := netcdf.Within(rising, math.NaN(), 1); err == nil {
		t.Error("a bound is NaN")
	}
}
