// Dataset is a backend whose functions take and return what the Python peer
// calls an xarray.Dataset: the twin of the manual's spatio-temporal example.
//
//	go run ./examples/dataset compute '{"func_name": "get_data"}'
//	go run ./examples/dataset generate > spatio_temporal.py
//	go run ./examples/dataset listen
package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/cli"
	"github.com/dasf-go/dasf/netcdf"
)

// GetData returns four times of two variables on a small grid.
func GetData(context.Context, dasf.None) (netcdf.Dataset, error) {
	hours, lats, lons := dim("time", 4), dim("lat", 5), dim("lon", 6)
	var times []time.Time
	var lat, lon []float64
	var t2m, rain []float32
	for t := range hours.Len {
		times = append(times, time.Date(2024, 2, 28, 12*t, 0, 0, 0, time.UTC))
	}
	for y := range lats.Len {
		lat = append(lat, 55-float64(y)/2) // from north to south, as maps are read
	}
	for x := range lons.Len {
		lon = append(lon, 8+float64(x)/2)
	}
	for t := range hours.Len {
		for y := range lats.Len {
			for x := range lons.Len {
				t2m = append(t2m, float32(280+2*math.Sin(float64(t))+lat[y]/10+lon[x]/100))
				rain = append(rain, float32(t*x)/4)
			}
		}
	}
	ds, err := netcdf.NewDataset(
		netcdf.NewVariable("time", times, hours),
		netcdf.NewVariable("lat", lat, lats).SetAttr("units", "degrees_north").SetAttr("standard_name", "latitude"),
		netcdf.NewVariable("lon", lon, lons).SetAttr("units", "degrees_east").SetAttr("standard_name", "longitude"),
		netcdf.NewVariable("t2m", t2m, hours, lats, lons).SetAttr("units", "K").SetAttr("standard_name", "air_temperature"),
		netcdf.NewVariable("rain", rain, hours, lats, lons).SetAttr("units", "mm").SetAttr("long_name", "precipitation"),
	)
	if err != nil {
		return netcdf.Dataset{}, err
	}
	ds.Attrs.Set("title", "sample of a Go backend")
	ds.Attrs.Set("crs", "EPSG:4326") // by which dasf-web puts the grid on its map
	return *ds, nil
}

func dim(name string, n int) netcdf.Dim { return netcdf.Dim{Name: name, Len: n} }

// BoundingBox is a part of the earth's surface.
type BoundingBox struct {
	_     struct{} `description:"A part of the earth's surface, its edges included."`
	West  float64  `json:"west" description:"Western edge in degrees." validate:"gte=-180,lte=360"`
	South float64  `json:"south" description:"Southern edge in degrees." validate:"gte=-90,lte=90"`
	East  float64  `json:"east" description:"Eastern edge in degrees." validate:"gte=-180,lte=360"`
	North float64  `json:"north" description:"Northern edge in degrees." validate:"gte=-90,lte=90"`
}

// Validate refuses a box without an inside.
func (b BoundingBox) Validate() error {
	if b.West > b.East {
		return fmt.Errorf("west, %v, is more than east, %v", b.West, b.East)
	}
	if b.South > b.North {
		return fmt.Errorf("south, %v, is more than north, %v", b.South, b.North)
	}
	return nil
}

// MeanRequest holds the parameters of mean_over_time.
type MeanRequest struct {
	DS  netcdf.Dataset `json:"ds" description:"A dataset with the dimensions time, lat and lon."`
	Box BoundingBox    `json:"box" description:"The part of the grid to take."`
}

// MeanOverTime cuts a dataset to a box and takes the mean over its times of every
// variable that has them. Missing values are left out; attributes are kept.
func MeanOverTime(_ context.Context, r MeanRequest) (netcdf.Dataset, error) {
	part, err := r.Box.cut(&r.DS)
	if err != nil {
		return netcdf.Dataset{}, err
	}
	out := netcdf.Dataset{Attrs: part.Attrs}
	for _, v := range part.Vars() {
		if v.Name() == "time" || v.Type() == netcdf.Char {
			continue
		}
		m, err := meanOf(v, "time")
		if err != nil {
			return netcdf.Dataset{}, err
		}
		if err := out.Set(m); err != nil {
			return netcdf.Dataset{}, err
		}
	}
	return out, nil
}

// cut gives the part of a dataset that lies in the box.
func (b BoundingBox) cut(ds *netcdf.Dataset) (*netcdf.Dataset, error) {
	var ranges []netcdf.Range
	for _, edge := range []struct {
		name      string
		low, high float64
	}{{"lat", b.South, b.North}, {"lon", b.West, b.East}} {
		coord, err := ds.Var(edge.name)
		if err != nil {
			return nil, err
		}
		r, err := netcdf.Within(coord, edge.low, edge.high)
		if err != nil {
			return nil, err
		}
		if r.Len == 0 {
			return nil, fmt.Errorf("the box is empty: no %s lies between %v and %v", edge.name, edge.low, edge.high)
		}
		ranges = append(ranges, r)
	}
	if d, ok := ds.Dim("time"); !ok || d.Len == 0 {
		return nil, errors.New("the dataset has no dimension time, or no times")
	}
	return ds.Select(ranges...)
}

// meanOf gives the mean of v over a dimension, or v itself where it lacks that.
func meanOf(v *netcdf.Variable, over string) (*netcdf.Variable, error) {
	var left []netcdf.Dim
	outer, n, inner := 1, 0, 1
	for _, d := range v.Dims() {
		switch {
		case d.Name == over:
			n = d.Len
			continue
		case n == 0:
			outer *= d.Len
		default:
			inner *= d.Len
		}
		left = append(left, d)
	}
	if n == 0 {
		return v, nil
	}
	values, err := netcdf.Values[float64](v)
	if err != nil {
		return nil, err
	}
	means := make([]float64, 0, outer*inner)
	for o := range outer {
		for i := range inner {
			sum, count := 0.0, 0
			for k := range n {
				if x := values[(o*n+k)*inner+i]; !math.IsNaN(x) {
					sum += x
					count++
				}
			}
			means = append(means, sum/float64(count)) // NaN where all are missing
		}
	}
	m := netcdf.NewVariable(v.Name(), means, left...)
	m.Attrs = v.Attrs.Decoded()
	return m, nil
}

func module() *dasf.Module {
	return dasf.NewModule(dasf.Config{Topic: "spatio-temporal"},
		dasf.Func("get_data", GetData).Doc("Get a sample: two variables on a grid at four times.").Returns("The sample."),
		dasf.Func("mean_over_time", MeanOverTime).Doc("The mean over time in a part of the grid.").Returns("The means, with the attributes of the dataset."))
}

func main() {
	cli.Main(module())
}
