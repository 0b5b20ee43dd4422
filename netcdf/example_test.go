package netcdf_test

import (
	"bytes"
	"fmt"
	"math"
	"time"

	"github.com/dasf-go/dasf/netcdf"
)

// A dataset is built from Go slices and read by name, as the type that is asked
// for.
func Example() {
	hour, site := netcdf.Dim{Name: "time", Len: 2}, netcdf.Dim{Name: "site", Len: 3}
	ds, err := netcdf.NewDataset(
		netcdf.NewVariable("time", []time.Time{date(2024, 2, 29, 0), date(2024, 2, 29, 6)}, hour),
		netcdf.NewVariable("name", []string{"Kiel", "Büsum", "Hamburg"}, site),
		netcdf.NewVariable("level", []float32{1.5, 1.25, 2, 1, float32(math.NaN()), 2.5}, hour, site).SetAttr("units", "m"),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	ds.Attrs.Set("crs", "EPSG:4326")

	times, err := netcdf.Get[time.Time](ds, "time")
	fmt.Println(times[1], err)
	level, err := netcdf.Get[float64](ds, "level")
	fmt.Println(level, err)
	_, err = netcdf.Get[int](ds, "level")
	fmt.Println(err)
	fmt.Print(ds)
	// Output:
	// 2024-02-29 06:00:00 +0000 UTC <nil>
	// [1.5 1.25 2 1 NaN 2.5] <nil>
	// variable "level" (time: 2, site: 3): the value at [0 0] is 1.5, which is no int64
	// dimensions (time: 2, site: 3, string7: 7)
	// coordinate int64 time (time: 2)
	//     units = "hours since 2024-02-29 00:00:00"
	//     calendar = "proleptic_gregorian"
	// variable char name (site: 3, string7: 7)
	//     _Encoding = "utf-8"
	// variable float32 level (time: 2, site: 3)
	//     units = "m"
	// attributes
	//     crs = "EPSG:4326"
}

// A part of one variable is read of a file without the rest.
func ExampleFile_Read() {
	var file bytes.Buffer
	y, x := netcdf.Dim{Name: "y", Len: 1000}, netcdf.Dim{Name: "x", Len: 1000}
	ds, err := netcdf.NewDataset(netcdf.NewVariable("depth", make([]float32, 1_000_000), y, x))
	if err == nil {
		err = netcdf.Write(&file, ds, nil)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := netcdf.Open(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		fmt.Println(err)
		return
	}
	part, err := f.Read("depth", netcdf.Range{Dim: "y", Start: 500, Len: 2}, netcdf.Range{Dim: "x", Len: 10, Step: 100})
	fmt.Println(part, err)
	// Output: float32 depth (y: 2, x: 10) <nil>
}

// A bounding box is cut out by the values of the coordinates.
func ExampleWithin() {
	lat := netcdf.Dim{Name: "lat", Len: 4}
	ds, err := netcdf.NewDataset(
		netcdf.NewVariable("lat", []float64{55, 54.5, 54, 53.5}, lat),
		netcdf.NewVariable("t2m", []float32{280, 281, 282, 283}, lat),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	coord, err := ds.Var("lat")
	if err != nil {
		fmt.Println(err)
		return
	}
	inside, err := netcdf.Within(coord, 53.9, 54.6)
	if err != nil {
		fmt.Println(err)
		return
	}
	part, err := ds.Select(inside)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(netcdf.Get[float32](part, "t2m"))
	// Output: [281 282] <nil>
}
