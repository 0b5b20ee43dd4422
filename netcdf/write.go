package netcdf

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/dasf-go/dasf/internal/cdf"
)

// Format is a file format. The zero Format lets the size decide between CDF1
// and CDF2.
type Format uint8

// The NetCDF classic formats.
const (
	CDF1 Format = 1 // NETCDF3_CLASSIC, up to 2 GiB
	CDF2 Format = 2 // NETCDF3_64BIT_OFFSET, up to 4 GiB a variable
	CDF5 Format = 5 // NETCDF3_64BIT_DATA; SciPy and netcdfjs do not read it
)

// String gives the format's usual name, "CDF-1" and so on.
func (f Format) String() string { return cdf.Format(f).String() }

// WriteOptions say how a file is written.
type WriteOptions struct {
	// Format is the format to write. The zero Format is CDF1 where that is
	// large enough, else CDF2. Only CDF5 has the types UInt8 to UInt64; the
	// others store them as xarray does, in the int8, int16 or int32 that holds
	// the values, and it is an error if one does not fit.
	Format Format
	// FixedDims writes an unlimited dimension as a fixed one.
	FixedDims bool
}

// Write writes a dataset as a NetCDF classic file, in one pass and without a
// second copy of the values. nil options are the zero WriteOptions. Coordinates
// that SetCoords marked are written into attributes; everything else is written
// as it is.
func Write(w io.Writer, ds *Dataset, options *WriteOptions) error {
	if ds == nil {
		return errors.New("netcdf: the dataset is nil")
	}
	if options == nil {
		options = new(WriteOptions)
	}
	f, err := ds.encoding(encodingOptions{format: cdf.Format(options.Format), fixed: options.FixedDims})
	if err == nil {
		err = f.plan.WriteTo(w, f.data)
	}
	if err != nil {
		return fmt.Errorf("netcdf: %w", err)
	}
	return nil
}

// WriteFile writes a dataset into a file, which it makes or, once all is
// written, replaces. An error leaves an older file as it was.
func WriteFile(name string, ds *Dataset, options *WriteOptions) error {
	mode := os.FileMode(0o644)
	if info, err := os.Stat(name); err == nil {
		mode = info.Mode().Perm()
	}
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-")
	if err != nil {
		return err
	}
	err = errors.Join(Write(file, ds, options), file.Chmod(mode), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, errors.Join(err, os.Remove(file.Name())))
	}
	return nil
}

type encodingOptions struct {
	format cdf.Format // 0 for the smallest that will do
	fixed  bool       // no unlimited dimension
	fill   bool       // _FillValue = NaN for floats, as xarray writes it
}

// wire is how datasets travel: what every peer reads.
var wire = encodingOptions{fixed: true, fill: true}

// encoding is a dataset that is ready to be written.
type encoding struct {
	plan *cdf.Plan
	data []any
}

func (ds *Dataset) encoding(o encodingOptions) (*encoding, error) {
	if o.format != 0 {
		return ds.encodeIn(o)
	}
	o.format = cdf.Classic
	f, err := ds.encodeIn(o)
	if errors.Is(err, cdf.ErrTooLarge) {
		o.format = cdf.Offset64
		f, err = ds.encodeIn(o)
	}
	if errors.Is(err, cdf.ErrTooLarge) {
		err = fmt.Errorf("%w: write a file in the format CDF5, or send the data in parts", err)
	}
	return f, err
}

func (ds *Dataset) encodeIn(o encodingOptions) (*encoding, error) {
	h := &cdf.Header{Format: o.format}
	ids := make(map[string]int, len(ds.dims))
	for i, d := range ds.dims {
		ids[d.Name] = i
		h.Dims = append(h.Dims, cdf.Dim{Name: d.Name, Len: int64(d.Len), Unlimited: d.Unlimited && !o.fixed})
	}
	coordsOf, coords := ds.coordinateAttrs()
	attrs := ds.Attrs
	if coords != "" {
		attrs = attrs.withCoords(coords)
	}
	var err error
	if h.Attrs, err = attrs.header(o.format); err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	f := new(encoding)
	for _, v := range ds.vars {
		if err := v.Check(); err != nil {
			return nil, err
		}
		attrs := v.Attrs
		if names := coordsOf[v.name]; names != "" {
			attrs = attrs.with("coordinates", names)
		}
		if o.fill {
			attrs = attrs.withFill(v.Type())
		}
		out, err := v.header(o.format, ids, attrs)
		if err != nil {
			return nil, v.errorf("%w", err)
		}
		h.Vars = append(h.Vars, out)
		f.data = append(f.data, v.data)
	}
	f.plan, err = cdf.NewPlan(h)
	return f, err
}

func (v *Variable) header(format cdf.Format, ids map[string]int, attrs Attrs) (cdf.Var, error) {
	t, _, err := cdf.TypeOf(v.data)
	if err != nil {
		return cdf.Var{}, err
	}
	if format != cdf.Data64 {
		t = t.Narrowed()
	}
	out := cdf.Var{Name: v.name, Type: t, Dims: make([]int, len(v.dims))}
	for i, d := range v.dims {
		out.Dims[i] = ids[d.Name]
	}
	out.Attrs, err = attrs.header(format)
	return out, err
}

// withCoords adds names to the attribute coordinates of a dataset.
func (a Attrs) withCoords(names string) Attrs {
	text, ok := a.Text("coordinates")
	if !ok {
		return a.with("coordinates", names)
	}
	out := a.Clone()
	out.Set("coordinates", text+" "+names)
	return out
}

// withFill adds _FillValue = NaN as xarray does (its DefaultFillvalueCoder),
// but not beside a missing_value, with which xarray refuses to write the
// dataset again.
func (a Attrs) withFill(t Type) Attrs {
	for _, name := range []string{"_FillValue", "missing_value"} {
		if _, ok := a.Get(name); ok {
			return a
		}
	}
	switch t {
	case Float32:
		return a.with("_FillValue", float32(quietNaN))
	case Float64:
		return a.with("_FillValue", quietNaN)
	}
	return a
}
