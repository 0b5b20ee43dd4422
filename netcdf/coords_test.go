package netcdf_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/netcdf"
)

func travel(t *testing.T, ds *netcdf.Dataset) *netcdf.Dataset {
	t.Helper()
	back := new(netcdf.Dataset)
	if err := json.Unmarshal(marshal(t, ds), back); err != nil {
		t.Fatal(err)
	}
	return back
}

func coordinates(ds *netcdf.Dataset) map[string]string {
	out := map[string]string{}
	if text, ok := ds.Attrs.Text("coordinates"); ok {
		out[""] = text
	}
	for _, v := range ds.Vars() {
		if text, ok := v.Attrs.Text("coordinates"); ok {
			out[v.Name()] = text
		}
	}
	return out
}

func TestCoordinatesAreWrittenWhereTheyBelong(t *testing.T) {
	ds := sample(t)
	if len(coordinates(ds)) != 0 {
		t.Errorf("SetCoords writes %v", coordinates(ds))
	}
	back := travel(t, ds)
	want := map[string]string{"": "run", "t2m": "area height", "land": "area height", "station": "height", "count": "height", "lead": "height"}
	if diff := cmp.Diff(want, coordinates(back)); diff != "" {
		t.Error(diff)
	}
	var names []string
	for _, v := range back.DataVars() {
		names = append(names, v.Name())
	}
	if s := strings.Join(names, " "); s != "station t2m count lead land" {
		t.Errorf("data variables are %s", s)
	}
	if back.IsCoord("nothing") {
		t.Error("a variable that there is not is a coordinate")
	}
	if diff := cmp.Diff(coordinates(back), coordinates(travel(t, back))); diff != "" {
		t.Errorf("a second journey changes them: %s", diff)
	}
}

// TestCoordinatesOfOthersStay: a file whose writer named coordinates at one
// variable only.
func TestCoordinatesOfOthersStay(t *testing.T) {
	x := netcdf.Dim{Name: "x", Len: 1}
	ds, err := netcdf.NewDataset(
		netcdf.NewVariable("a", []int8{1}, x).SetAttr("coordinates", "aux gone"),
		netcdf.NewVariable("b", []int8{1}, x), netcdf.NewVariable("aux", []int8{1}, x), netcdf.NewVariable("new", []int8{1}, x), netcdf.NewVariable("alone", []int8{1}, netcdf.Dim{Name: "y", Len: 1}),
	)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a": "aux gone"}, coordinates(travel(t, ds))); diff != "" {
		t.Error(diff)
	}
	ds.Attrs.Set("coordinates", "far")
	if err := ds.SetCoords("new", "alone"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"": "far alone", "a": "aux gone", "b": "aux new"}, coordinates(travel(t, ds))); diff != "" {
		t.Error(diff)
	}
}

func TestThousandsOfCoordinatesAreNamedOnce(t *testing.T) {
	ds := new(netcdf.Dataset)
	var names []string
	var vars []*netcdf.Variable
	for i := range 300 {
		names = append(names, fmt.Sprintf("c%03d", i))
		vars = append(vars, netcdf.NewVariable(names[i], []int8{1}), netcdf.NewVariable(fmt.Sprintf("v%03d", i), []int8{1}))
	}
	if err := errors.Join(ds.Set(vars...), ds.SetCoords(names...)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"": strings.Join(names, " ")}, coordinates(travel(t, ds))); diff != "" {
		t.Error(diff)
	}
	if _, err := ds.Var("none"); err == nil || !strings.HasSuffix(err.Error(), ", v009 and 580 more") {
		t.Errorf("error %v", err)
	}
}

func TestDataArraysOfXarray(t *testing.T) {
	for file, name := range map[string]string{"dataarray_unnamed": "", "dataarray_named": "depth", "dataarray_of_dimension": "x"} {
		ds, err := netcdf.ReadFile("testdata/" + file + ".nc")
		if err != nil {
			t.Fatal(err)
		}
		var da netcdf.DataArray
		if err := json.Unmarshal(marshal(t, ds), &da); err != nil {
			t.Fatal(err)
		}
		if da.Name() != name {
			t.Errorf("%s: name is %q, want %q", file, da.Name(), name)
		}
		equal(t, []float64{1, 2}, values[float64](t, da.Variable))
		var coords []string
		for _, c := range da.Coords {
			coords = append(coords, c.Name())
		}
		equal(t, []string{"x", "aux", "height"}, coords)
		back, err := da.Dataset()
		if err != nil {
			t.Fatal(err)
		}
		if len(back.Vars()) != 4 || !cmp.Equal(coordinates(back), coordinates(ds)) || !cmp.Equal(back.Attrs, ds.Attrs) {
			t.Errorf("%s: dataset is\n%s, want\n%s", file, back, ds)
		}
		var again netcdf.DataArray
		if err := json.Unmarshal(marshal(t, da), &again); err != nil {
			t.Fatal(err)
		}
		if !again.Equal(&da) {
			t.Errorf("%s: travelled as %v", file, again.Variable)
		}
		if err := da.Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestDataArrayIsBuiltAsXarrayWritesIt(t *testing.T) {
	x := netcdf.Dim{Name: "x", Len: 2}
	da := netcdf.DataArray{
		Variable: netcdf.NewVariable("", []float64{1, 2}, x).SetAttr("units", "m"),
		Coords:   []*netcdf.Variable{netcdf.NewVariable("x", []int{1, 2}, x), netcdf.NewVariable("aux", []int{5, 6}, x), netcdf.NewVariable("height", []float64{2})},
	}
	for file, name := range map[string]string{"dataarray_unnamed": "", "dataarray_named": "depth", "dataarray_of_dimension": "x"} {
		want, err := os.ReadFile("testdata/" + file + ".nc")
		if err != nil {
			t.Fatal(err)
		}
		named := netcdf.DataArray{Variable: da.Variable.Renamed(name), Coords: da.Coords}
		var got, wanted netcdf.DataArray
		if err := json.Unmarshal(marshal(t, named), &got); err != nil {
			t.Fatal(err)
		}
		if err := wanted.UnmarshalJSON(base64JSON(want)); err != nil {
			t.Fatal(err)
		}
		if !got.Equal(&wanted) {
			t.Errorf("%s: %v %v, want %v %v", file, got.Variable, got.Attrs, wanted.Variable, wanted.Attrs)
		}
	}
}

func TestDataArrayOfADataset(t *testing.T) {
	ds := travel(t, sample(t))
	da, err := ds.DataArray("t2m")
	if err != nil {
		t.Fatal(err)
	}
	var coords []string
	for _, c := range da.Coords {
		coords = append(coords, c.Name())
	}
	equal(t, []string{"time", "area", "lat", "lon", "height"}, coords)
	var back netcdf.DataArray
	if err := json.Unmarshal(marshal(t, da), &back); err != nil {
		t.Fatal(err)
	}
	if !da.Equal(&back) {
		t.Errorf("travelled as %v", back.Variable)
	}
	if _, err := ds.DataArray("none"); err == nil {
		t.Error("there is an array that there is not")
	}
	if back.Coords = back.Coords[1:]; da.Equal(&back) {
		t.Error("arrays of different coordinates are equal")
	}
	if da.Equal(nil) || !(*netcdf.DataArray)(nil).Equal(nil) {
		t.Error("nil")
	}
}

func TestDataArraysThatAreNone(t *testing.T) {
	x := netcdf.Dim{Name: "x", Len: 2}
	v := netcdf.NewVariable("v", []int8{1, 2}, x)
	for want, da := range map[string]netcdf.DataArray{
		"the DataArray has no variable":               {},
		"may have dimensions of its (x: 2) only":      {Variable: v, Coords: []*netcdf.Variable{netcdf.NewVariable("y", []int8{1, 2}, netcdf.Dim{Name: "y", Len: 2})}},
		`elsewhere dimension "x" has the length`:      {Variable: v, Coords: []*netcdf.Variable{netcdf.NewVariable("x", []int8{1}, netcdf.Dim{Name: "x", Len: 1})}},
		"a variable is nil":                           {Variable: v, Coords: []*netcdf.Variable{nil}},
		"its dimensions want 3 values, and it has 1":  {Variable: netcdf.NewVariable("", []int8{1}, dimN)},
		`is unlimited or of length 0 and must be the`: {Variable: netcdf.NewVariable("", []int8{}, x, netcdf.Dim{Name: "y"})},
	} {
		if err := da.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
		if _, err := da.MarshalJSON(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	var da netcdf.DataArray
	err := json.Unmarshal(marshal(t, sample(t)), &da)
	if err == nil || !strings.Contains(err.Error(), `not of 5: station, t2m, count, lead, land`) {
		t.Errorf("error %v", err)
	}
}
