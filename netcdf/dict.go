package netcdf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// The objects that xarray's to_dict gives and its from_dict takes.

// datasetOfDict reads {"coords": {NAME: VARIABLE}, "data_vars": {NAME:
// VARIABLE}, "attrs": {…}} or {NAME: VARIABLE}.
func datasetOfDict(text []byte) (*Dataset, error) {
	fields, err := objectFields(text)
	if err != nil {
		return nil, err
	}
	ds := new(Dataset)
	if fields.get("coords") == nil || fields.get("data_vars") == nil {
		return ds, ds.setDict(fields)
	}
	coords, err := objectFields(fields.get("coords"))
	if err != nil {
		return nil, fmt.Errorf("coords: %w", err)
	}
	if err := ds.setDict(coords); err != nil {
		return nil, fmt.Errorf("coords: %w", err)
	}
	names := make([]string, len(coords))
	for i, c := range coords {
		names[i] = c.name
	}
	if err := ds.SetCoords(names...); err != nil {
		return nil, err
	}
	vars, err := objectFields(fields.get("data_vars"))
	if err != nil {
		return nil, fmt.Errorf("data_vars: %w", err)
	}
	if err := ds.setDict(vars); err != nil {
		return nil, fmt.Errorf("data_vars: %w", err)
	}
	ds.Attrs, err = attrsOfDict(fields.get("attrs"))
	return ds, err
}

// setDict adds the variables of an object.
func (ds *Dataset) setDict(fields fields) error {
	vars := make([]*Variable, 0, len(fields))
	for _, f := range fields {
		v, err := variableOfDict(f.name, f.value)
		if err != nil {
			return fmt.Errorf("variable %q: %w", f.name, err)
		}
		vars = append(vars, v)
	}
	return ds.Set(vars...)
}

// arrayOfDict reads {"dims": […], "data": […], "attrs": {…}, "coords": {…},
// "name": …} and gives the dataset that the array travels as.
func arrayOfDict(text []byte) (*Dataset, error) {
	fields, err := objectFields(text)
	if err != nil {
		return nil, err
	}
	var name *string
	if raw := fields.get("name"); raw != nil {
		if err := json.Unmarshal(raw, &name); err != nil {
			return nil, fmt.Errorf("name: %w", err)
		}
	}
	da := new(DataArray)
	if da.Variable, err = variableOfDict("", text); err != nil {
		return nil, err
	}
	if name != nil {
		da.Variable = da.Renamed(*name)
	}
	if raw := fields.get("coords"); raw != nil {
		coords, err := objectFields(raw)
		if err != nil {
			return nil, fmt.Errorf("coords: %w", err)
		}
		for _, c := range coords {
			v, err := variableOfDict(c.name, c.value)
			if err != nil {
				return nil, fmt.Errorf("coordinate %q: %w", c.name, err)
			}
			da.Coords = append(da.Coords, v)
		}
	}
	return da.Dataset()
}

// variableOfDict reads {"dims": […], "data": […], "attrs": {…}}.
func variableOfDict(name string, text []byte) (*Variable, error) {
	fields, err := objectFields(text)
	if err != nil {
		return nil, err
	}
	for _, key := range []string{"dims", "data"} {
		if fields.get(key) == nil {
			return nil, fmt.Errorf("the key %q is missing", key)
		}
	}
	names, err := dimNames(fields.get("dims"))
	if err != nil {
		return nil, err
	}
	var data nested
	if err := data.read(fields.get("data")); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if len(data.shape) != len(names) {
		return nil, fmt.Errorf("dims names %d dimensions, and data has %d", len(names), len(data.shape))
	}
	dims := make([]Dim, len(names))
	for i, n := range names {
		dims[i] = Dim{Name: n, Len: data.shape[i]}
	}
	v := data.variable(name, dims)
	attrs, err := attrsOfDict(fields.get("attrs"))
	for _, a := range attrs {
		v.SetAttr(a.Name, a.Value)
	}
	return v, err
}

// dimNames reads "x" or ["x", "y"].
func dimNames(text []byte) ([]string, error) {
	var one string
	if json.Unmarshal(text, &one) == nil {
		return []string{one}, nil
	}
	var names []string
	if err := json.Unmarshal(text, &names); err != nil {
		return nil, fmt.Errorf("dims: %.50q is neither a name nor a list of names", text)
	}
	return names, nil
}

func attrsOfDict(text []byte) (Attrs, error) {
	if text == nil {
		return nil, nil
	}
	fields, err := objectFields(text)
	if err != nil {
		return nil, fmt.Errorf("attrs: %w", err)
	}
	var attrs Attrs
	for _, f := range fields {
		var data nested
		err := data.read(f.value)
		if err == nil && (string(f.value) == "null" || len(data.shape) > 1 || len(data.shape) == 1 && data.strings != nil) {
			err = errors.New("it is neither text, a number nor a list of numbers")
		}
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", f.name, err)
		}
		attrs = append(attrs, Attr{Name: f.name, Value: data.attr()})
	}
	return attrs, nil
}

// fields are those of a JSON object, in its order.
type fields []struct {
	name  string
	value json.RawMessage
}

func objectFields(text []byte) (fields, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	if t, err := dec.Token(); err != nil {
		return nil, err
	} else if t != json.Delim('{') {
		return nil, fmt.Errorf("%.50q is no object", text)
	}
	var out fields
	seen := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name, _ := t.(string) // an object's keys are strings
		if seen[name] {
			return nil, fmt.Errorf("the key %q occurs twice", name)
		}
		seen[name] = true
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		out = append(out, struct {
			name  string
			value json.RawMessage
		}{name, value})
	}
	_, err := dec.Token()
	return out, err
}

func (f fields) get(name string) json.RawMessage {
	for _, x := range f {
		if x.name == name {
			return x.value
		}
	}
	return nil
}

// nested are the values of nested lists, all of one kind.
type nested struct {
	shape    []int
	complete bool // the shape is known to its last dimension
	integers []int64
	floats   []float64 // nil unless there is a fraction or null
	strings  []string
	bools    []bool
}

// maxDepth is far beyond what arrays have; NumPy's limit is 64.
const maxDepth = 64

func (n *nested) read(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	return n.value(dec, 0)
}

func (n *nested) value(dec *json.Decoder, depth int) error {
	t, err := dec.Token()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('['):
		return n.list(dec, depth)
	case json.Delim('{'):
		return errors.New("an object is no value of an array")
	}
	if n.complete && depth != len(n.shape) || !n.complete && depth < len(n.shape) {
		return errors.New("the lists are not nested evenly")
	}
	n.complete = true
	return n.leaf(t)
}

func (n *nested) list(dec *json.Decoder, depth int) error {
	if depth == maxDepth {
		return fmt.Errorf("the lists are nested over %d deep", maxDepth)
	}
	first := depth == len(n.shape) && !n.complete
	if first {
		n.shape = append(n.shape, -1)
	} else if depth >= len(n.shape) {
		return errors.New("the lists are not nested evenly")
	}
	count := 0
	for ; dec.More(); count++ {
		if err := n.value(dec, depth+1); err != nil {
			return err
		}
	}
	if n.shape[depth] < 0 {
		n.shape[depth] = count
	}
	if n.shape[depth] != count {
		return fmt.Errorf("a list has %d elements, and one before it in its place %d", count, n.shape[depth])
	}
	n.complete = true
	_, err := dec.Token()
	return err
}

// leaf adds a value.
func (n *nested) leaf(t json.Token) error {
	switch x := t.(type) {
	case json.Number:
		return n.number(x)
	case nil:
		return n.float(quietNaN)
	case string:
		n.strings = append(n.strings, x)
	case bool:
		n.bools = append(n.bools, x)
	}
	return n.oneKind()
}

func (n *nested) number(x json.Number) error {
	if i, err := x.Int64(); err == nil && n.floats == nil {
		n.integers = append(n.integers, i)
		return n.oneKind()
	}
	f, err := x.Float64()
	if err != nil {
		return err
	}
	return n.float(f)
}

func (n *nested) float(f float64) error {
	for _, i := range n.integers {
		n.floats = append(n.floats, float64(i))
	}
	n.integers = nil
	n.floats = append(n.floats, f)
	return n.oneKind()
}

func (n *nested) oneKind() error {
	kinds := 0
	for _, some := range []bool{n.integers != nil || n.floats != nil, n.strings != nil, n.bools != nil} {
		if some {
			kinds++
		}
	}
	if kinds > 1 {
		return errors.New("numbers, strings and booleans are mixed")
	}
	return nil
}

func (n *nested) variable(name string, dims []Dim) *Variable {
	switch {
	case n.strings != nil:
		return NewVariable(name, n.strings, dims...)
	case n.bools != nil:
		return NewVariable(name, n.bools, dims...)
	case n.integers != nil:
		return NewVariable(name, n.integers, dims...)
	}
	return NewVariable(name, n.floats, dims...)
}

// attr gives the value of an attribute.
func (n *nested) attr() any {
	switch {
	case n.strings != nil:
		return n.strings[0]
	case n.bools != nil:
		out := make([]int8, len(n.bools))
		for i, b := range n.bools {
			if b {
				out[i] = 1
			}
		}
		return single(out)
	case n.integers != nil:
		return single(n.integers)
	}
	return single(n.floats)
}
