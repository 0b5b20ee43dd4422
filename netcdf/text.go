package netcdf

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/dasf-go/dasf/internal/cdf"
)

// setBools stores booleans as xarray does (its BooleanCoder).
func (v *Variable) setBools(values []bool) {
	data := make([]int8, len(values))
	for i, b := range values {
		if b {
			data[i] = 1
		}
	}
	v.data = data
	v.Attrs.Set("dtype", "bool")
}

func (v *Variable) bools() ([]bool, error) {
	numbers, err := decodeIntegers[int64](v)
	if err != nil {
		return nil, err
	}
	text, _ := v.Attrs.Text("dtype")
	out := make([]bool, len(numbers))
	for i, n := range numbers {
		if n != 0 && n != 1 && text != "bool" {
			return nil, fmt.Errorf("the value at %s is %d, neither 0 nor 1, and no attribute dtype says bool", v.index(i), n)
		}
		out[i] = n != 0
	}
	return out, nil
}

// setStrings stores strings as xarray does in NetCDF3 (its EncodedStringCoder
// and CharacterArrayCoder): UTF-8, filled up with NUL to the length of the
// longest, at least one, which is a further dimension called after it.
func (v *Variable) setStrings(values []string) {
	width := 1
	for i, s := range values {
		width = max(width, len(s))
		if strings.HasSuffix(s, "\x00") || !utf8.ValidString(s) {
			v.err = fmt.Errorf("string number %d, %q, ends with a NUL character or is not UTF-8", i, s)
			return
		}
	}
	data := make(cdf.Chars, width*len(values))
	for i, s := range values {
		copy(data[i*width:], s)
	}
	v.data = data
	v.dims = append(v.dims, Dim{Name: fmt.Sprintf("string%d", width), Len: width})
	v.Attrs.Set("_Encoding", "utf-8")
}

func (v *Variable) strings() ([]string, error) {
	data, ok := v.data.(cdf.Chars)
	if !ok {
		return nil, fmt.Errorf("it is stored as %s, not as text", v.Type())
	}
	decode, err := v.decoder()
	if err != nil {
		return nil, err
	}
	width := 1
	if len(v.dims) > 0 {
		width = v.dims[len(v.dims)-1].Len
	}
	n := len(data)
	if width > 0 {
		n /= width
	} else if n = 1; len(v.dims) > 1 { // strings of no characters
		for _, d := range v.dims[:len(v.dims)-1] {
			n *= d.Len
		}
	}
	out := make([]string, n)
	for i := range out {
		if out[i], ok = decode(bytes.TrimRight(data[i*width:(i+1)*width], "\x00")); !ok {
			return nil, fmt.Errorf("string number %d is not UTF-8: set the attribute _Encoding (latin-1 is known), or take Raw", i)
		}
	}
	return out, nil
}

// decoder gives the function that makes a string of the bytes of one.
func (v *Variable) decoder() (func([]byte) (string, bool), error) {
	name, ok := v.Attrs.Text("_Encoding")
	if !ok {
		name = "utf-8"
	}
	switch strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name)) {
	case "utf8", "ascii", "usascii":
		return func(b []byte) (string, bool) { return string(b), utf8.Valid(b) }, nil
	case "latin1", "iso88591":
		return func(b []byte) (string, bool) {
			runes := make([]rune, len(b))
			for i, c := range b {
				runes[i] = rune(c)
			}
			return string(runes), true
		}, nil
	}
	return nil, fmt.Errorf("its attribute _Encoding is %q, of which utf-8, ascii and latin-1 are known: take Raw", name)
}
