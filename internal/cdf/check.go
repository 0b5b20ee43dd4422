package cdf

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// check refuses a header that no file of its format can hold.
func check(h *Header) error {
	if !h.Format.valid() {
		return fmt.Errorf("%s is not a format: 1, 2 and 5 are", h.Format)
	}
	if err := checkDims(h); err != nil {
		return err
	}
	if err := checkAttrs("the file", h.Attrs); err != nil {
		return err
	}
	names := make(map[string]bool, len(h.Vars))
	for i := range h.Vars {
		v := &h.Vars[i]
		if err := CheckName(v.Name); err != nil {
			return fmt.Errorf("variable %q: %w", v.Name, err)
		}
		if names[v.Name] {
			return fmt.Errorf("two variables are called %q", v.Name)
		}
		names[v.Name] = true
		if err := checkVar(h, v); err != nil {
			return fmt.Errorf("variable %q: %w", v.Name, err)
		}
	}
	return nil
}

// checkDims also sees to it that at most one dimension has the length zero:
// a file says of its record dimension that its length is zero, so another one
// would be taken for it.
func checkDims(h *Header) error {
	zero := ""
	names := make(map[string]bool, len(h.Dims))
	for _, d := range h.Dims {
		if err := CheckName(d.Name); err != nil {
			return fmt.Errorf("dimension %q: %w", d.Name, err)
		}
		if names[d.Name] {
			return fmt.Errorf("two dimensions are called %q", d.Name)
		}
		names[d.Name] = true
		if d.Len < 0 {
			return fmt.Errorf("dimension %q has the length %d", d.Name, d.Len)
		}
		if d.Len > 0 && !d.Unlimited {
			continue
		}
		if zero != "" {
			return fmt.Errorf("dimensions %q and %q are both unlimited or of length 0, of which a NetCDF classic file can have one", zero, d.Name)
		}
		zero = d.Name
	}
	return nil
}

func checkVar(h *Header, v *Var) error {
	if !v.Type.In(h.Format) {
		return fmt.Errorf("%s has no type %s", h.Format, v.Type)
	}
	if len(v.Dims) > maxDims {
		return fmt.Errorf("%d dimensions, more than %d", len(v.Dims), maxDims)
	}
	for k, d := range v.Dims {
		if d < 0 || d >= len(h.Dims) {
			return fmt.Errorf("dimension number %d of %d", d, len(h.Dims))
		}
		if dim := h.Dims[d]; k > 0 && (dim.Unlimited || dim.Len == 0) {
			return fmt.Errorf("dimension %q is unlimited or of length 0 and must be the first in a NetCDF classic file", dim.Name)
		}
	}
	return checkAttrs("it", v.Attrs)
}

func checkAttrs(of string, attrs []Attr) error {
	names := make(map[string]bool, len(attrs))
	for _, a := range attrs {
		if err := CheckName(a.Name); err != nil {
			return fmt.Errorf("attribute %q: %w", a.Name, err)
		}
		if names[a.Name] {
			return fmt.Errorf("%s has two attributes %q", of, a.Name)
		}
		names[a.Name] = true
	}
	return nil
}

// CheckName refuses what may not name a dimension, variable or attribute: an
// ASCII letter, a digit, an underscore or a character outside ASCII comes
// first, then all printing characters but a slash, no space at the end. The C
// library has the same rule.
func CheckName(name string) error {
	if name == "" {
		return errors.New("the name is empty")
	}
	if !utf8.ValidString(name) {
		return errors.New("the name is not UTF-8")
	}
	if c := name[0]; c < utf8.RuneSelf && c != '_' && !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
		return errors.New("a name begins with a letter, a digit or an underscore")
	}
	for _, c := range name {
		if c < ' ' || c == '/' || c == 0x7F {
			return fmt.Errorf("the name contains %q", c)
		}
	}
	if name[len(name)-1] == ' ' {
		return errors.New("the name ends with a space")
	}
	return nil
}
