package netcdf

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// SetCoords marks variables as coordinates that are not the variable of a
// dimension, such as a two-dimensional latitude or a scalar height. They are
// written into the attribute coordinates of the variables that they belong to,
// and of the dataset where there is none, as xarray does.
func (ds *Dataset) SetCoords(names ...string) error {
	marked := maps.Clone(ds.marked)
	if marked == nil {
		marked = make(map[string]bool, len(names))
	}
	vars := make(map[string]*Variable, len(ds.vars))
	for _, v := range ds.vars {
		vars[v.name] = v
	}
	for _, name := range names {
		v := vars[name]
		if v == nil {
			_, err := ds.Var(name)
			return err
		}
		if v.ofDim() {
			continue
		}
		if strings.Contains(name, " ") {
			return fmt.Errorf("coordinate %q: the attribute coordinates separates names by spaces, so a name can't have one", name)
		}
		marked[name] = true
	}
	ds.marked = marked
	return nil
}

// IsCoord reports whether the variable of that name is a coordinate: the
// one-dimensional variable of its own dimension, or one that SetCoords or an
// attribute coordinates names.
func (ds *Dataset) IsCoord(name string) bool {
	i := ds.index(name)
	return i >= 0 && ds.coordTest()(ds.vars[i])
}

// Coords gives the coordinates.
func (ds *Dataset) Coords() []*Variable {
	coord := ds.coordTest()
	return slices.DeleteFunc(ds.Vars(), func(v *Variable) bool { return !coord(v) })
}

// DataVars gives the variables that are not coordinates.
func (ds *Dataset) DataVars() []*Variable {
	return slices.DeleteFunc(ds.Vars(), ds.coordTest())
}

// coordTest gives a function that tells coordinates from other variables.
func (ds *Dataset) coordTest() func(*Variable) bool {
	named := ds.namedCoords()
	return func(v *Variable) bool { return v.ofDim() || ds.marked[v.name] || named[v.name] }
}

// ofDim reports whether v is the coordinate of a dimension.
func (v *Variable) ofDim() bool { return len(v.dims) == 1 && v.dims[0].Name == v.name }

// namedCoords gives the names in all attributes coordinates.
func (ds *Dataset) namedCoords() map[string]bool {
	names := map[string]bool{}
	add := func(attrs Attrs) {
		text, _ := attrs.Text("coordinates")
		for _, name := range strings.Fields(text) {
			names[name] = true
		}
	}
	add(ds.Attrs)
	for _, v := range ds.vars {
		add(v.Attrs)
	}
	return names
}

// maxPairs is for how many pairs of variables and coordinates it is written
// which belong together. A foreign dataset of thousands of both would otherwise
// grow by millions of names.
const maxPairs = 1 << 16

// coordinateAttrs gives the attributes coordinates that are still to be
// written, by variable, and that of the dataset, as xarray writes them
// (_encode_coordinates in its conventions.py). Attributes that are there stay
// as they are, so that what was read is written unchanged.
func (ds *Dataset) coordinateAttrs() (ofVars map[string]string, ofDataset string) {
	if len(ds.marked) == 0 {
		return nil, ""
	}
	dims := make(map[string]bool, len(ds.dims))
	for _, d := range ds.dims {
		dims[d.Name] = true
	}
	named := ds.namedCoords()
	fresh := map[string]bool{} // coordinates that no attribute names yet
	var coords []*Variable
	for _, c := range ds.Coords() {
		if dims[c.name] {
			continue
		}
		coords = append(coords, c)
		if !named[c.name] {
			fresh[c.name] = true
		}
	}
	ofVars = map[string]string{}
	vars := ds.DataVars()
	if len(vars)*len(coords) > maxPairs {
		vars = nil
	}
	for _, v := range vars {
		if _, ok := v.Attrs.Get("coordinates"); ok {
			continue
		}
		var names []string
		for _, c := range coords {
			if c.liesAlong(v) {
				names = append(names, c.name)
			}
		}
		if slices.ContainsFunc(names, func(name string) bool { return fresh[name] }) {
			slices.Sort(names)
			ofVars[v.name] = strings.Join(names, " ")
		}
	}
	for _, names := range ofVars {
		for _, name := range strings.Fields(names) {
			delete(fresh, name)
		}
	}
	return ofVars, strings.Join(slices.Sorted(maps.Keys(fresh)), " ")
}

// liesAlong reports whether w has all dimensions of v, so that v can be a
// coordinate of w.
func (v *Variable) liesAlong(w *Variable) bool {
	for _, d := range v.dims {
		if !slices.ContainsFunc(w.dims, func(e Dim) bool { return e.Name == d.Name }) {
			return false
		}
	}
	return true
}
