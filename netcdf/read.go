package netcdf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/dasf-go/dasf/internal/cdf"
)

// The reasons for which data is refused that a caller may want to tell apart
// with [errors.Is].
var (
	// ErrFormat says that data is not a NetCDF classic file.
	ErrFormat = cdf.ErrFormat
	// ErrNetCDF4 says that a file is NetCDF-4 (HDF5), which the command
	// nccopy -k classic IN.nc OUT.nc converts.
	ErrNetCDF4 = cdf.ErrHDF5
)

// Read reads a whole dataset. What the reader gives is taken to its end; from
// a file, and other readers that can seek, the values are read without a
// second copy.
func Read(r io.Reader) (*Dataset, error) {
	if at, ok := r.(interface {
		io.ReaderAt
		io.Seeker
	}); ok {
		if start, err := at.Seek(0, io.SeekCurrent); err == nil { // a pipe is a file that can't
			end, err := at.Seek(0, io.SeekEnd)
			if err != nil {
				return nil, err
			}
			return readDataset(io.NewSectionReader(at, start, end-start), end-start)
		}
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return readDataset(bytes.NewReader(data), int64(len(data)))
}

// ReadFile reads the dataset in a file.
func ReadFile(name string) (ds *Dataset, err error) {
	f, err := OpenFile(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if ds, err = f.Dataset(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return ds, nil
}

func readDataset(r io.ReaderAt, size int64) (*Dataset, error) {
	f, err := Open(r, size)
	if err != nil {
		return nil, err
	}
	return f.Dataset()
}

// File is a NetCDF classic file of which the header has been read. Its methods
// may be called concurrently.
type File struct {
	r      *cdf.Reader
	closer io.Closer
	vars   map[string]int
}

// Open reads the header of a file of size bytes. Variables are read by
// [File.Read] when they are wanted, so r must stay open.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f, err := open(r, size)
	if err != nil {
		return nil, fmt.Errorf("netcdf: %w", err)
	}
	return f, nil
}

func open(r io.ReaderAt, size int64) (*File, error) {
	reader, err := cdf.NewReader(r, size)
	if err != nil {
		return nil, err
	}
	f := &File{r: reader, vars: make(map[string]int, len(reader.Vars))}
	for i, v := range reader.Vars {
		f.vars[v.Name] = i
	}
	return f, nil
}

// OpenFile opens a file and reads its header. The caller closes it.
func OpenFile(name string) (*File, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	f, err := openFile(file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading %s: %w", name, err), file.Close())
	}
	f.closer = file
	return f, nil
}

func openFile(file *os.File) (*File, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file: use Read")
	}
	return Open(file, info.Size())
}

// Close closes a file that OpenFile opened; of one from Open it does nothing.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// Format is the file's format.
func (f *File) Format() Format { return Format(f.r.Format) }

// Attrs gives the attributes of the file.
func (f *File) Attrs() Attrs { return readAttrs(f.r.Attrs) }

// Dims gives the dimensions. A dimension of length 0 is the unlimited one of a
// file that has no records yet, or SciPy's form of an empty one; the formats
// do not tell them apart.
func (f *File) Dims() []Dim {
	dims := make([]Dim, len(f.r.Dims))
	for i, d := range f.r.Dims {
		dims[i] = Dim{Name: d.Name, Len: int(d.Len), Unlimited: d.Unlimited}
	}
	return dims
}

// Info describes a variable of a file that has not been read.
type Info struct {
	Name  string
	Type  Type
	Dims  []Dim
	Attrs Attrs
}

// Vars describes the variables.
func (f *File) Vars() []Info {
	infos := make([]Info, len(f.r.Vars))
	for i, v := range f.r.Vars {
		infos[i] = Info{Name: v.Name, Type: Type(v.Type), Dims: f.dimsOf(i), Attrs: readAttrs(v.Attrs)}
	}
	return infos
}

func (f *File) dimsOf(i int) []Dim {
	dims := make([]Dim, 0, len(f.r.Vars[i].Dims))
	for _, id := range f.r.Vars[i].Dims {
		d := f.r.Dims[id]
		dims = append(dims, Dim{Name: d.Name, Len: int(d.Len), Unlimited: d.Unlimited})
	}
	return dims
}

// Read reads a variable, or the part of it that the ranges select. Only its
// bytes are read of the file, and no more memory is taken than the values
// need. A dimension that no range names is read whole.
func (f *File) Read(name string, ranges ...Range) (*Variable, error) {
	i, ok := f.vars[name]
	if !ok {
		return nil, fmt.Errorf("netcdf: there is no variable %q in the file", name)
	}
	v := &Variable{name: name, dims: f.dimsOf(i), Attrs: readAttrs(f.r.Vars[i].Attrs)}
	spans, err := v.spansOf(ranges)
	if err != nil {
		return nil, err
	}
	if v.data, err = f.r.Read(i, spans); err != nil {
		return nil, fmt.Errorf("netcdf: %w", err)
	}
	v.setDims(spans)
	return v, nil
}

// Dataset reads everything.
func (f *File) Dataset() (*Dataset, error) {
	ds, err := f.dataset()
	if err != nil {
		return nil, fmt.Errorf("netcdf: %w", err)
	}
	return ds, nil
}

func (f *File) dataset() (*Dataset, error) {
	ds := &Dataset{Attrs: f.Attrs(), dims: f.Dims()}
	used := map[int]bool{}
	for i, info := range f.r.Vars {
		v := &Variable{name: info.Name, dims: f.dimsOf(i), Attrs: readAttrs(info.Attrs)}
		var err error
		if v.data, err = f.r.Read(i, f.r.All(i)); err != nil {
			return nil, err
		}
		ds.vars = append(ds.vars, v)
		for _, d := range info.Dims {
			used[d] = true
		}
	}
	for i, d := range ds.dims {
		if !used[i] {
			if ds.free == nil {
				ds.free = map[string]bool{}
			}
			ds.free[d.Name] = true
		}
	}
	return ds, nil
}
