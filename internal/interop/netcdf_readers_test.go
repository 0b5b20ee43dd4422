//go:build interop

package interop_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dasf-go/dasf/netcdf"
)

// netcdfFile returns the path of a file in testdata/netcdf.
func netcdfFile(t testing.TB, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "netcdf", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// lines runs a program and reads a JSON object from each line that it prints.
func lines[T any](t testing.TB, stdin string, argv ...string) []T {
	t.Helper()
	cmd := exec.CommandContext(within(t), argv[0], argv[1:]...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, stderr.String())
	}
	var found []T
	for line := range bytes.Lines(out) {
		var one T
		if err := json.Unmarshal(line, &one); err != nil {
			t.Fatalf("%.200s: %v", line, err)
		}
		found = append(found, one)
	}
	return found
}

// namedDataset is a dataset to be written and opened by others.
type namedDataset struct {
	name string
	ds   *netcdf.Dataset
}

// datasets has what the formats and the conventions know.
func datasets(t *testing.T) []namedDataset {
	n := netcdf.Dim{Name: "n", Len: 3}
	records := netcdf.Dim{Name: "time", Len: 5, Unlimited: true}
	lat, lon := netcdf.Dim{Name: "lat", Len: 3}, netcdf.Dim{Name: "lon", Len: 2}
	at := time.Date(2024, 2, 28, 0, 0, 0, 0, time.UTC)
	times := []time.Time{at, at.Add(12 * time.Hour), at.Add(24 * time.Hour), at.Add(36 * time.Hour), at.Add(48 * time.Hour)}
	numbers := func(n int) []float32 {
		out := make([]float32, n)
		for i := range out {
			out[i] = float32(i) / 3
		}
		return out
	}
	build := func(name string, vars ...*netcdf.Variable) namedDataset {
		t.Helper()
		ds, err := netcdf.NewDataset(vars...)
		if err != nil {
			t.Fatal(err)
		}
		ds.Attrs.Set("crs", "EPSG:4326")
		return namedDataset{name, ds}
	}
	all := []namedDataset{
		build("types",
			netcdf.NewVariable("i8", []int8{math.MinInt8, 1, math.MaxInt8}, n).SetAttr("a", []int8{-1, 1}).SetAttr("one", int8(-1)),
			netcdf.NewVariable("i16", []int16{math.MinInt16, 1, math.MaxInt16}, n).SetAttr("a", []int16{-1, 1}),
			netcdf.NewVariable("i32", []int32{math.MinInt32, 1, math.MaxInt32}, n).SetAttr("a", []int32{-1, 1}),
			netcdf.NewVariable("f32", []float32{-1.5, 0, math.MaxFloat32}, n).SetAttr("a", []float32{-1, 1.5}),
			netcdf.NewVariable("f64", []float64{-1.5, 0, math.MaxFloat64}, n).SetAttr("a", []float64{-1, 1.5}),
			netcdf.NewVariable("text", []string{"a", "Büsum", "ccc"}, n).SetAttr("a", "text"),
			netcdf.NewVariable("one", []int16{7}),
		),
		build("records",
			netcdf.NewVariable("b", []int8{1, 2, 3, 4, 5}, records), netcdf.NewVariable("s", make([]int16, 15), records, n),
			netcdf.NewVariable("c", []string{"ab", "c", "", "d", "efg"}, records), netcdf.NewVariable("f", numbers(30), records, lat, lon),
			netcdf.NewVariable("x", []int32{1, 2, 3}, n), netcdf.NewVariable("time", times, records),
		),
		build("lone_record", netcdf.NewVariable("b", []int8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, records, n)),
		build("no_records", netcdf.NewVariable("b", []int8{}, netcdf.Dim{Name: "time", Unlimited: true}, n), netcdf.NewVariable("d", []float64{}, netcdf.Dim{Name: "time", Unlimited: true})),
		build("empty_dimension", netcdf.NewVariable("v", []float64{}, netcdf.Dim{Name: "e"}, n), netcdf.NewVariable("w", []float32{1, 2, 3}, n)),
		build("nothing"),
		build("conventions",
			netcdf.NewVariable("time", times, netcdf.Dim{Name: "time", Len: 5}), netcdf.NewVariable("lat", []float64{54.5, 54, 53.5}, lat), netcdf.NewVariable("lon", []float64{9.5, 10}, lon),
			netcdf.NewVariable("t2m", numbers(30), netcdf.Dim{Name: "time", Len: 5}, lat, lon).SetAttr("units", "K"), netcdf.NewVariable("area", make([]float64, 6), lat, lon),
			netcdf.NewVariable("land", []bool{true, false, false, true, true, true}, lat, lon), netcdf.NewVariable("lead", []time.Duration{0, time.Hour, 2 * time.Hour}, n),
			netcdf.NewVariable("gaps", []time.Time{at, {}, at.Add(time.Microsecond)}, n), netcdf.NewVariable("height", []float64{2}), netcdf.NewVariable("count", []int{1, 2, 3}, n),
			netcdf.Pack("packed", []float64{273.15, math.NaN(), 300}, netcdf.Packing[int16]{Scale: 0.01, Offset: 273.15, Fill: math.MinInt16}, n),
			netcdf.NewVariable("holes", []float32{1, -9, 3}, n).SetAttr("_FillValue", float32(-9)), netcdf.NewVariable("missing", []int16{1, -9, 3}, n).SetAttr("missing_value", int16(-9)),
		),
		build("calendars",
			netcdf.NewTimeVariable("noleap", times[:2], "hours since 1850-01-01", "noleap", netcdf.Dim{Name: "two", Len: 2}),
			netcdf.NewTimeVariable("days_360", times[:2], "days since 1850-01-01", "360_day", netcdf.Dim{Name: "two", Len: 2}),
			netcdf.NewTimeVariable("past", []time.Time{time.Date(1500, 3, 1, 6, 0, 0, 0, time.UTC)}, "days since 1582-10-15", "standard", netcdf.Dim{Name: "single", Len: 1}),
		),
	}
	if err := all[len(all)-2].ds.SetCoords("area", "height", "lead"); err != nil {
		t.Fatal(err)
	}
	return all
}

// wideDataset has the types that CDF-5 alone knows.
func wideDataset(t *testing.T) namedDataset {
	n := netcdf.Dim{Name: "n", Len: 3}
	ds, err := netcdf.NewDataset(
		netcdf.NewVariable("u8", []uint8{0, 1, math.MaxUint8}, n).SetAttr("a", []uint8{1, 255}),
		netcdf.NewVariable("u16", []uint16{0, 1, math.MaxUint16}, n).SetAttr("a", uint16(1)),
		netcdf.NewVariable("u32", []uint32{0, 1, math.MaxUint32}, n).SetAttr("a", uint32(1)),
		netcdf.NewVariable("i64", []int64{math.MinInt64, 1, math.MaxInt64}, n).SetAttr("a", int64(math.MinInt64)),
		netcdf.NewVariable("u64", []uint64{0, 1, math.MaxUint64}, n).SetAttr("a", uint64(math.MaxUint64)),
	)
	if err != nil {
		t.Fatal(err)
	}
	return namedDataset{"wide", ds}
}
