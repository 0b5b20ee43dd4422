package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/api"
	"github.com/dasf-go/dasf/internal/api/apitest"
	"github.com/dasf-go/dasf/netcdf"
)

func sample(t *testing.T) netcdf.Dataset {
	t.Helper()
	ds, err := dasf.Call[netcdf.Dataset](t.Context(), dasf.Local(module()), "get_data", dasf.None{})
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

func get(t *testing.T, ds *netcdf.Dataset, name string) []float64 {
	t.Helper()
	values, err := netcdf.Get[float64](ds, name)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestGetData(t *testing.T) {
	ds := sample(t)
	if crs, _ := ds.Attrs.Text("crs"); crs != "EPSG:4326" {
		t.Errorf("crs is %q", crs)
	}
	for _, name := range []string{"t2m", "rain"} {
		v, err := ds.Var(name)
		if err != nil {
			t.Fatal(err)
		}
		if want := "float32 " + name + " (time: 4, lat: 5, lon: 6)"; v.String() != want {
			t.Errorf("%s, want %s", v, want)
		}
	}
}

func TestMeanOverTime(t *testing.T) {
	ds := sample(t)
	box := BoundingBox{West: 8.9, South: 53.5, East: 10, North: 54}
	got, err := dasf.Call[netcdf.Dataset](t.Context(), dasf.Local(module()), "mean_over_time", MeanRequest{DS: ds, Box: box})
	if err != nil {
		t.Fatal(err)
	}
	if lat := get(t, &got, "lat"); fmt.Sprint(lat) != "[54 53.5]" {
		t.Errorf("latitudes are %v", lat)
	}
	if lon := get(t, &got, "lon"); fmt.Sprint(lon) != "[9 9.5 10]" {
		t.Errorf("longitudes are %v", lon)
	}
	all := get(t, &ds, "t2m")
	mean := get(t, &got, "t2m")
	for y := range 2 {
		for x := range 3 {
			want := 0.0
			for k := range 4 {
				want += all[(k*5+2+y)*6+2+x] / 4
			}
			if got := mean[y*3+x]; math.Abs(got-want) > 1e-9 {
				t.Errorf("mean at %d, %d is %v, want %v", y, x, got, want)
			}
		}
	}
	if crs, _ := got.Attrs.Text("crs"); crs != "EPSG:4326" {
		t.Errorf("attributes are %v", got.Attrs)
	}
	v, err := got.Var("t2m")
	if err != nil {
		t.Fatal(err)
	}
	if units, _ := v.Attrs.Text("units"); units != "K" || len(v.Dims()) != 2 {
		t.Errorf("%s with %v", v, v.Attrs)
	}
	if _, err := got.Var("time"); err == nil {
		t.Error("time is still there")
	}
}

func TestMeanLeavesMissingValuesOut(t *testing.T) {
	times, one := netcdf.Dim{Name: "time", Len: 3}, netcdf.Dim{Name: "lat", Len: 1}
	nan := math.NaN()
	ds, err := netcdf.NewDataset(
		netcdf.NewVariable("lat", []float64{54}, one),
		netcdf.NewVariable("lon", []float64{9}, netcdf.Dim{Name: "lon", Len: 1}),
		netcdf.NewVariable("some", []float64{1, nan, 3}, times, one),
		netcdf.NewVariable("last", []float64{nan, nan, nan}, one, times),
		netcdf.Pack("packed", []float64{1, nan, 2}, netcdf.Packing[int16]{Scale: 0.5, Fill: -1}, times).SetAttr("units", "m"),
		netcdf.NewVariable("names", []string{"a", "b", "c"}, times),
		netcdf.NewVariable("height", []float64{2}),
	)
	if err != nil {
		t.Fatal(err)
	}
	got, err := MeanOverTime(t.Context(), MeanRequest{DS: *ds, Box: BoundingBox{West: 0, South: 0, East: 90, North: 90}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"some": "[2]", "last": "[NaN]", "packed": "[1.5]", "height": "[2]"} {
		if mean := fmt.Sprint(get(t, &got, name)); mean != want {
			t.Errorf("%s is %s, want %s", name, mean, want)
		}
	}
	if _, err := got.Var("names"); err == nil {
		t.Error("there is a mean of texts")
	}
}

func TestWrongRequests(t *testing.T) {
	ds := sample(t)
	text, err := json.Marshal(ds)
	if err != nil {
		t.Fatal(err)
	}
	request := func(ds, box string) string {
		return `{"func_name": "mean_over_time", "ds": ` + ds + `, "box": ` + box + `}`
	}
	const box = `{"west": 8, "south": 53, "east": 10, "north": 55}`
	const flat = `{"lat": {"dims": ["lat"], "data": [54]}, "lon": {"dims": ["lon"], "data": [9]}}`
	for name, tt := range map[string]struct {
		request, want string
		code          dasf.Code
	}{
		"no dataset":        {request(`null`, box), "null is no Dataset", dasf.CodeInvalidRequest},
		"text":              {request(`"hello"`, box), "no multiple of four", dasf.CodeInvalidRequest},
		"NetCDF-4":          {request(`"iUhERg0KGgo="`, box), "nccopy -k classic", dasf.CodeInvalidRequest},
		"south over north":  {request(string(text), `{"west": 8, "south": 55, "east": 10, "north": 53}`), "south, 55, is more than north, 53", dasf.CodeInvalidRequest},
		"beyond the poles":  {request(string(text), `{"west": 8, "south": 53, "east": 10, "north": 95}`), "less than or equal to 90", dasf.CodeInvalidRequest},
		"no edge":           {request(string(text), `{"west": 8, "south": 53, "east": 10}`), "Field required", dasf.CodeInvalidRequest},
		"box elsewhere":     {request(string(text), `{"west": -8, "south": 53, "east": -7, "north": 55}`), "the box is empty: no lon lies between -8 and -7", dasf.CodeExecution},
		"no times":          {request(flat, box), "the dataset has no dimension time", dasf.CodeExecution},
		"no latitudes":      {request(`{"x": {"dims": [], "data": 1}}`, box), `there is no variable "lat" among x`, dasf.CodeExecution},
		"latitudes of text": {request(`{"lat": {"dims": ["lat"], "data": ["a"]}}`, box), `variable "lat"`, dasf.CodeExecution},
	} {
		got, err := module().Handle(t.Context(), json.RawMessage(tt.request))
		if dasf.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %.100s, %s error %v, want one with %q", name, got, dasf.CodeOf(err), err, tt.want)
		}
	}
}

// MeanData is what the parameters of mean_data are in the Python original.
type MeanData struct {
	DS netcdf.Dataset `json:"ds" description:"The input."`
}

// original is the twin of the reference module xarray_data.
func original() *dasf.Module {
	get := func(context.Context, dasf.None) (netcdf.Dataset, error) {
		x, y := netcdf.Dim{Name: "x", Len: 2}, netcdf.Dim{Name: "y", Len: 3}
		ds := new(netcdf.Dataset)
		for _, d := range []netcdf.Dim{x, y} {
			if err := ds.AddDim(d); err != nil {
				return *ds, err
			}
		}
		err := ds.Set(
			netcdf.NewVariable("y", []float64{1, 2, 3}, y),
			netcdf.NewVariable("t2m", []float64{0, 1, 2, 3, 4, 5}, x, y),
			netcdf.NewVariable("x", []int{10, 20}, x))
		return *ds, err
	}
	mean := func(_ context.Context, r MeanData) (netcdf.Dataset, error) {
		var out netcdf.Dataset
		for _, v := range r.DS.Vars() {
			m, err := meanOf(v, "x")
			if err != nil {
				return out, err
			}
			if m.Name() == "x" {
				continue
			}
			if err := out.Set(m); err != nil {
				return out, err
			}
		}
		return out, nil
	}
	return dasf.NewModule(dasf.Config{Topic: "xarray-topic"},
		dasf.Func("get_data", get).Doc("Get a small dataset."),
		dasf.Func("mean_data", mean).Doc("Mean over x.").Returns("The mean."))
}

// TestSchemaIsPythons but for the two keywords that say what a dataset is.
func TestSchemaIsPythons(t *testing.T) {
	m := original()
	a := m.API()
	for name, s := range map[string]*api.Schema{
		"result of get_data":     a.Functions[0].ReturnSchema,
		"parameter of mean_data": a.Functions[1].RPCSchema.Property("ds"),
		"result of mean_data":    a.Functions[1].ReturnSchema,
	} {
		if s.ContentEncoding != "base64" || s.ContentMediaType != "application/x-netcdf" {
			t.Errorf("the %s is %s", name, s.Append(nil))
		}
		forget(s)
	}
	forget(m.Schema())
	apitest.Golden(t, "xarray_data", m.Schema(), a)
}

// forget takes the keywords of datasets away.
func forget(s *api.Schema) {
	s.ContentEncoding, s.ContentMediaType = "", ""
	for _, p := range s.Properties {
		forget(p.Schema)
	}
	for _, d := range s.Defs {
		forget(d)
	}
}

// The payloads that a demessaging 0.6.4 backend with xarray 2025.12 sent.
const (
	recordedData = `"Q0RGAQAAAAAAAAAKAAAAAgAAAAF4AAAAAAAAAgAAAAF5AAAAAAAAAwAAAAAAAAAAAAAACwAAAAMAAAABeQAAAAAAAAEAAAABAAAADAAAAAEAAAAKX0Zp` +
		`bGxWYWx1ZQAAAAAABgAAAAF/+AAAAAAAAAAAAAYAAAAYAAAA6AAAAAN0Mm0AAAAAAgAAAAAAAAABAAAADAAAAAEAAAAKX0ZpbGxWYWx1ZQAAAAAABgAAAAF/+AAA` +
		`AAAAAAAAAAYAAAAwAAABAAAAAAF4AAAAAAAAAQAAAAAAAAAAAAAAAAAAAAQAAAAIAAABMD/wAAAAAAAAQAAAAAAAAABACAAAAAAAAAAAAAAAAAAAP/AAAAAAAABA` +
		`AAAAAAAAAEAIAAAAAAAAQBAAAAAAAABAFAAAAAAAAAAAAAoAAAAU"`
	recordedMean = `"Q0RGAQAAAAAAAAAKAAAAAQAAAAF5AAAAAAAAAwAAAAAAAAAAAAAACwAAAAIAAAADdDJtAAAAAAEAAAAAAAAADAAAAAEAAAAKX0ZpbGxWYWx1ZQAAAAAABgAA` +
		`AAF/+AAAAAAAAAAAAAYAAAAYAAAAtAAAAAF5AAAAAAAAAQAAAAAAAAAMAAAAAQAAAApfRmlsbFZhbHVlAAAAAAAGAAAAAX/4AAAAAAAAAAAABgAAABgAAADMP/gA` +
		`AAAAAABABAAAAAAAAEAMAAAAAAAAP/AAAAAAAABAAAAAAAAAAEAIAAAAAAAA"`
)

// TestAnswersAreThoseOfThePythonBackend: to its own client's requests, the
// first byte for byte, the second with its variables in another order.
func TestAnswersAreThoseOfThePythonBackend(t *testing.T) {
	got, err := original().Handle(t.Context(), json.RawMessage(`{"func_name":"get_data"}`))
	if err != nil || string(got) != recordedData {
		t.Errorf("get_data: %s, %v", got, err)
	}
	got, err = original().Handle(t.Context(), json.RawMessage(`{"func_name":"mean_data","ds":`+recordedData+`}`))
	if err != nil {
		t.Fatal(err)
	}
	var mean, want netcdf.Dataset
	if err := json.Unmarshal(got, &mean); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(recordedMean), &want); err != nil {
		t.Fatal(err)
	}
	if len(mean.Vars()) != 2 {
		t.Errorf("answer is\n%s", &mean)
	}
	for _, v := range want.Vars() {
		if m, err := mean.Var(v.Name()); err != nil || !m.Equal(v) {
			t.Errorf("%v, want %v (%v)", m, v, err)
		}
	}
}

func Example() {
	ctx := context.Background()
	backend := dasf.Local(module())
	ds, err := dasf.Call[netcdf.Dataset](ctx, backend, "get_data", dasf.None{})
	if err != nil {
		fmt.Println(err)
		return
	}
	mean, err := dasf.Call[netcdf.Dataset](ctx, backend, "mean_over_time", MeanRequest{DS: ds, Box: BoundingBox{West: 9, South: 53, East: 10, North: 54}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(&mean)
	// Output:
	// dimensions (lat: 3, lon: 3)
	// coordinate float64 lat (lat: 3)
	//     units = "degrees_north"
	//     standard_name = "latitude"
	//     _FillValue = NaN
	// coordinate float64 lon (lon: 3)
	//     units = "degrees_east"
	//     standard_name = "longitude"
	//     _FillValue = NaN
	// variable float64 t2m (lat: 3, lon: 3)
	//     units = "K"
	//     standard_name = "air_temperature"
	//     _FillValue = NaN
	// variable float64 rain (lat: 3, lon: 3)
	//     units = "mm"
	//     long_name = "precipitation"
	//     _FillValue = NaN
	// attributes
	//     title = "sample of a Go backend"
	//     crs = "EPSG:4326"
}
