package netcdf

import (
	"errors"
	"fmt"
	"slices"
)

// The names that xarray gives to what a file cannot say
// (xarray/backends/api.py).
const (
	namelessArray = "__xarray_dataarray_variable__"
	arrayName     = "__xarray_dataarray_name__"
)

// DataArray is one variable with its coordinates. Its name may be empty, or
// that of one of its coordinates or dimensions.
//
// As a parameter or result of a function it travels as xarray.DataArray does,
// see [Dataset.MarshalJSON].
type DataArray struct {
	*Variable
	// Coords are variables that have dimensions of the variable only.
	Coords []*Variable
}

// DataArray gives the variable of that name with the coordinates that belong
// to it: those that have no dimension that it lacks.
func (ds *Dataset) DataArray(name string) (*DataArray, error) {
	v, err := ds.Var(name)
	if err != nil {
		return nil, err
	}
	da := &DataArray{Variable: ds.withUnits(v)}
	for _, c := range ds.Coords() {
		if c != v && c.liesAlong(v) {
			da.Coords = append(da.Coords, c)
		}
	}
	return da, nil
}

// Dataset gives the dataset as which xarray writes a DataArray: the variable
// under a name of xarray's own where it has none or that of a coordinate or
// dimension.
func (da DataArray) Dataset() (*Dataset, error) {
	if da.Variable == nil {
		return nil, errors.New("the DataArray has no variable")
	}
	v := da.Variable
	var attrs Attrs
	if v.name == "" {
		v = v.Renamed(namelessArray)
	} else if da.taken(v.name) {
		attrs.Set(arrayName, v.name)
		v = v.Renamed(namelessArray)
	}
	ds, err := NewDataset(append(slices.Clone(da.Coords), v)...)
	if err != nil {
		return nil, err
	}
	ds.Attrs = attrs
	names := make([]string, len(da.Coords))
	for i, c := range da.Coords {
		if !c.liesAlong(v) {
			return nil, c.errorf("a coordinate of %q may have dimensions of its %s only", da.name, shapeText(v.dims))
		}
		names[i] = c.name
	}
	return ds, ds.SetCoords(names...)
}

// taken reports whether a coordinate or a dimension has the name.
func (da DataArray) taken(name string) bool {
	for _, c := range da.Coords {
		if c != nil && c.name == name {
			return true
		}
	}
	return da.dim(name) >= 0
}

// setDataset takes the array out of the dataset as which it travelled.
func (da *DataArray) setDataset(ds *Dataset) error {
	vars := ds.DataVars()
	if len(vars) != 1 {
		return fmt.Errorf("a DataArray is a dataset of one variable beside the coordinates, not of %d: %s", len(vars), listed(vars, (*Variable).Name))
	}
	v := vars[0]
	name := v.name
	if name == namelessArray {
		name = ""
	}
	if text, ok := ds.Attrs.Text(arrayName); ok {
		name = text
	}
	if name != v.name {
		v = v.Renamed(name)
	}
	da.Variable, da.Coords = v, ds.Coords()
	return nil
}

// Check reports what makes the array unfit to be sent.
func (da DataArray) Check() error {
	ds, err := da.Dataset()
	if err != nil {
		return err
	}
	return ds.Check()
}

// Equal reports whether two arrays have equal variables and coordinates.
func (da *DataArray) Equal(other *DataArray) bool {
	if da == nil || other == nil {
		return da == other
	}
	if !da.Variable.Equal(other.Variable) || len(da.Coords) != len(other.Coords) {
		return false
	}
	for i, c := range da.Coords {
		if !c.Equal(other.Coords[i]) {
			return false
		}
	}
	return true
}
