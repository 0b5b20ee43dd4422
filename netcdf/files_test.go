package netcdf_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/netcdf"
)

// described is what testdata/make_files.py says of a file.
type described struct {
	Format string
	Dims   []struct {
		Name      string
		Len       int
		Unlimited bool
	}
	Attrs  []describedAttr
	Coords []string
	Vars   []struct {
		Name    string
		Type    string
		Dims    []string
		Attrs   []describedAttr
		Raw     json.RawMessage
		Floats  []*float64
		Times   []*string
		Strings []string
		Bools   []bool
	}
}

type describedAttr struct {
	Name  string
	Type  string
	Value json.RawMessage
}

// TestFilesOfOthers reads files that xarray and the C library wrote and
// compares everything with what those read in them.
func TestFilesOfOthers(t *testing.T) {
	names, err := filepath.Glob("testdata/*.json")
	if err != nil || len(names) < 20 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".json"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var want described
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			file := strings.TrimSuffix(name, "json") + "nc"
			ds, err := netcdf.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, ds, &want)
			compareFile(t, file, ds, want.Format)
		})
	}
}

func compare(t *testing.T, ds *netcdf.Dataset, want *described) {
	dims := []netcdf.Dim{}
	for _, d := range want.Dims {
		dims = append(dims, netcdf.Dim{Name: d.Name, Len: d.Len, Unlimited: d.Unlimited})
	}
	if diff := cmp.Diff(dims, ds.Dims()); diff != "" {
		t.Errorf("dimensions (-want +got):\n%s", diff)
	}
	compareAttrs(t, "the dataset", ds.Attrs, want.Attrs)
	var coords []string
	for _, c := range ds.Coords() {
		coords = append(coords, c.Name())
	}
	slices.Sort(coords)
	if !slices.Equal(coords, want.Coords) {
		t.Errorf("coordinates are %q, want %q", coords, want.Coords)
	}
	if len(ds.Vars()) != len(want.Vars) {
		t.Errorf("%d variables, want %d", len(ds.Vars()), len(want.Vars))
	}
	for _, w := range want.Vars {
		v, err := ds.Var(w.Name)
		if err != nil {
			t.Error(err)
			continue
		}
		if v.Type().String() != w.Type {
			t.Errorf("%s is of type %s, want %s", w.Name, v.Type(), w.Type)
		}
		var dims []string
		for _, d := range v.Dims() {
			dims = append(dims, d.Name)
		}
		if !slices.Equal(dims, w.Dims) {
			t.Errorf("%s has the dimensions %q, want %q", w.Name, dims, w.Dims)
		}
		compareAttrs(t, w.Name, v.Attrs, w.Attrs)
		if diff := cmp.Diff(rawOf(t, w.Type, w.Raw), rawValues(t, v), sameNaN); diff != "" {
			t.Errorf("%s: stored values (-want +got):\n%s", w.Name, diff)
		}
		if w.Floats != nil {
			compareFloats(t, ds, w.Name, w.Floats)
		}
		if w.Times != nil {
			compareTimes(t, ds, w.Name, w.Times)
		}
		if w.Strings != nil {
			compareValues(t, ds, w.Name, w.Strings)
		}
		if w.Bools != nil {
			compareValues(t, ds, w.Name, w.Bools)
		}
	}
}

// sameNaN takes NaN for equal to NaN.
var sameNaN = cmp.Options{
	cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }),
	cmp.Comparer(func(a, b float32) bool { return a == b || a != a && b != b }),
}

func compareAttrs(t *testing.T, of string, got netcdf.Attrs, want []describedAttr) {
	var attrs netcdf.Attrs
	for _, a := range want {
		var value any
		if a.Type == "char" {
			value = decodeJSON[string](t, a.Value)
		} else {
			value = rawOf(t, a.Type, a.Value)
		}
		attrs = append(attrs, netcdf.Attr{Name: a.Name, Value: value})
	}
	got = got.Clone()
	for i, a := range got { // a single number is not a slice, and the C library drops NUL
		got[i].Value = sliceOf(a.Value)
		if text, ok := got.Text(a.Name); ok {
			got[i].Value = text
		}
	}
	if diff := cmp.Diff(attrs, got, sameNaN); diff != "" {
		t.Errorf("attributes of %s (-want +got):\n%s", of, diff)
	}
}

func sliceOf(value any) any {
	switch v := value.(type) {
	case int8:
		return []int8{v}
	case int16:
		return []int16{v}
	case int32:
		return []int32{v}
	case int64:
		return []int64{v}
	case uint8:
		return []uint8{v}
	case uint16:
		return []uint16{v}
	case uint32:
		return []uint32{v}
	case uint64:
		return []uint64{v}
	case float32:
		return []float32{v}
	case float64:
		return []float64{v}
	}
	return value
}

func decodeJSON[T any](t *testing.T, text []byte) T {
	t.Helper()
	var out T
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}

// rawOf reads the values of a type; null is NaN.
func rawOf(t *testing.T, typ string, text json.RawMessage) any {
	switch typ {
	case "char": // one character a byte
		out := []uint8{}
		for _, r := range decodeJSON[string](t, text) {
			out = append(out, uint8(r))
		}
		return out
	case "int8":
		return decodeJSON[[]int8](t, text)
	case "int16":
		return decodeJSON[[]int16](t, text)
	case "int32":
		return decodeJSON[[]int32](t, text)
	case "int64":
		return decodeJSON[[]int64](t, text)
	case "uint8":
		out := []uint8{}
		for _, n := range decodeJSON[[]uint16](t, text) { // encoding/json takes []uint8 for base64
			out = append(out, uint8(n))
		}
		return out
	case "uint16":
		return decodeJSON[[]uint16](t, text)
	case "uint32":
		return decodeJSON[[]uint32](t, text)
	case "uint64":
		return decodeJSON[[]uint64](t, text)
	case "float32":
		return nullable[float32](t, text)
	case "float64":
		return nullable[float64](t, text)
	}
	t.Fatalf("type %q", typ)
	return nil
}

func nullable[F float32 | float64](t *testing.T, text []byte) []F {
	out := []F{}
	for _, p := range decodeJSON[[]*F](t, text) {
		if p == nil {
			out = append(out, F(math.NaN()))
		} else {
			out = append(out, *p)
		}
	}
	return out
}

func rawValues(t *testing.T, v *netcdf.Variable) any {
	switch v.Type() {
	case netcdf.Int8:
		return raw[int8](t, v)
	case netcdf.Char, netcdf.UInt8:
		return raw[uint8](t, v)
	case netcdf.Int16:
		return raw[int16](t, v)
	case netcdf.Int32:
		return raw[int32](t, v)
	case netcdf.Int64:
		return raw[int64](t, v)
	case netcdf.UInt16:
		return raw[uint16](t, v)
	case netcdf.UInt32:
		return raw[uint32](t, v)
	case netcdf.UInt64:
		return raw[uint64](t, v)
	case netcdf.Float32:
		return raw[float32](t, v)
	default:
		return raw[float64](t, v)
	}
}

func raw[T netcdf.Number](t *testing.T, v *netcdf.Variable) []T {
	t.Helper()
	values, err := netcdf.Raw[T](v)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func get[T netcdf.Value](t *testing.T, ds *netcdf.Dataset, name string) []T {
	t.Helper()
	values, err := netcdf.Get[T](ds, name)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func compareValues[T netcdf.Value](t *testing.T, ds *netcdf.Dataset, name string, want []T) {
	t.Helper()
	if diff := cmp.Diff(want, get[T](t, ds, name), sameNaN); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// compareFloats allows for the last digit of float32, in which xarray scales
// some variables.
func compareFloats(t *testing.T, ds *netcdf.Dataset, name string, want []*float64) {
	t.Helper()
	got := get[float64](t, ds, name)
	if len(got) != len(want) {
		t.Fatalf("%s has %d values, want %d", name, len(got), len(want))
	}
	for i, w := range want {
		if w == nil && !math.IsNaN(got[i]) || w != nil && !(math.Abs(got[i]-*w) <= 1e-7*math.Abs(*w)) {
			t.Errorf("%s: value %d is %v, want %v", name, i, got[i], w)
		}
	}
}

// compareTimes allows for a microsecond, to which cftime rounds.
func compareTimes(t *testing.T, ds *netcdf.Dataset, name string, want []*string) {
	t.Helper()
	got := get[time.Time](t, ds, name)
	if len(got) != len(want) {
		t.Fatalf("%s has %d times, want %d", name, len(got), len(want))
	}
	for i, w := range want {
		if w == nil {
			if !got[i].IsZero() {
				t.Errorf("%s: time %d is %s, want none", name, i, got[i])
			}
			continue
		}
		at, err := time.Parse("2006-01-02T15:04:05", *w)
		if err != nil {
			t.Fatal(err)
		}
		if d := got[i].Sub(at); d.Abs() > time.Microsecond {
			t.Errorf("%s: time %d is %s, want %s", name, i, got[i].Format(time.RFC3339Nano), *w)
		}
	}
}

// compareFile reads the file variable by variable, and writes it again in its
// own format: everything is the same.
func compareFile(t *testing.T, name string, ds *netcdf.Dataset, dataModel string) {
	f, err := netcdf.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	formats := map[string]netcdf.Format{"NETCDF3_CLASSIC": netcdf.CDF1, "NETCDF3_64BIT_OFFSET": netcdf.CDF2, "NETCDF3_64BIT_DATA": netcdf.CDF5}
	if f.Format() != formats[dataModel] {
		t.Errorf("format is %s, want %s", f.Format(), dataModel)
	}
	if diff := cmp.Diff(ds.Dims(), f.Dims()); diff != "" {
		t.Error(diff)
	}
	for _, info := range f.Vars() {
		v, err := f.Read(info.Name)
		if err != nil {
			t.Error(err)
			continue
		}
		if w, err := ds.Var(info.Name); err != nil || v.Type() != w.Type() || !cmp.Equal(rawValues(t, v), rawValues(t, w), sameNaN) || !cmp.Equal(v.Dims(), w.Dims()) {
			t.Errorf("%s alone is %v, in the dataset %v (%v)", info.Name, v, w, err)
		}
	}
	again := filepath.Join(t.TempDir(), "again.nc")
	if err := netcdf.WriteFile(again, ds, &netcdf.WriteOptions{Format: f.Format()}); err != nil {
		t.Fatal(err)
	}
	back, err := netcdf.ReadFile(again)
	if err != nil {
		t.Fatal(err)
	}
	if !ds.Equal(back) {
		t.Errorf("written and read again:\n%s\nbefore:\n%s", back, ds)
	}
}

// TestFilesAreWrittenByteForByte leaves out the files where the C library pads
// bytes of records with what is left in its buffer, and lone record variables.
func TestFilesAreWrittenByteForByte(t *testing.T) {
	for _, name := range []string{
		"get_data", "no_variables", "one_value", "dataarray_unnamed", "dataarray_of_dimension", "xarray_scipy", "packed", "times",
		"records_cdf1", "records_cdf2", "records_cdf5", "empty_cdf1", "empty_cdf5",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", name+".nc")
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			ds, err := netcdf.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			if err := netcdf.Write(&got, ds, &netcdf.WriteOptions{Format: netcdf.Format(want[3])}); err != nil {
				t.Fatal(err)
			}
			for i := range min(len(want), got.Len()) {
				if got.String()[i] != want[i] {
					t.Fatalf("byte %d is %#x, want %#x", i, got.String()[i], want[i])
				}
			}
			if got.Len() != len(want) {
				t.Errorf("%d bytes, want %d", got.Len(), len(want))
			}
		})
	}
}

func TestNetCDF4IsRefusedWithItsCure(t *testing.T) {
	_, err := netcdf.ReadFile("testdata/netcdf4.nc")
	if !errors.Is(err, netcdf.ErrNetCDF4) || !strings.Contains(err.Error(), "nccopy -k classic") {
		t.Errorf("error %v", err)
	}
	if _, err := netcdf.ReadFile("testdata/make_files.py"); !errors.Is(err, netcdf.ErrFormat) {
		t.Errorf("a script: %v", err)
	}
	if _, err := netcdf.ReadFile("testdata/missing.nc"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := netcdf.OpenFile("testdata"); err == nil {
		t.Error("a folder is opened")
	}
}
