// Package netcdf reads and writes NetCDF classic data and lets it travel as
// xarray's does. A [Dataset] or [DataArray] as a parameter or result of a
// backend's function is what the Python peer calls xarray.Dataset and
// xarray.DataArray: on the wire a JSON string, the base64 of a NetCDF file.
//
// The package is experimental: until version 1.0 its API may change in any
// release.
//
// # Building
//
// Dimensions are values, variables are made from flat Go slices whose shape
// they give, the last dimension varying fastest:
//
//	lat := netcdf.Dim{Name: "lat", Len: 2}
//	lon := netcdf.Dim{Name: "lon", Len: 3}
//	ds, err := netcdf.NewDataset(
//		netcdf.NewVariable("lat", []float64{50, 51}, lat).SetAttr("units", "degrees_north"),
//		netcdf.NewVariable("lon", []float64{7, 8, 9}, lon).SetAttr("units", "degrees_east"),
//		netcdf.NewVariable("t2m", []float32{280, 281, 282, 283, 284, 285}, lat, lon).SetAttr("units", "K"),
//	)
//	ds.Attrs.Set("crs", "EPSG:4326")
//
// # Reading values
//
// A variable holds its values and attributes as the file does; nothing is
// decoded behind one's back, so reading and writing loses nothing. What they
// mean by the CF conventions is asked for by the Go type: [Get] and [Values]
// give floats with missing values as NaN and scale and offset applied, times,
// durations, strings, booleans, or integers that must be exact. [Raw] gives the
// values as they are stored, without a copy.
//
//	t2m, err := netcdf.Get[float64](ds, "t2m")
//	when, err := netcdf.Get[time.Time](ds, "time")
//
// # Files
//
// [Read], [ReadFile], [Write] and [WriteFile] take whole datasets. [Open] and
// [OpenFile] read only the header, and [File.Read] one variable or a part of
// it, of files that are larger than memory. CDF-1, CDF-2 and CDF-5 are read;
// NetCDF-4 files are HDF5 and refused with the command that converts them,
// nccopy -k classic.
package netcdf
