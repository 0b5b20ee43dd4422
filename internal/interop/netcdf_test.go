//go:build interop

package interop_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/netcdf"
)

// foundFile is what read.py prints of a file.
type foundFile struct {
	Dims []netcdf.Dim
	foundAttrs
	Vars map[string]struct {
		Dims []string
		foundValues
		foundAttrs
	}
	foundDataset
}

type foundAttrs struct {
	Attrs map[string]struct {
		Text string
		foundValues
	}
}

type foundValues struct{ Type, Hex string }

type foundDataset struct {
	Coords  []string
	Decoded map[string]struct {
		Dims   []string
		Values []any
	}
}

func TestFilesWrittenHereAreOpenedByXarray(t *testing.T) {
	python := lab.NetCDFPython()
	tests := []struct {
		engine  string
		formats []netcdf.Format
	}{
		{"scipy", []netcdf.Format{netcdf.CDF1, netcdf.CDF2}},
		{"netcdf4", []netcdf.Format{netcdf.CDF1, netcdf.CDF2, netcdf.CDF5}},
	}
	for _, tt := range tests {
		for _, format := range tt.formats {
			t.Run(tt.engine+" "+format.String(), func(t *testing.T) {
				written := datasets(t)
				if format == netcdf.CDF5 {
					written = append(written, wideDataset(t))
				}
				argv := []string{python, netcdfFile(t, "read.py"), tt.engine}
				for i, w := range written {
					name := filepath.Join(t.TempDir(), w.name+".nc")
					if err := netcdf.WriteFile(name, w.ds, &netcdf.WriteOptions{Format: format}); err != nil {
						t.Fatal(err)
					}
					argv = append(argv, name)
					var err error // as it is in the file: with coordinates written, integers narrowed
					if written[i].ds, err = netcdf.ReadFile(name); err != nil {
						t.Fatal(err)
					}
				}
				found := lines[foundFile](t, "", argv...)
				if len(found) != len(written) {
					t.Fatalf("%d files of %d", len(found), len(written))
				}
				for i, w := range written {
					t.Run(w.name, func(t *testing.T) {
						compareStored(t, w.ds, &found[i])
						compareDecoded(t, w.ds, &found[i].foundDataset)
					})
				}
			})
		}
	}
}

// compareStored compares every dimension, attribute and stored value.
func compareStored(t *testing.T, ds *netcdf.Dataset, found *foundFile) {
	t.Helper()
	var dims []netcdf.Dim
	for _, d := range ds.Dims() {
		if d.Len == 0 { // how a file says "unlimited"
			d.Unlimited = true
		}
		dims = append(dims, d)
	}
	if diff := cmp.Diff(dims, found.Dims, cmpEmpty); diff != "" {
		t.Errorf("dimensions (-written +found):\n%s", diff)
	}
	compareFoundAttrs(t, "the dataset", ds.Attrs, found.foundAttrs)
	if len(found.Vars) != len(ds.Vars()) {
		t.Errorf("%d variables of %d", len(found.Vars), len(ds.Vars()))
	}
	for _, v := range ds.Vars() {
		f, ok := found.Vars[v.Name()]
		if !ok {
			t.Errorf("%v is missing", v)
			continue
		}
		if f.Type != v.Type().String() || !slices.Equal(f.Dims, dimNames(v)) {
			t.Errorf("%v became %s %q", v, f.Type, f.Dims)
		}
		if got, err := hex.DecodeString(f.Hex); err != nil || !bytes.Equal(got, bigEndian(t, v)) {
			t.Errorf("%v: values are %s (%v), want %x", v, f.Hex, err, bigEndian(t, v))
		}
		compareFoundAttrs(t, v.Name(), v.Attrs, f.foundAttrs)
	}
}

// cmpEmpty takes no dimensions for equal to none.
var cmpEmpty = cmp.Transformer("empty", func(dims []netcdf.Dim) string { return fmt.Sprint(dims) })

func dimNames(v *netcdf.Variable) []string {
	names := []string{}
	for _, d := range v.Dims() {
		names = append(names, d.Name)
	}
	return names
}

func compareFoundAttrs(t *testing.T, of string, attrs netcdf.Attrs, found foundAttrs) {
	t.Helper()
	if len(attrs) != len(found.Attrs) {
		t.Errorf("%s has %d attributes, want %d", of, len(found.Attrs), len(attrs))
	}
	for _, a := range attrs {
		f := found.Attrs[a.Name]
		if text, ok := a.Value.(string); ok {
			if f.Type != "char" || f.Text != text {
				t.Errorf("attribute %s of %s is %q, want %q", a.Name, of, f.Text, text)
			}
			continue
		}
		want, err := binary.Append(nil, binary.BigEndian, a.Value)
		if err != nil {
			t.Fatal(err)
		}
		if f.Hex != hex.EncodeToString(want) {
			t.Errorf("attribute %s of %s is %s %s, want %x", a.Name, of, f.Type, f.Hex, want)
		}
	}
}

func bigEndian(t *testing.T, v *netcdf.Variable) []byte {
	t.Helper()
	switch v.Type() {
	case netcdf.Int8:
		return bytesOf[int8](t, v)
	case netcdf.Char, netcdf.UInt8:
		return bytesOf[uint8](t, v)
	case netcdf.Int16:
		return bytesOf[int16](t, v)
	case netcdf.Int32:
		return bytesOf[int32](t, v)
	case netcdf.Int64:
		return bytesOf[int64](t, v)
	case netcdf.UInt16:
		return bytesOf[uint16](t, v)
	case netcdf.UInt32:
		return bytesOf[uint32](t, v)
	case netcdf.UInt64:
		return bytesOf[uint64](t, v)
	case netcdf.Float32:
		return bytesOf[float32](t, v)
	default:
		return bytesOf[float64](t, v)
	}
}

func bytesOf[T netcdf.Number](t *testing.T, v *netcdf.Variable) []byte {
	t.Helper()
	values, err := netcdf.Raw[T](v)
	if err != nil {
		t.Fatal(err)
	}
	b, err := binary.Append(nil, binary.BigEndian, values)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// compareDecoded compares what xarray makes of the conventions with what is
// decoded here.
func compareDecoded(t *testing.T, ds *netcdf.Dataset, found *foundDataset) {
	t.Helper()
	var coords []string
	for _, c := range ds.Coords() {
		coords = append(coords, c.Name())
	}
	slices.Sort(coords)
	if !slices.Equal(coords, found.Coords) {
		t.Errorf("coordinates are %q, want %q", found.Coords, coords)
	}
	for _, v := range ds.Vars() {
		f, ok := found.Decoded[v.Name()]
		if !ok {
			t.Errorf("%v is not decoded", v)
			continue
		}
		want := decodedHere(t, ds, v)
		if len(want) != len(f.Values) {
			t.Errorf("%v: %d values, want %d", v, len(f.Values), len(want))
			continue
		}
		for i, w := range want {
			if !sameDecoded(w, f.Values[i]) {
				t.Errorf("%v: value %d is %v, want %v", v, i, f.Values[i], w)
			}
		}
	}
}

// decodedHere gives the values as read.py prints those of xarray.
func decodedHere(t *testing.T, ds *netcdf.Dataset, v *netcdf.Variable) []any {
	t.Helper()
	units, _ := v.Attrs.Text("units")
	kind, _ := v.Attrs.Text("dtype")
	switch {
	case v.Type() == netcdf.Char:
		return anys(t, ds, v, func(s string) any { return s })
	case kind == "bool":
		return anys(t, ds, v, func(b bool) any { return b })
	case strings.Contains(units, " since "):
		return anys(t, ds, v, func(at time.Time) any {
			if at.IsZero() {
				return nil
			}
			return at.Format("2006-01-02T15:04:05.000000")
		})
	case strings.HasPrefix(kind, "timedelta64"):
		return anys(t, ds, v, func(d time.Duration) any { return float64(d) })
	}
	return anys(t, ds, v, func(f float64) any {
		if math.IsNaN(f) {
			return nil
		}
		return f
	})
}

func anys[T netcdf.Value](t *testing.T, ds *netcdf.Dataset, v *netcdf.Variable, convert func(T) any) []any {
	t.Helper()
	values, err := netcdf.Get[T](ds, v.Name())
	if err != nil {
		t.Fatal(err)
	}
	out := make([]any, len(values))
	for i, x := range values {
		out[i] = convert(x)
	}
	return out
}

// sameDecoded allows for float32, in which xarray scales some variables.
func sameDecoded(want, got any) bool {
	w, ok := want.(float64)
	if !ok {
		return want == got
	}
	g, ok := got.(float64)
	return ok && math.Abs(w-g) <= 1e-7*math.Abs(w)
}

// TestDatasetsTravelAsThePeersEncodeAndValidate sends datasets through the
// validator of demessaging and takes what its serializer makes of them.
func TestDatasetsTravelAsThePeersEncodeAndValidate(t *testing.T) {
	type traveled struct {
		foundDataset
		TextAttrs map[string]string `json:"text_attrs"`
		Again     json.RawMessage
	}
	// Without cftime, which demessaging does not ask for, xarray reads no other calendars.
	sent := slices.DeleteFunc(datasets(t), func(d namedDataset) bool { return d.name == "calendars" })
	var input strings.Builder
	for i, s := range sent {
		text, err := json.Marshal(s.ds)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&input, "dataset %s\n", text)
		sent[i].ds = new(netcdf.Dataset) // as it is sent: with coordinates written, integers narrowed
		if err := json.Unmarshal(text, sent[i].ds); err != nil {
			t.Fatal(err)
		}
	}
	got := lines[traveled](t, input.String(), lab.Python(), netcdfFile(t, "travel.py"))
	if len(got) != len(sent) {
		t.Fatalf("%d datasets of %d", len(got), len(sent))
	}
	for i, s := range sent {
		t.Run(s.name, func(t *testing.T) {
			compareDecoded(t, s.ds, &got[i].foundDataset)
			if got[i].TextAttrs["crs"] != "EPSG:4326" {
				t.Errorf("attributes are %v", got[i].TextAttrs)
			}
			var again netcdf.Dataset
			if err := json.Unmarshal(got[i].Again, &again); err != nil {
				t.Fatal(err)
			}
			for _, v := range s.ds.Vars() {
				w, err := again.Var(v.Name())
				if err != nil {
					t.Error(err)
					continue
				}
				if sent, got := decodedHere(t, s.ds, v), decodedHere(t, &again, w); !slices.EqualFunc(sent, got, sameDecoded) {
					t.Errorf("%v came back as %v, want %v", v, got, sent)
				}
			}
		})
	}
}

func TestDataArraysTravelAsThePeersEncodeAndValidate(t *testing.T) {
	type traveled struct {
		Name   *string
		Coords []string
		Again  json.RawMessage
		foundDataset
	}
	x := netcdf.Dim{Name: "x", Len: 2}
	array := netcdf.DataArray{
		Variable: netcdf.NewVariable("", []float64{1, 2}, x),
		Coords:   []*netcdf.Variable{netcdf.NewVariable("x", []int{1, 2}, x), netcdf.NewVariable("aux", []float64{5, 6}, x), netcdf.NewVariable("height", []float64{2})},
	}
	names := []string{"", "depth", "x"}
	var input strings.Builder
	for _, name := range names {
		text, err := json.Marshal(netcdf.DataArray{Variable: array.Renamed(name), Coords: array.Coords})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&input, "dataarray %s\n", text)
	}
	got := lines[traveled](t, input.String(), lab.Python(), netcdfFile(t, "travel.py"))
	if len(got) != len(names) {
		t.Fatalf("%d arrays of %d", len(got), len(names))
	}
	for i, name := range names {
		if found := got[i].Name; name == "" && found != nil || name != "" && (found == nil || *found != name) {
			t.Errorf("name is %v, want %q", found, name)
		}
		if diff := cmp.Diff([]string{"aux", "height", "x"}, got[i].Coords); diff != "" {
			t.Errorf("coordinates of %q: %s", name, diff)
		}
		var again netcdf.DataArray
		if err := json.Unmarshal(got[i].Again, &again); err != nil {
			t.Fatal(err)
		}
		if again.Name() != name || len(again.Coords) != 3 || !slices.Equal(again.Shape(), []int{2}) {
			t.Errorf("%q came back as %v with %v", name, again.Variable, again.Coords)
		}
	}
}

// TestFilesWrittenHereAreOpenedByNetcdfjs, which browsers use: dasf-web among
// them. It lists an unlimited dimension as of length 0.
func TestFilesWrittenHereAreOpenedByNetcdfjs(t *testing.T) {
	type jsFile struct {
		Dims []struct {
			Name string
			Size int
		}
		Records int
		Attrs   map[string]any
		Vars    map[string]struct {
			Type   string
			Dims   []string
			Attrs  map[string]any
			Values []*float64
		}
	}
	types := map[netcdf.Type]string{netcdf.Int8: "byte", netcdf.Char: "char", netcdf.Int16: "short", netcdf.Int32: "int", netcdf.Float32: "float", netcdf.Float64: "double"}
	for _, format := range []netcdf.Format{netcdf.CDF1, netcdf.CDF2} {
		t.Run(format.String(), func(t *testing.T) {
			written := slices.DeleteFunc(datasets(t), func(d namedDataset) bool { return d.name == "nothing" }) // it wants a dimension
			argv := []string{"node", netcdfFile(t, "read.mjs"), lab.NodeModules()}
			for i, w := range written {
				name := filepath.Join(t.TempDir(), w.name+".nc")
				if err := netcdf.WriteFile(name, w.ds, &netcdf.WriteOptions{Format: format}); err != nil {
					t.Fatal(err)
				}
				argv = append(argv, name)
				var err error
				if written[i].ds, err = netcdf.ReadFile(name); err != nil {
					t.Fatal(err)
				}
			}
			found := lines[jsFile](t, "", argv...)
			if len(found) != len(written) {
				t.Fatalf("%d files of %d", len(found), len(written))
			}
			for i, w := range written {
				f := found[i]
				if f.Attrs["crs"] != "EPSG:4326" {
					t.Errorf("%s: attributes are %v", w.name, f.Attrs)
				}
				for k, d := range w.ds.Dims() {
					if got := f.Dims[k]; got.Name != d.Name || got.Size != d.Len && !d.Unlimited || d.Unlimited && f.Records != d.Len {
						t.Errorf("%s: dimension is %+v with %d records, want %+v", w.name, got, f.Records, d)
					}
				}
				if len(f.Vars) != len(w.ds.Vars()) {
					t.Errorf("%s: %d variables of %d", w.name, len(f.Vars), len(w.ds.Vars()))
				}
				for _, v := range w.ds.Vars() {
					g := f.Vars[v.Name()]
					if g.Type != types[v.Type()] || !slices.Equal(g.Dims, dimNames(v)) {
						t.Errorf("%s: %v became %s %q", w.name, v, g.Type, g.Dims)
					}
					if units, _ := v.Attrs.Text("units"); units != "" && g.Attrs["units"] != units {
						t.Errorf("%s: units of %v are %v", w.name, v, g.Attrs["units"])
					}
					got := make([]float64, len(g.Values))
					for i, x := range g.Values {
						if got[i] = math.NaN(); x != nil {
							got[i] = *x
						}
					}
					if want := plainNumbers(t, v); fmt.Sprint(got) != fmt.Sprint(want) { // as text, for NaN
						t.Errorf("%s: %v: values are %v, want %v", w.name, v, got, want)
					}
				}
			}
		})
	}
}

// plainNumbers gives the stored values, text as its bytes.
func plainNumbers(t *testing.T, v *netcdf.Variable) []float64 {
	t.Helper()
	plain := v.Renamed(v.Name())
	plain.Attrs = nil
	if v.Type() == netcdf.Char {
		text, err := netcdf.Raw[uint8](v)
		if err != nil {
			t.Fatal(err)
		}
		plain = netcdf.NewVariable(v.Name(), text, v.Dims()...)
	}
	values, err := netcdf.Values[float64](plain)
	if err != nil {
		t.Fatal(err)
	}
	return values
}
