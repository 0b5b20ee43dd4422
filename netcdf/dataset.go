package netcdf

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dasf-go/dasf/internal/cdf"
)

// Dataset is a set of variables that share dimensions, as a NetCDF file holds
// it. The zero Dataset is empty and ready for use. Reading it is safe from
// many goroutines, changing it is not.
//
// As a parameter or result of a function it travels as xarray.Dataset does,
// see [Dataset.MarshalJSON].
type Dataset struct {
	// Attrs are the attributes of the whole, such as "crs".
	Attrs Attrs

	dims   []Dim // all dimensions that variables have, and declared ones
	vars   []*Variable
	free   map[string]bool // dimensions that need no variable
	marked map[string]bool // variables that SetCoords named
}

// NewDataset makes a dataset of variables. They must have different names, and
// a dimension has the same length wherever it occurs. The variables are not
// copied.
func NewDataset(vars ...*Variable) (*Dataset, error) {
	seen := make(map[string]bool, len(vars))
	for _, v := range vars {
		if v != nil && seen[v.name] {
			return nil, fmt.Errorf("two variables are called %q", v.name)
		} else if v != nil {
			seen[v.name] = true
		}
	}
	ds := new(Dataset)
	if err := ds.Set(vars...); err != nil {
		return nil, err
	}
	return ds, nil
}

// Set adds variables behind the others, or puts them in the place of those of
// the same name. The error names what is wrong with each; then nothing is set.
func (ds *Dataset) Set(vars ...*Variable) error {
	var errs []error
	next := *ds
	next.vars = slices.Clone(ds.vars)
	place := make(map[string]int, len(ds.vars)+len(vars))
	for i, v := range ds.vars {
		place[v.name] = i
	}
	for _, v := range vars {
		if v == nil {
			errs = append(errs, errors.New("a variable is nil"))
			continue
		}
		errs = append(errs, v.Check())
		if i, ok := place[v.name]; ok {
			next.vars[i] = v
			continue
		}
		place[v.name] = len(next.vars)
		next.vars = append(next.vars, v)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := next.joinDims(); err != nil {
		return err
	}
	*ds = next
	return nil
}

// joinDims makes the list of dimensions anew, in the order that it had.
func (ds *Dataset) joinDims() error {
	order := make([]string, 0, len(ds.dims))
	ordered := make(map[string]bool, len(ds.dims))
	found := make(map[string]Dim, len(ds.dims))
	for _, d := range ds.dims {
		order = append(order, d.Name)
		ordered[d.Name] = true
		if ds.free[d.Name] {
			found[d.Name] = d
		}
	}
	for _, v := range ds.vars {
		for _, d := range v.dims {
			had, ok := found[d.Name]
			if ok && had.Len != d.Len {
				return v.errorf("elsewhere dimension %q has the length %d", d.Name, had.Len)
			}
			d.Unlimited = d.Unlimited || had.Unlimited
			found[d.Name] = d
			if !ordered[d.Name] {
				ordered[d.Name] = true
				order = append(order, d.Name)
			}
		}
	}
	ds.dims = nil
	for _, name := range order {
		if d, ok := found[name]; ok {
			ds.dims = append(ds.dims, d)
		}
	}
	return nil
}

// AddDim declares a dimension that no variable needs to have.
func (ds *Dataset) AddDim(d Dim) error {
	next := *ds
	next.dims = slices.Clone(ds.dims)
	if i := slices.IndexFunc(next.dims, func(e Dim) bool { return e.Name == d.Name }); i >= 0 {
		if next.dims[i].Len != d.Len {
			return fmt.Errorf("dimension %q has the length %d already, not %d", d.Name, next.dims[i].Len, d.Len)
		}
	} else {
		if err := cdf.CheckName(d.Name); err != nil || d.Len < 0 {
			return fmt.Errorf("dimension %q of length %d: %w", d.Name, d.Len, errors.Join(err, errNegative(d.Len)))
		}
		next.dims = append(next.dims, d)
	}
	if next.free = maps.Clone(ds.free); next.free == nil { // a copy: datasets are copied by value
		next.free = map[string]bool{}
	}
	next.free[d.Name] = true
	*ds = next
	return nil
}

func errNegative(n int) error {
	if n < 0 {
		return errors.New("a length is not negative")
	}
	return nil
}

// Remove takes a variable away, and dimensions that only it had. It reports
// whether there was one of that name.
func (ds *Dataset) Remove(name string) bool {
	i := ds.index(name)
	if i < 0 {
		return false
	}
	ds.vars = slices.Delete(slices.Clone(ds.vars), i, i+1)
	return ds.joinDims() == nil // what agreed still does
}

// Var gives the variable of that name. The error lists those that there are.
func (ds *Dataset) Var(name string) (*Variable, error) {
	if i := ds.index(name); i >= 0 {
		return ds.vars[i], nil
	}
	return nil, fmt.Errorf("there is no variable %q among %s", name, listed(ds.vars, (*Variable).Name))
}

func (ds *Dataset) index(name string) int {
	return slices.IndexFunc(ds.vars, func(v *Variable) bool { return v.name == name })
}

// Vars gives all variables, coordinates among them.
func (ds *Dataset) Vars() []*Variable { return slices.Clone(ds.vars) }

// Dims gives the dimensions.
func (ds *Dataset) Dims() []Dim { return slices.Clone(ds.dims) }

// Dim gives the dimension of that name.
func (ds *Dataset) Dim(name string) (Dim, bool) {
	for _, d := range ds.dims {
		if d.Name == name {
			return d, true
		}
	}
	return Dim{}, false
}

// Check reports what makes the dataset unfit to be written: everything that
// is wrong with its variables and attributes, or dimensions that a NetCDF
// classic file cannot have.
func (ds *Dataset) Check() error {
	var errs []error
	if err := ds.Attrs.validate(); err != nil {
		errs = append(errs, fmt.Errorf("dataset: %w", err))
	}
	for _, v := range ds.vars {
		errs = append(errs, v.Check())
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	_, err := ds.encoding(wire)
	return err
}

// Equal reports whether two datasets have the same dimensions, variables and
// attributes in the same order, and the same coordinates. NaN equals NaN.
func (ds *Dataset) Equal(other *Dataset) bool {
	if ds == nil || other == nil {
		return ds == other
	}
	return slices.Equal(ds.dims, other.dims) && ds.Attrs.equal(other.Attrs) &&
		slices.EqualFunc(ds.vars, other.vars, (*Variable).Equal) &&
		slices.EqualFunc(ds.Coords(), other.Coords(), func(v, w *Variable) bool { return v.name == w.name })
}

// String gives an overview of several lines, without values.
func (ds *Dataset) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "dimensions %s\n", shapeText(ds.dims))
	coord := ds.coordTest()
	for _, v := range ds.vars {
		kind := "variable"
		if coord(v) {
			kind = "coordinate"
		}
		fmt.Fprintf(&b, "%s %s\n", kind, v)
		writeAttrs(&b, v.Attrs)
	}
	if len(ds.Attrs) > 0 {
		b.WriteString("attributes\n")
		writeAttrs(&b, ds.Attrs)
	}
	return b.String()
}

func writeAttrs(b *strings.Builder, attrs Attrs) {
	for _, a := range attrs {
		if text, ok := a.Value.(string); ok {
			fmt.Fprintf(b, "    %s = %q\n", a.Name, text)
		} else {
			fmt.Fprintf(b, "    %s = %v\n", a.Name, a.Value)
		}
	}
}

// withUnits gives v, or, if it is the bounds of a time coordinate and has no
// units, a copy that has those of the coordinate.
func (ds *Dataset) withUnits(v *Variable) *Variable {
	if _, ok := v.Attrs.Get("units"); ok {
		return v
	}
	for _, c := range ds.vars {
		bounds, _ := c.Attrs.Text("bounds")
		units, ok := c.Attrs.Text("units")
		if bounds != v.name || !ok {
			continue
		}
		if _, _, ok := cutSince(units); !ok {
			continue
		}
		out := v.Renamed(v.name).SetAttr("units", units)
		if calendar, ok := c.Attrs.Text("calendar"); ok {
			out.SetAttr("calendar", calendar)
		}
		return out
	}
	return v
}
