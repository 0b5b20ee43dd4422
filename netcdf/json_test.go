package netcdf_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/netcdf"
)

func marshal(t testing.TB, v json.Marshaler) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// getData is the dataset of the function get_data in the reference module
// xarray_data, in the order in which SciPy writes it.
func getData(t *testing.T) *netcdf.Dataset {
	t.Helper()
	x, y := netcdf.Dim{Name: "x", Len: 2}, netcdf.Dim{Name: "y", Len: 3}
	ds := new(netcdf.Dataset)
	if err := errors.Join(ds.AddDim(x), ds.AddDim(y), ds.Set(
		netcdf.NewVariable("y", []float64{1, 2, 3}, y),
		netcdf.NewVariable("t2m", []float64{0, 1, 2, 3, 4, 5}, x, y),
		netcdf.NewVariable("x", []int64{10, 20}, x),
	)); err != nil {
		t.Fatal(err)
	}
	return ds
}

// TestTravelsAsThePeersEncodeXarrayWrites: the payload of the response that a
// demessaging 0.6.4 backend with xarray 2025.12 sent, byte for byte. (Its
// attribute title was lost on the way, in validate_dataset.)
func TestTravelsAsThePeersEncodeXarrayWrites(t *testing.T) {
	const recorded = `"Q0RGAQAAAAAAAAAKAAAAAgAAAAF4AAAAAAAAAgAAAAF5AAAAAAAAAwAAAAAAAAAAAAAACwAAAAMAAAABeQAAAAAAAAEAAAABAAAADAAAAAEAAAAK` +
		`X0ZpbGxWYWx1ZQAAAAAABgAAAAF/+AAAAAAAAAAAAAYAAAAYAAAA6AAAAAN0Mm0AAAAAAgAAAAAAAAABAAAADAAAAAEAAAAKX0ZpbGxWYWx1ZQAAAAAABgAAAAF/+AAA` +
		`AAAAAAAAAAYAAAAwAAABAAAAAAF4AAAAAAAAAQAAAAAAAAAAAAAAAAAAAAQAAAAIAAABMD/wAAAAAAAAQAAAAAAAAABACAAAAAAAAAAAAAAAAAAAP/AAAAAAAABAAAAA` +
		`AAAAAEAIAAAAAAAAQBAAAAAAAABAFAAAAAAAAAAAAAoAAAAU"`
	if got := marshal(t, getData(t)); string(got) != recorded {
		t.Errorf("%s, want\n%s", got, recorded)
	}
	var ds netcdf.Dataset
	if err := json.Unmarshal([]byte(recorded), &ds); err != nil {
		t.Fatal(err)
	}
	compareValues(t, &ds, "t2m", []float64{0, 1, 2, 3, 4, 5})
	compareValues(t, &ds, "x", []int64{10, 20})
	compareValues(t, &ds, "y", []float32{1, 2, 3})
}

func TestAppendJSON(t *testing.T) {
	ds := getData(t)
	da, err := ds.DataArray("t2m")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []interface {
		json.Marshaler
		AppendJSON([]byte) ([]byte, error)
	}{ds, da} {
		got, err := v.AppendJSON([]byte("before "))
		if want := "before " + string(marshal(t, v)); err != nil || string(got) != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
	if got, err := (netcdf.DataArray{}).AppendJSON([]byte("before")); err == nil || string(got) != "before" {
		t.Errorf("%s, %v", got, err)
	}
}

func TestFillValueOfFloats(t *testing.T) {
	x := netcdf.Dim{Name: "x", Len: 2}
	ds, err := netcdf.NewDataset(
		netcdf.NewVariable("f", []float32{1, float32(math.NaN())}, x),
		netcdf.NewVariable("own", []float64{1, -9}, x).SetAttr("_FillValue", -9.0),
		netcdf.NewVariable("missing", []float64{1, -9}, x).SetAttr("missing_value", -9.0),
		netcdf.NewVariable("i", []int32{1, 2}, x),
	)
	if err != nil {
		t.Fatal(err)
	}
	var got netcdf.Dataset
	if err := got.UnmarshalJSON(marshal(t, ds)); err != nil {
		t.Fatal(err)
	}
	want := map[string]netcdf.Attrs{
		"f": {{Name: "_FillValue", Value: float32(math.NaN())}}, "own": {{Name: "_FillValue", Value: -9.0}}, "missing": {{Name: "missing_value", Value: -9.0}}, "i": nil,
	}
	for _, v := range got.Vars() {
		if diff := cmp.Diff(want[v.Name()], v.Attrs, sameNaN); diff != "" {
			t.Errorf("%s: %s", v.Name(), diff)
		}
	}
	if v, _ := ds.Var("f"); len(v.Attrs) != 0 {
		t.Errorf("sending changes the dataset: %v", v.Attrs)
	}
}

func TestBothFormsInStructsAndPointers(t *testing.T) {
	type request struct {
		DS  netcdf.Dataset    `json:"ds"`
		Ptr *netcdf.Dataset   `json:"ptr"`
		DA  *netcdf.DataArray `json:"da"`
	}
	ds := getData(t)
	da, err := ds.DataArray("t2m")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(request{DS: *ds, Ptr: ds, DA: da})
	if err != nil {
		t.Fatal(err)
	}
	var got request
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if varNames(&got.DS) != "y t2m x" || !got.DS.Equal(got.Ptr) || got.DA.Name() != "t2m" {
		t.Errorf("got %v", got)
	}
	again, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != string(text) {
		t.Error("a second journey changes something")
	}
}

func TestTextThatEncodersAndMailsMake(t *testing.T) {
	file, err := os.ReadFile("testdata/get_data.nc")
	if err != nil {
		t.Fatal(err)
	}
	text := base64.StdEncoding.EncodeToString(file)
	for name, form := range map[string]string{
		"plain":           `"` + text + `"`,
		"spaces around":   " \n\"" + text + "\" ",
		"escaped slashes": `"` + strings.ReplaceAll(text, "/", `\/`) + `"`,
		"escaped letters": `"` + strings.ReplaceAll(text, "Q", `\u0051`) + `"`,
		"line breaks":     `"` + text[:76] + `\r\n` + text[76:] + `\n"`,
	} {
		var ds netcdf.Dataset
		if err := ds.UnmarshalJSON([]byte(form)); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		compareValues(t, &ds, "t2m", []float64{0, 1, 2, 3, 4, 5})
	}
}

func TestJSONThatIsNoDataset(t *testing.T) {
	file, err := os.ReadFile("testdata/get_data.nc")
	if err != nil {
		t.Fatal(err)
	}
	text := base64.StdEncoding.EncodeToString(file)
	tests := []struct{ name, want, text string }{
		{"null", `"null" is no Dataset: it wants a string, the base64 of a NetCDF file`, `null`},
		{"number", `"5" is no Dataset`, `5`},
		{"list", `is no Dataset`, `[1, 2]`},
		{"nothing", `is no Dataset`, ``},
		{"empty string", "the string is empty", `""`},
		{"spaces", "the string is empty", `"\n"`},
		{"no base64", "no base64 behind character 0", `"????????"`},
		{"odd length", "its length of 5 is no multiple of four", `"abcde"`},
		{"padding in the middle", "no base64", `"Q0RGAQ==Q0RGAQAA"`},
		{"no NetCDF", "not a NetCDF classic file", `"aGVsbG8gd29ybGQh"`},
		{"NetCDF-4", "nccopy -k classic", `"iUhERg0KGgo="`},
		{"cut short", "reach beyond the end", `"` + text[:len(text)-8] + `"`},
		{"broken at the end", "no base64", `"` + text[:len(text)-8] + `********"`},
		{"bad escape", "invalid", `"\x"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var ds netcdf.Dataset
			err := ds.UnmarshalJSON([]byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if err != nil && strings.Count(err.Error(), "netcdf:") != 1 {
				t.Errorf("error %v does not name the package once", err)
			}
			var da netcdf.DataArray
			if err := da.UnmarshalJSON([]byte(tt.text)); err == nil {
				t.Error("no error for a DataArray")
			}
		})
	}
}

func TestSchema(t *testing.T) {
	text, err := netcdf.Dataset{}.JSONSchemaBytes()
	if err != nil || string(text) != `{"contentEncoding":"base64","contentMediaType":"application/x-netcdf"}` {
		t.Errorf("Dataset: %s, %v", text, err)
	}
	text, err = netcdf.DataArray{}.JSONSchemaBytes()
	if err != nil || string(text) != `{"contentEncoding":"base64","contentMediaType":"application/x-netcdf; class=DataArray"}` {
		t.Errorf("DataArray: %s, %v", text, err)
	}
}

// The objects are what json.dumps makes of xarray's to_dict.
func TestObjectsOfToDict(t *testing.T) {
	const text = `{"coords": {"lat": {"dims": ["lat"], "attrs": {"units": "degrees_north"}, "data": [1, 2.5]},
			"area": {"dims": ["lat", "lon"], "attrs": {}, "data": [[1, 2, 3], [4, 5, 6]]}, "height": {"dims": [], "attrs": {}, "data": 2.0}},
		"attrs": {"title": "demo", "n": 3, "list": [1, 2], "f": 1.5, "flag": true, "flags": [true, false]},
		"dims": {"lat": 2, "lon": 3},
		"data_vars": {"t2m": {"dims": ["lat", "lon"], "attrs": {}, "data": [[1, null, 3], [4, 5, 6]]},
			"ok": {"dims": "lat", "data": [true, false]}, "name": {"dims": ["lat"], "data": ["a", "bcd"]},
			"big": {"dims": [], "data": 12345678901234567890}, "none": {"dims": ["nothing"], "data": []}}}`
	var ds netcdf.Dataset
	if err := json.Unmarshal([]byte(text), &ds); err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	compareValues(t, &ds, "lat", []float64{1, 2.5})
	compareValues(t, &ds, "area", []int{1, 2, 3, 4, 5, 6})
	compareValues(t, &ds, "t2m", []float64{1, nan, 3, 4, 5, 6})
	compareValues(t, &ds, "ok", []bool{true, false})
	compareValues(t, &ds, "name", []string{"a", "bcd"})
	compareValues(t, &ds, "big", []float64{12345678901234567890})
	compareValues(t, &ds, "none", []float64{})
	want := netcdf.Attrs{{Name: "title", Value: "demo"}, {Name: "n", Value: int64(3)}, {Name: "list", Value: []int64{1, 2}}, {Name: "f", Value: 1.5}, {Name: "flag", Value: int8(1)}, {Name: "flags", Value: []int8{1, 0}}}
	if diff := cmp.Diff(want, ds.Attrs); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"lat", "area", "height"} {
		if !ds.IsCoord(name) {
			t.Errorf("%s is no coordinate", name)
		}
	}
	if ds.IsCoord("t2m") {
		t.Error("t2m is a coordinate")
	}
	if err := json.Unmarshal([]byte(`{"v": {"dims": ["x"], "data": [1, 2]}}`), &ds); err != nil {
		t.Fatal(err)
	}
	compareValues(t, &ds, "v", []int{1, 2})

	var da netcdf.DataArray
	if err := json.Unmarshal([]byte(`{"dims": ["x"], "attrs": {"units": "m"}, "data": [1.0, 2.0], "coords": {"x": {"dims": ["x"], "attrs": {}, "data": [1, 2]}}, "name": null}`), &da); err != nil {
		t.Fatal(err)
	}
	if da.Name() != "" || len(da.Coords) != 1 || !cmp.Equal(da.Attrs, netcdf.Attrs{{Name: "units", Value: "m"}}) {
		t.Errorf("array is %v, %v", da.Variable, da.Coords)
	}
	if err := json.Unmarshal([]byte(`{"dims": [], "data": 1, "name": "depth"}`), &da); err != nil {
		t.Fatal(err)
	}
	if da.Name() != "depth" {
		t.Errorf("name is %q", da.Name())
	}
}

func TestObjectsThatAreNoDataset(t *testing.T) {
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	tests := []struct{ name, want, text string }{
		{"no data", `variable "v": the key "data" is missing`, `{"v": {"dims": ["x"]}}`},
		{"no dims", `variable "v": the key "dims" is missing`, `{"v": {"data": [1]}}`},
		{"variable is no object", `variable "v": "5" is no object`, `{"v": 5}`},
		{"coords is no object", `coords: "[]" is no object`, `{"coords": [], "data_vars": {}}`},
		{"data_vars is no object", `data_vars: "[]" is no object`, `{"coords": {}, "data_vars": []}`},
		{"in coords", `coords: variable "v"`, `{"coords": {"v": 1}, "data_vars": {}}`},
		{"in data_vars", `data_vars: variable "v"`, `{"coords": {}, "data_vars": {"v": 1}}`},
		{"attrs is no object", `attrs: "1" is no object`, `{"coords": {}, "data_vars": {}, "attrs": 1}`},
		{"null attribute", `attribute "a"`, `{"coords": {}, "data_vars": {}, "attrs": {"a": null}}`},
		{"attribute of strings", `attribute "a"`, `{"coords": {}, "data_vars": {}, "attrs": {"a": ["b"]}}`},
		{"nested attribute", `attribute "a"`, `{"coords": {}, "data_vars": {}, "attrs": {"a": [[1]]}}`},
		{"dims of another rank", "dims names 1 dimensions, and data has 2", `{"v": {"dims": ["x"], "data": [[1]]}}`},
		{"dims of numbers", "neither a name nor a list of names", `{"v": {"dims": [1], "data": [1]}}`},
		{"ragged", "a list has 1 elements, and one before it in its place 2", `{"v": {"dims": ["x", "y"], "data": [[1, 2], [3]]}}`},
		{"leaf beside a list", "not nested evenly", `{"v": {"dims": ["x", "y"], "data": [[1, 2], 3]}}`},
		{"list beside a leaf", "not nested evenly", `{"v": {"dims": ["x", "y"], "data": [1, [2]]}}`},
		{"list in an empty place", "not nested evenly", `{"v": {"dims": ["x", "y"], "data": [[], [[1]]]}}`},
		{"object in data", "an object is no value", `{"v": {"dims": ["x"], "data": [{}]}}`},
		{"mixed", "mixed", `{"v": {"dims": ["x"], "data": [1, "a"]}}`},
		{"mixed with null", "mixed", `{"v": {"dims": ["x"], "data": [null, "a"]}}`},
		{"too deep", "nested over 64 deep", `{"v": {"dims": ["x"], "data": ` + deep + `}}`},
		{"too large", "value out of range", `{"v": {"dims": [], "data": 1e999}}`},
		{"key twice", `the key "v" occurs twice`, `{"v": {"dims": [], "data": 1}, "v": {"dims": [], "data": 1}}`},
		{"two lengths", `elsewhere dimension "x" has the length 1`, `{"v": {"dims": ["x"], "data": [1]}, "w": {"dims": ["x"], "data": [1, 2]}}`},
		{"cut", "netcdf: ", `{"v": {"dims": [], "data": 1}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var ds netcdf.Dataset
			if err := ds.UnmarshalJSON([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	arrays := []struct{ name, want, text string }{
		{"no data", `the key "data" is missing`, `{"dims": []}`},
		{"name is a number", "name", `{"dims": [], "data": 1, "name": 5}`},
		{"coords is a list", "coords", `{"dims": [], "data": 1, "coords": []}`},
		{"coordinate is a number", `coordinate "x"`, `{"dims": [], "data": 1, "coords": {"x": 1}}`},
		{"coordinate of another dimension", `a coordinate of "" may have dimensions of its () only`, `{"dims": [], "data": 1, "coords": {"x": {"dims": ["x"], "data": [1]}}}`},
	}
	for _, tt := range arrays {
		t.Run("DataArray "+tt.name, func(t *testing.T) {
			var da netcdf.DataArray
			if err := da.UnmarshalJSON([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}
