package netcdf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dasf-go/dasf/internal/cdf"
)

// Attr is an attribute of a variable or of a dataset.
type Attr struct {
	Name string
	// Value is a string, or a number or a slice of numbers of one of the types
	// int8 to int64, uint8 to uint64, float32 and float64. An int counts as
	// an int64, a bool as an int8. Read from a file, a single number is not a
	// slice.
	Value any
}

// Attrs are the attributes of a variable or of a dataset, in the order of the
// file.
type Attrs []Attr

// Get gives the value of an attribute.
func (a Attrs) Get(name string) (value any, ok bool) {
	if i := a.index(name); i >= 0 {
		return a[i].Value, true
	}
	return nil, false
}

// Text gives the value of an attribute that is text, without the NUL
// characters at its end that some writers leave there.
func (a Attrs) Text(name string) (text string, ok bool) {
	value, _ := a.Get(name)
	text, ok = value.(string)
	return strings.TrimRight(text, "\x00"), ok
}

// Number gives the value of an attribute that is one number.
func (a Attrs) Number(name string) (number float64, ok bool) {
	value, _ := a.Get(name)
	if n := numbers(value); len(n) == 1 {
		return n[0].float, true
	}
	return 0, false
}

// Set sets an attribute, a new one behind the others. A value of a type that
// [Attr] does not list is reported when the dataset is checked or written.
func (a *Attrs) Set(name string, value any) {
	if i := a.index(name); i >= 0 {
		(*a)[i].Value = value
		return
	}
	*a = append(*a, Attr{Name: name, Value: value})
}

// Delete takes an attribute away, if there is one of that name.
func (a *Attrs) Delete(name string) {
	*a = slices.DeleteFunc(*a, func(x Attr) bool { return x.Name == name })
}

// Decoded gives a copy without the attributes that tell how values are stored
// (_FillValue, missing_value, scale_factor, add_offset and _Unsigned): those of
// a variable that is made of what [Values] gave.
func (a Attrs) Decoded() Attrs {
	return slices.DeleteFunc(a.Clone(), func(x Attr) bool {
		switch x.Name {
		case "_FillValue", "missing_value", "scale_factor", "add_offset", "_Unsigned":
			return true
		}
		return false
	})
}

// Clone gives a copy that can be changed without changing a.
func (a Attrs) Clone() Attrs { return slices.Clone(a) }

func (a Attrs) index(name string) int {
	return slices.IndexFunc(a, func(x Attr) bool { return x.Name == name })
}

// with is a copy of a that has one more attribute.
func (a Attrs) with(name string, value any) Attrs {
	return append(a[:len(a):len(a)], Attr{Name: name, Value: value})
}

// attrValues gives the slice that a file stores for the value of an attribute.
func attrValues(value any) (any, error) {
	switch v := value.(type) {
	case string:
		return cdf.Chars(v), nil
	case bool:
		if v {
			return []int8{1}, nil
		}
		return []int8{0}, nil
	case int:
		return []int64{int64(v)}, nil
	case []int:
		return widen(v), nil
	case int8:
		return []int8{v}, nil
	case int16:
		return []int16{v}, nil
	case int32:
		return []int32{v}, nil
	case int64:
		return []int64{v}, nil
	case uint8:
		return []uint8{v}, nil
	case uint16:
		return []uint16{v}, nil
	case uint32:
		return []uint32{v}, nil
	case uint64:
		return []uint64{v}, nil
	case float32:
		return []float32{v}, nil
	case float64:
		return []float64{v}, nil
	case []string:
		return nil, fmt.Errorf("a list of strings has no NetCDF type: join them into one")
	}
	if _, _, err := cdf.TypeOf(value); err != nil {
		return nil, fmt.Errorf("a value of type %T has no NetCDF type: use a string, a number or a slice of numbers", value)
	}
	return value, nil
}

// attrOf gives the value of an attribute that a file stores as values.
func attrOf(values any) any {
	switch v := values.(type) {
	case cdf.Chars:
		return string(v)
	case []int8:
		return single(v)
	case []int16:
		return single(v)
	case []int32:
		return single(v)
	case []int64:
		return single(v)
	case []uint8:
		return single(v)
	case []uint16:
		return single(v)
	case []uint32:
		return single(v)
	case []uint64:
		return single(v)
	case []float32:
		return single(v)
	case []float64:
		return single(v)
	}
	return values
}

func single[T any](values []T) any {
	if len(values) == 1 {
		return values[0]
	}
	return values
}

func widen(values []int) []int64 {
	out := make([]int64, len(values))
	for i, v := range values {
		out[i] = int64(v)
	}
	return out
}

func (a Attrs) validate() error {
	seen := make(map[string]bool, len(a))
	for _, x := range a {
		if err := cdf.CheckName(x.Name); err != nil {
			return fmt.Errorf("attribute %q: %w", x.Name, err)
		}
		if seen[x.Name] {
			return fmt.Errorf("there are two attributes %q", x.Name)
		}
		seen[x.Name] = true
		if _, err := attrValues(x.Value); err != nil {
			return fmt.Errorf("attribute %q: %w", x.Name, err)
		}
	}
	return nil
}

// readAttrs and header translate between the attributes of files and ours.

func readAttrs(attrs []cdf.Attr) Attrs {
	var out Attrs
	for _, a := range attrs {
		out = append(out, Attr{Name: a.Name, Value: attrOf(a.Value)})
	}
	return out
}

// header gives the attributes as a file of the format has them.
func (a Attrs) header(format cdf.Format) ([]cdf.Attr, error) {
	var out []cdf.Attr
	for _, x := range a {
		values, err := attrValues(x.Value)
		if err == nil && format != cdf.Data64 {
			var ok bool
			if values, ok = cdf.Narrow(values); !ok {
				err = fmt.Errorf("%v does not fit the types of %s", x.Value, format)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", x.Name, err)
		}
		out = append(out, cdf.Attr{Name: x.Name, Value: values})
	}
	return out, nil
}

func (a Attrs) equal(b Attrs) bool {
	return slices.EqualFunc(a, b, func(x, y Attr) bool {
		v, err := attrValues(x.Value)
		w, err2 := attrValues(y.Value)
		return x.Name == y.Name && err == nil && err2 == nil && equalValues(v, w)
	})
}
