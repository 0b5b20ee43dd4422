package netcdf_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/netcdf"
)

var (
	dimTime = netcdf.Dim{Name: "time", Len: 4}
	dimLat  = netcdf.Dim{Name: "lat", Len: 3}
	dimLon  = netcdf.Dim{Name: "lon", Len: 2}
	dimSite = netcdf.Dim{Name: "site", Len: 4}
)

func date(y int, m time.Month, d, h int) time.Time { return time.Date(y, m, d, h, 0, 0, 0, time.UTC) }

// sample is the dataset of xarrays() in testdata/make_files.py, in the order
// in which SciPy writes it.
func sample(t testing.TB) *netcdf.Dataset {
	t.Helper()
	file, err := netcdf.ReadFile("testdata/xarray_scipy.nc")
	if err != nil {
		t.Fatal(err)
	}
	t2m, err := netcdf.Get[float32](file, "t2m")
	if err != nil {
		t.Fatal(err)
	}
	ds, err := netcdf.NewDataset(
		netcdf.NewVariable("station", []string{"Geesthacht", "Kiel", "", "Büsum"}, dimSite),
		netcdf.NewVariable("t2m", t2m, dimTime, dimLat, dimLon).SetAttr("units", "K").SetAttr("standard_name", "air_temperature"),
		netcdf.NewVariable("count", []int{0, 1, 2, 3}, dimTime),
		netcdf.NewVariable("lead", []time.Duration{0, 6 * time.Hour, 12 * time.Hour, 18 * time.Hour}, dimTime),
		netcdf.NewVariable("time", []time.Time{date(2024, 2, 28, 0), date(2024, 2, 28, 12), date(2024, 2, 29, 0), date(2024, 2, 29, 12)}, dimTime),
		netcdf.NewVariable("land", []bool{true, false, false, true, true, true}, dimLat, dimLon),
		netcdf.NewVariable("area", []float64{1, 1, 1, 1, 1, 1}, dimLat, dimLon),
		netcdf.NewVariable("lat", []float64{54.5, 54, 53.5}, dimLat).SetAttr("units", "degrees_north"),
		netcdf.NewVariable("lon", []float64{9.5, 10}, dimLon).SetAttr("units", "degrees_east"),
		netcdf.NewVariable("run", []int64{1, 2}, netcdf.Dim{Name: "ensemble", Len: 2}),
		netcdf.NewVariable("height", []float64{2}),
	)
	if err != nil {
		t.Fatal(err)
	}
	if err := ds.SetCoords("area", "height", "run", "lat"); err != nil {
		t.Fatal(err)
	}
	ds.Attrs.Set("crs", "EPSG:4326")
	ds.Attrs.Set("history", "made\nfor tests")
	ds.Attrs.Set("version", 3)
	ds.Attrs.Set("weights", []float64{0.5, 0.25})
	return ds
}

// TestHabitsOfXarray: what is built here and sent is what xarray writes of the
// same dataset: types, names of dimensions, attributes, values.
func TestHabitsOfXarray(t *testing.T) {
	want, err := netcdf.ReadFile("testdata/xarray_scipy.nc")
	if err != nil {
		t.Fatal(err)
	}
	want.Remove("code") // bytes in NumPy, of which there is no Go type
	var got netcdf.Dataset
	if err := got.UnmarshalJSON(marshal(t, sample(t))); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Attrs, got.Attrs); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	if len(got.Vars()) != len(want.Vars()) {
		t.Errorf("%d variables, want %d", len(got.Vars()), len(want.Vars()))
	}
	for _, w := range want.Vars() {
		v, err := got.Var(w.Name())
		if err != nil {
			t.Error(err)
			continue
		}
		if v.String() != w.String() || !cmp.Equal(rawValues(t, v), rawValues(t, w), sameNaN) {
			t.Errorf("%s, want %s", v, w)
		}
		if got.IsCoord(w.Name()) != want.IsCoord(w.Name()) {
			t.Errorf("%s is a coordinate: %v, want %v", w.Name(), got.IsCoord(w.Name()), want.IsCoord(w.Name()))
		}
		byName := func(attrs netcdf.Attrs) map[string]any { // xarray writes coordinates before what it encodes
			out := map[string]any{}
			for _, a := range attrs {
				out[a.Name] = a.Value
			}
			return out
		}
		if diff := cmp.Diff(byName(w.Attrs), byName(v.Attrs), sameNaN); diff != "" {
			t.Errorf("attributes of %s (-want +got):\n%s", w.Name(), diff)
		}
	}
}

func TestVariableReports(t *testing.T) {
	x := netcdf.Dim{Name: "x", Len: 2}
	tests := []struct {
		name, want string
		v          *netcdf.Variable
	}{
		{"too few values", `variable "v" (time: 4, lat: 3): its dimensions want 12 values, and it has 2`, netcdf.NewVariable("v", []float32{1, 2}, dimTime, dimLat)},
		{"values of a scalar", `variable "v" (): its dimensions want 1 values, and it has 2`, netcdf.NewVariable("v", []float32{1, 2})},
		{"nameless", "the name is empty", netcdf.NewVariable("", []int8{1})},
		{"slash in the name", `the name contains '/'`, netcdf.NewVariable("a/b", []int8{1})},
		{"nameless dimension", `dimension ""`, netcdf.NewVariable("v", []int8{1}, netcdf.Dim{Len: 1})},
		{"negative length", `dimension "x" has the length -1`, netcdf.NewVariable("v", []int8{}, netcdf.Dim{Name: "x", Len: -1})},
		{"more values than there can be", "more values than there can be",
			netcdf.NewVariable("v", []int8{}, netcdf.Dim{Name: "x", Len: math.MaxInt}, netcdf.Dim{Name: "y", Len: math.MaxInt})},
		{"attribute of a struct", `attribute "a": a value of type struct {} has no NetCDF type`, netcdf.NewVariable("v", []int8{1}).SetAttr("a", struct{}{})},
		{"attribute of strings", `attribute "a": a list of strings has no NetCDF type: join them`, netcdf.NewVariable("v", []int8{1}).SetAttr("a", []string{"b"})},
		{"attribute without a name", `attribute "": the name is empty`, netcdf.NewVariable("v", []int8{1}).SetAttr("", 1)},
		{"string with NUL at its end", "string number 1", netcdf.NewVariable("v", []string{"a", "b\x00"}, x)},
		{"string that is not UTF-8", "string number 0", netcdf.NewVariable("v", []string{"\xff", "b"}, x)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check := func(what string, err error) {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%s: error %v, want one with %q", what, err, tt.want)
				}
			}
			check("Check", tt.v.Check())
			_, err := netcdf.NewDataset(tt.v)
			check("NewDataset", err)
		})
	}
}

func TestTwoAttributesOfAName(t *testing.T) {
	v := netcdf.NewVariable("v", []int8{1})
	v.Attrs = netcdf.Attrs{{Name: "a", Value: 1}, {Name: "a", Value: 2}}
	if err := v.Check(); err == nil || !strings.Contains(err.Error(), `two attributes "a"`) {
		t.Errorf("error %v", err)
	}
	ds := netcdf.Dataset{Attrs: v.Attrs}
	if err := ds.Check(); err == nil || !strings.Contains(err.Error(), `two attributes "a"`) {
		t.Errorf("error %v", err)
	}
}

func TestDatasetReports(t *testing.T) {
	a := netcdf.NewVariable("a", []int8{1, 2}, netcdf.Dim{Name: "x", Len: 2})
	b := netcdf.NewVariable("b", []int8{1, 2, 3}, netcdf.Dim{Name: "x", Len: 3})
	if _, err := netcdf.NewDataset(a, b); err == nil || !strings.Contains(err.Error(), `variable "b" (x: 3): elsewhere dimension "x" has the length 2`) {
		t.Errorf("two lengths: %v", err)
	}
	if _, err := netcdf.NewDataset(a, a); err == nil || !strings.Contains(err.Error(), `two variables are called "a"`) {
		t.Errorf("two names: %v", err)
	}
	if _, err := netcdf.NewDataset(a, nil); err == nil || !strings.Contains(err.Error(), "a variable is nil") {
		t.Errorf("nil: %v", err)
	}
	wrong := netcdf.NewVariable("c", []int8{1, 2}, netcdf.Dim{Name: "x", Len: 3})
	_, err := netcdf.NewDataset(wrong, netcdf.NewVariable("", []int8{1}))
	if err == nil || !strings.Contains(err.Error(), `variable "c"`) || !strings.Contains(err.Error(), `variable ""`) {
		t.Errorf("several: %v", err)
	}

	ds, err := netcdf.NewDataset(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := ds.Set(netcdf.NewVariable("new", []int8{1}), b); err == nil {
		t.Error("a dimension of two lengths is set")
	}
	if len(ds.Vars()) != 1 {
		t.Errorf("a failed Set leaves %d variables", len(ds.Vars()))
	}
	if _, err := ds.Var("t2m"); err == nil || !strings.Contains(err.Error(), `there is no variable "t2m" among a`) {
		t.Errorf("unknown variable: %v", err)
	}
	if err := ds.SetCoords("t2m"); err == nil {
		t.Error("an unknown variable is a coordinate")
	}
	if err := ds.Set(netcdf.NewVariable("with space", []int8{1})); err != nil {
		t.Fatal(err)
	}
	if err := ds.SetCoords("with space"); err == nil || !strings.Contains(err.Error(), "separates names by spaces") {
		t.Errorf("coordinate with a space: %v", err)
	}
	if err := ds.AddDim(netcdf.Dim{Name: "x", Len: 3}); err == nil || !strings.Contains(err.Error(), `dimension "x" has the length 2 already`) {
		t.Errorf("AddDim: %v", err)
	}
	if err := ds.AddDim(netcdf.Dim{Name: "y", Len: -1}); err == nil {
		t.Error("a dimension of negative length is added")
	}
	if err := ds.AddDim(netcdf.Dim{Name: "a/b"}); err == nil {
		t.Error("a dimension with a slash is added")
	}
}

func TestDatasetChanges(t *testing.T) {
	var ds netcdf.Dataset // the zero Dataset is ready for use
	x := netcdf.Dim{Name: "x", Len: 2}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(ds.AddDim(netcdf.Dim{Name: "free", Len: 9}))
	must(ds.Set(netcdf.NewVariable("a", []int8{1, 2}, x), netcdf.NewVariable("b", []int8{1})))
	must(ds.Set(netcdf.NewVariable("a", []int8{1, 2, 3}, netcdf.Dim{Name: "x", Len: 3}))) // replaces, so the length may change
	if diff := cmp.Diff([]netcdf.Dim{{Name: "free", Len: 9}, {Name: "x", Len: 3}}, ds.Dims()); diff != "" {
		t.Error(diff)
	}
	if names := varNames(&ds); names != "a b" {
		t.Errorf("variables are %s", names)
	}
	if !ds.Remove("a") || ds.Remove("a") {
		t.Error("a is removed not once")
	}
	if diff := cmp.Diff([]netcdf.Dim{{Name: "free", Len: 9}}, ds.Dims()); diff != "" {
		t.Error(diff)
	}
	copied := ds
	must(copied.AddDim(netcdf.Dim{Name: "other", Len: 1}))
	must(copied.Set(netcdf.NewVariable("c", []int8{1})))
	must(copied.SetCoords("c"))
	if len(ds.Dims()) != 1 || len(ds.Vars()) != 1 || len(ds.Coords()) != 0 {
		t.Error("a change of a copy is one of the original")
	}
	if d, ok := copied.Dim("other"); !ok || d.Len != 1 {
		t.Errorf("dimension is %v, %v", d, ok)
	}
	if _, ok := copied.Dim("x"); ok {
		t.Error("there is a dimension x")
	}
}

func varNames(ds *netcdf.Dataset) string {
	var names []string
	for _, v := range ds.Vars() {
		names = append(names, v.Name())
	}
	return strings.Join(names, " ")
}

func TestAttrs(t *testing.T) {
	var attrs netcdf.Attrs
	attrs.Set("text", "a\x00")
	attrs.Set("n", int16(3))
	attrs.Set("list", []float32{1, 2})
	attrs.Set("n", int16(4))
	if text, ok := attrs.Text("text"); !ok || text != "a" {
		t.Errorf("text is %q, %v", text, ok)
	}
	if n, ok := attrs.Number("n"); !ok || n != 4 {
		t.Errorf("n is %v, %v", n, ok)
	}
	if _, ok := attrs.Number("list"); ok {
		t.Error("a list is a number")
	}
	if _, ok := attrs.Number("text"); ok {
		t.Error("a text is a number")
	}
	if _, ok := attrs.Text("n"); ok {
		t.Error("a number is text")
	}
	copied := attrs.Clone()
	copied.Delete("text")
	copied.Set("n", 5)
	if len(attrs) != 3 || len(copied) != 2 {
		t.Errorf("%d and %d attributes", len(attrs), len(copied))
	}
	if v, ok := attrs.Get("n"); !ok || v != int16(4) {
		t.Errorf("n is %v, %v", v, ok)
	}
}

func TestDecodedAttrs(t *testing.T) {
	v := netcdf.Pack("v", []float64{1}, netcdf.Packing[int8]{Fill: -1}).SetAttr("units", "K").SetAttr("missing_value", int8(-1)).SetAttr("_Unsigned", "false")
	equal(t, netcdf.Attrs{{Name: "units", Value: "K"}}, v.Attrs.Decoded())
	if len(v.Attrs) != 6 {
		t.Errorf("the variable keeps %v", v.Attrs)
	}
}

func TestAttributesOfEveryGoType(t *testing.T) {
	values := []struct{ in, want any }{
		{"text", "text"}, {"", ""}, {true, int8(1)}, {false, int8(0)}, {3, int32(3)}, {[]int{1, 2}, []int32{1, 2}},
		{int8(1), int8(1)}, {int16(1), int16(1)}, {int32(1), int32(1)}, {int64(1), int32(1)},
		{uint8(1), int8(1)}, {uint16(1), int16(1)}, {uint32(1), int32(1)}, {uint64(1), int32(1)},
		{float32(1), float32(1)}, {1.5, 1.5}, {[]uint8{1, 2}, []int8{1, 2}}, {[]float64{}, []float64{}},
	}
	ds := new(netcdf.Dataset)
	for i, v := range values {
		ds.Attrs.Set("a"+string(rune('a'+i)), v.in)
	}
	var got netcdf.Dataset
	if err := got.UnmarshalJSON(marshal(t, ds)); err != nil {
		t.Fatal(err)
	}
	for i, v := range values {
		if diff := cmp.Diff(v.want, got.Attrs[i].Value); diff != "" {
			t.Errorf("%T %v: %s", v.in, v.in, diff)
		}
	}
	ds.Attrs = netcdf.Attrs{{Name: "large", Value: 1 << 40}}
	if _, err := ds.MarshalJSON(); err == nil || !strings.Contains(err.Error(), `attribute "large": 1099511627776 does not fit the types of CDF-1`) {
		t.Errorf("error %v", err)
	}
}

func TestIntegersThatNetCDF3DoesNotHave(t *testing.T) {
	x := netcdf.Dim{Name: "x", Len: 2}
	ds, err := netcdf.NewDataset(
		netcdf.NewVariable("i64", []int64{-5, 1<<31 - 1}, x).SetAttr("_FillValue", int64(-5)),
		netcdf.NewVariable("u8", []uint8{0, 127}, x),
		netcdf.NewVariable("u16", []uint16{0, 1<<15 - 1}, x),
		netcdf.NewVariable("u32", []uint32{0, 1<<31 - 1}, x),
		netcdf.NewVariable("u64", []uint64{0, 1<<31 - 1}, x),
	)
	if err != nil {
		t.Fatal(err)
	}
	var got netcdf.Dataset
	if err := got.UnmarshalJSON(marshal(t, ds)); err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, v := range got.Vars() {
		types = append(types, v.Type().String())
	}
	if s := strings.Join(types, " "); s != "int32 int8 int16 int32 int32" {
		t.Errorf("types are %s", s)
	}
	if v, _ := got.Var("i64"); v.Attrs[0].Value != int32(-5) {
		t.Errorf("fill value is of type %T", v.Attrs[0].Value)
	}
	var cdf5 bytes.Buffer
	if err := netcdf.Write(&cdf5, ds, &netcdf.WriteOptions{Format: netcdf.CDF5}); err != nil {
		t.Fatal(err)
	}
	back, err := netcdf.Read(&cdf5)
	if err != nil {
		t.Fatal(err)
	}
	if !back.Equal(ds) {
		t.Errorf("in CDF-5:\n%s", back)
	}
	for _, v := range []*netcdf.Variable{
		netcdf.NewVariable("v", []int64{0, 1 << 31}, x), netcdf.NewVariable("v", []uint8{0, 128}, x), netcdf.NewVariable("v", []int{0, -1 << 40}, x),
	} {
		ds, err := netcdf.NewDataset(v)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ds.MarshalJSON(); err == nil || !strings.Contains(err.Error(), `variable "v": value number 1 does not fit`) {
			t.Errorf("%s: error %v", v.Type(), err)
		}
	}
}

func TestWriteKeepsTheUnlimitedDimension(t *testing.T) {
	records := netcdf.Dim{Name: "time", Len: 3, Unlimited: true}
	ds, err := netcdf.NewDataset(netcdf.NewVariable("v", []int8{1, 2, 3}, records), netcdf.NewVariable("w", []float32{1, 2, 3}, records))
	if err != nil {
		t.Fatal(err)
	}
	for _, fixed := range []bool{false, true} {
		var b bytes.Buffer
		if err := netcdf.Write(&b, ds, &netcdf.WriteOptions{FixedDims: fixed}); err != nil {
			t.Fatal(err)
		}
		back, err := netcdf.Read(iotest.OneByteReader(&b))
		if err != nil {
			t.Fatal(err)
		}
		if d := back.Dims()[0]; d.Unlimited == fixed || d.Len != 3 {
			t.Errorf("FixedDims %v: %+v", fixed, d)
		}
	}
	var back netcdf.Dataset
	if err := back.UnmarshalJSON(marshal(t, ds)); err != nil {
		t.Fatal(err)
	}
	if d := back.Dims()[0]; d.Unlimited {
		t.Errorf("travelled as %+v", d)
	}
}

func TestEmptyDimensions(t *testing.T) {
	none := netcdf.Dim{Name: "time"}
	ds, err := netcdf.NewDataset(netcdf.NewVariable("v", []float64{}, none, dimLat), netcdf.NewVariable("time", []time.Time{}, none))
	if err != nil {
		t.Fatal(err)
	}
	var back netcdf.Dataset
	if err := back.UnmarshalJSON(marshal(t, ds)); err != nil {
		t.Fatal(err)
	}
	if v := get[float64](t, &back, "v"); len(v) != 0 {
		t.Errorf("values %v", v)
	}
	if v := get[time.Time](t, &back, "time"); len(v) != 0 {
		t.Errorf("times %v", v)
	}
	ds, err = netcdf.NewDataset(netcdf.NewVariable("v", []float64{}, dimLat, none))
	if err != nil {
		t.Fatal(err)
	}
	if err := ds.Check(); err == nil || !strings.Contains(err.Error(), `"time" is unlimited or of length 0 and must be the first`) {
		t.Errorf("error %v", err)
	}
}

func TestReadAndWriteFailures(t *testing.T) {
	if _, err := netcdf.Read(iotest.ErrReader(os.ErrClosed)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Read: %v", err)
	}
	if err := netcdf.Write(&bytes.Buffer{}, nil, nil); err == nil {
		t.Error("a nil dataset is written")
	}
	dir := t.TempDir()
	if err := netcdf.WriteFile(filepath.Join(dir, "no", "such.nc"), new(netcdf.Dataset), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("WriteFile: %v", err)
	}
	ds, err := netcdf.NewDataset(netcdf.NewVariable("v", []int64{1 << 40}))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "half.nc")
	if err := netcdf.WriteFile(name, ds, nil); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("WriteFile: %v", err)
	}
	if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a file is left: %v", err)
	}
	if err := netcdf.WriteFile(name, sample(t), nil); err != nil {
		t.Fatal(err)
	}
	if err := netcdf.WriteFile(name, ds, nil); err == nil {
		t.Error("no error")
	}
	if old, err := netcdf.ReadFile(name); err != nil || len(old.Vars()) != 11 {
		t.Errorf("the older file is lost: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v", left, err)
	}
	if err := netcdf.Write(&bytes.Buffer{}, ds, &netcdf.WriteOptions{Format: 3}); err == nil || !strings.Contains(err.Error(), "CDF-3 is not a format") {
		t.Errorf("Write: %v", err)
	}
	f, err := netcdf.OpenFile("testdata/get_data.nc")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read("t2x"); err == nil || !strings.Contains(err.Error(), `no variable "t2x"`) {
		t.Errorf("Read: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read("t2m"); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Read of a closed file: %v", err)
	}
	if _, err := f.Dataset(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Dataset of a closed file: %v", err)
	}
}

// sized claims to be longer than its data.
type sized struct{ *bytes.Reader }

func TestReadFromTheCurrentPosition(t *testing.T) {
	file, err := os.ReadFile("testdata/get_data.nc")
	if err != nil {
		t.Fatal(err)
	}
	r := bytes.NewReader(append([]byte("prefix"), file...))
	if _, err := r.Seek(6, 0); err != nil {
		t.Fatal(err)
	}
	ds, err := netcdf.Read(sized{r})
	if err != nil {
		t.Fatal(err)
	}
	if names := varNames(ds); names != "y t2m x" {
		t.Errorf("variables are %s", names)
	}
	if r.Len() != 0 {
		t.Errorf("%d bytes are left", r.Len())
	}
}

func TestStrings(t *testing.T) {
	ds := sample(t)
	v, err := ds.Var("t2m")
	if err != nil {
		t.Fatal(err)
	}
	if s := v.String(); s != "float32 t2m (time: 4, lat: 3, lon: 2)" {
		t.Error(s)
	}
	for _, want := range []string{"dimensions (site: 4, string10: 10, time: 4", "coordinate float64 area (lat: 3, lon: 2)", "variable int8 land", `    crs = "EPSG:4326"`, "    weights = [0.5 0.25]"} {
		if s := ds.String(); !strings.Contains(s, want) {
			t.Errorf("%q is missing in\n%s", want, s)
		}
	}
	if s := netcdf.Type(99).String(); s != "type 99" {
		t.Error(s)
	}
	if s := netcdf.CDF2.String(); s != "CDF-2" {
		t.Error(s)
	}
}
