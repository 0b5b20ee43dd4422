package cdf_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/dasf-go/dasf/internal/cdf"
)

// hostile are files that are refused, with what the error says.
var hostile = []struct{ name, want, file string }{
	{"empty", "not a NetCDF classic file", ``},
	{"text", "not a NetCDF classic file", `68656c6c6f`},
	{"short magic", "not a NetCDF classic file", `434446`},
	{"unknown version", "not a NetCDF classic file", `43444603 00000000`},
	{"HDF5", "nccopy -k classic", `89484446 0D0A1A0A`},
	{"header cut after the magic", "reading the header at offset 4", `43444601`},
	{"header cut", "reading the header at offset", `43444601 00000000 0000000A`},
	{"wrong tag", "list of dimensions: tag 0xb instead of 0xa", `43444601 00000000 0000000B 00000001 00000001 78000000 00000001`},
	{"tag without entries is no harm", "reading the header", `43444601 00000000 0000000A 00000000 00000000`},
	{"count without a tag", "list of dimensions: tag 0x0", `43444601 00000000 00000000 00000001 00000001 78000000 00000001`},
	{"more dimensions than bytes", "number of dimensions is 4294967295, for which", `43444601 00000000 0000000A FFFFFFFF 00000001 78000000 00000001`},
	{"negative number of dimensions", "number of dimensions at offset 16 is negative", `43444605 00000000 00000000 0000000A FFFFFFFF FFFFFFFF 00000001 78000000 00000001`},
	{"negative number of records", "number of records is negative", `43444605 FFFFFFFF FFFFFFFE 00000000 00000000 00000000 00000000`},
	{"name longer than the file", "header is cut short", `43444601 00000000 0000000A 00000001 7FFFFFFF 78000000 00000001`},
	{"nameless dimension", "a dimension at offset 20 has no name", `43444601 00000000 0000000A 00000001 00000000 00000003 00000000 00000000 00000000 00000000`},
	{"two dimensions of a name", `two dimensions are called "x"`,
		`43444601 00000000 0000000A 00000002 00000001 78000000 00000001 00000001 78000000 00000002 00000000 00000000 00000000 00000000`},
	{"attribute of unknown type", "type 12 is not known to CDF-1", `43444601 00000000 00000000 00000000 0000000C 00000001 00000001 61000000 0000000C 00000000 00000000 00000000`},
	{"attribute of type int64 in CDF-2", "int64 is not known to CDF-2", `43444602 00000000 00000000 00000000 0000000C 00000001 00000001 61000000 0000000A 00000000 00000000 00000000`},
	{"attribute of type 0", "type 0 is not known", `43444601 00000000 00000000 00000000 0000000C 00000001 00000001 61000000 00000000 00000000 00000000 00000000`},
	{"attribute longer than the file", `attribute "a" of the file: header is cut short`,
		`43444601 00000000 00000000 00000000 0000000C 00000001 00000001 61000000 00000006 7FFFFFFF 00000000 00000000`},
	{"attribute whose size overflows", `attribute "a" of the file`,
		`43444605 00000000 00000000 00000000 00000000 00000000 0000000C 00000000 00000001 00000000 00000001 61000000 00000006 20000000 00000001 00000000 00000000`},
	{"two attributes of a name", `the file has two attributes "a"`,
		`43444601 00000000 00000000 00000000 0000000C 00000002 00000001 61000000 00000001 00000000 00000001 61000000 00000001 00000000 00000000 00000000`},
	{"unknown dimension", `variable "v": dimension number 0 of 0`,
		`43444601 00000000 00000000 00000000 00000000 00000000 0000000B 00000001 00000001 76000000 00000001 00000000 00000000 00000000 00000004 00000004 00000048`},
	{"more dimensions of a variable than bytes", "number of dimensions of variable v is 2147483647",
		`43444601 00000000 00000000 00000000 00000000 00000000 0000000B 00000001 00000001 76000000 7FFFFFFF 00000000 00000000 00000000 00000004 00000004 00000048`},
	{"two variables of a name", `two variables are called "v"`, `43444601 00000000 00000000 00000000 00000000 00000000 0000000B 00000002
		00000001 76000000 00000000 00000000 00000000 00000004 00000004 00000060
		00000001 76000000 00000000 00000000 00000000 00000004 00000004 00000060 00000000`},
	{"values behind the end", `variable "v": its values reach beyond the end of the data at 68 bytes`,
		`43444601 00000000 00000000 00000000 00000000 00000000 0000000B 00000001 00000001 76000000 00000000 00000000 00000000 00000004 00000004 00000041 00000000`},
	{"values inside the header", `variable "v": its values begin at offset 4, inside the header of 64 bytes`,
		`43444601 00000000 00000000 00000000 00000000 00000000 0000000B 00000001 00000001 76000000 00000000 00000000 00000000 00000004 00000004 00000004 00000000`},
	{"negative offset", `variable "v" begins at a negative offset`,
		`43444602 00000000 00000000 00000000 00000000 00000000 0000000B 00000001 00000001 76000000 00000000 00000000 00000000 00000004 00000004 80000000 00000000 00000000`},
	{"offset that overflows", `variable "v": its values reach beyond`,
		`43444602 00000000 00000000 00000000 00000000 00000000 0000000B 00000001 00000001 76000000 00000000 00000000 00000000 00000004 00000004 7FFFFFFF FFFFFFFE 00000000`},
	{"record dimension that is not the first", `variable "v": the record dimension "t" is not its first`, `43444601 00000001
		0000000A 00000002 00000001 74000000 00000000 00000001 78000000 00000001 00000000 00000000
		0000000B 00000001 00000001 76000000 00000002 00000001 00000000 00000000 00000000 00000004 00000004 00000000`},
	{"two record dimensions", "more than one record dimension", `43444601 00000001
		0000000A 00000002 00000001 74000000 00000000 00000001 78000000 00000000 00000000 00000000
		0000000B 00000002 00000001 76000000 00000001 00000000 00000000 00000000 00000004 00000004 00000000
		00000001 77000000 00000001 00000001 00000000 00000000 00000004 00000004 00000000`},
	{"shape that overflows", "make more than 2^63 bytes", `43444605 00000000 00000000
		0000000A 00000000 00000001 00000000 00000001 78000000 7FFFFFFF FFFFFFFF 00000000 00000000 00000000
		0000000B 00000000 00000001 00000000 00000001 76000000 00000000 00000001 00000000 00000000 00000000 00000000 00000000 00000004 00000000 00000004 00000000 00000000`},
}

func TestForeignFilesAreRefused(t *testing.T) {
	for _, tt := range hostile {
		t.Run(tt.name, func(t *testing.T) {
			b := unhex(t, tt.file)
			_, err := cdf.NewReader(bytes.NewReader(b), int64(len(b)))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestKindOfRefusal(t *testing.T) {
	hdf5 := []byte("\x89HDF\r\n\x1a\n0123456789")
	if _, err := cdf.NewReader(bytes.NewReader(hdf5), int64(len(hdf5))); !errors.Is(err, cdf.ErrHDF5) {
		t.Errorf("HDF5: %v", err)
	}
	if _, err := cdf.NewReader(strings.NewReader("GIF89a"), 6); !errors.Is(err, cdf.ErrFormat) {
		t.Errorf("text: %v", err)
	}
}

// TestOverlappingVariables: a file of 26 kB whose 200 variables all claim the
// same 20 kB would otherwise become 4 MB.
func TestOverlappingVariables(t *testing.T) {
	h := &cdf.Header{Format: cdf.Classic, Dims: []cdf.Dim{{Name: "x", Len: 5000}}}
	for i := range 200 {
		h.Vars = append(h.Vars, cdf.Var{Name: string(rune('a'+i%26)) + strings.Repeat("v", i/26), Dims: []int{0}, Type: cdf.Int})
	}
	values := make([]int32, 5000)
	data := make([]any, 200)
	for i := range data {
		data[i] = values
	}
	b := write(t, h, data...)
	header := len(b) - 200*20000
	for at := 0; ; { // let each begin where the first does
		i := bytes.Index(b[at:header], []byte{0, 0, 0, 4, 0, 0, 0x4E, 0x20})
		if i < 0 {
			break
		}
		at += i + 8
		binary.BigEndian.PutUint32(b[at:], uint32(header))
	}
	b = b[:header+20000]
	if _, err := cdf.NewReader(bytes.NewReader(b), int64(len(b))); err == nil || !strings.Contains(err.Error(), "variables overlap") {
		t.Errorf("error %v", err)
	}
}

// TestCountsDoNotAllocate: a header that claims the most entries that its size
// allows, and has none of them.
func TestCountsDoNotAllocate(t *testing.T) {
	file := make([]byte, 8<<20)
	copy(file, "CDF\x01")
	file[11] = 0x0A
	binary.BigEndian.PutUint32(file[12:], uint32(len(file)/12-16))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := cdf.NewReader(bytes.NewReader(file), int64(len(file)))
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "has no name") {
		t.Errorf("error %v", err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("%d bytes allocated for nothing", got)
	}
}

func TestVariableOfManyDimensions(t *testing.T) {
	h := &cdf.Header{Format: cdf.Classic, Dims: []cdf.Dim{{Name: "x", Len: 1}}, Vars: []cdf.Var{{Name: "v", Dims: make([]int, 1024), Type: cdf.Int}}}
	b := write(t, h, []int32{1})
	if _, err := cdf.NewReader(bytes.NewReader(b), int64(len(b))); err != nil {
		t.Error(err)
	}
	at := bytes.Index(b, []byte{0, 0, 4, 0, 0, 0, 0, 0})
	many := slices.Concat(b[:at], []byte{0, 0, 4, 1, 0, 0, 0, 0}, b[at+4:])
	if _, err := cdf.NewReader(bytes.NewReader(many), int64(len(many))); err == nil || !strings.Contains(err.Error(), `variable "v" has 1025 dimensions`) {
		t.Errorf("error %v", err)
	}
	h.Vars[0].Dims = make([]int, 1025)
	if _, err := cdf.NewPlan(h); err == nil || !strings.Contains(err.Error(), `variable "v": 1025 dimensions`) {
		t.Errorf("error %v", err)
	}
}

func TestRecordCountWithoutRecords(t *testing.T) {
	h := &cdf.Header{Format: cdf.Data64, Dims: []cdf.Dim{{Name: "t", Unlimited: true}}}
	b := write(t, h)
	binary.BigEndian.PutUint64(b[4:], math.MaxInt64)
	if r := open(t, b); r.Dims[0].Len != math.MaxInt64 {
		t.Errorf("dimension is %+v", r.Dims[0])
	}
}

func FuzzReader(f *testing.F) {
	for format, text := range bySpecification {
		h, data := specified(format)
		b, err := encode(h, data)
		if err != nil {
			f.Fatal(err, text)
		}
		f.Add(b)
	}
	file, _, _ := cube(f)
	f.Add(file)
	for _, h := range hostile {
		f.Add(unhex(f, h.file))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := cdf.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		var data []any
		total := int64(0)
		for i := range r.Vars {
			values, err := r.Read(i, r.All(i))
			if err != nil {
				t.Fatalf("a checked variable can't be read: %v", err)
			}
			typ, n, err := cdf.TypeOf(values)
			if err != nil {
				t.Fatal(err)
			}
			total += n * typ.Size()
			data = append(data, values)
		}
		if total > int64(len(b)) {
			t.Fatalf("%d bytes of values from a file of %d", total, len(b))
		}
		rewrite(t, r, data)
	})
}

// rewrite checks that what was read is written so that it reads the same.
func rewrite(t *testing.T, r *cdf.Reader, data []any) {
	b, err := encode(&r.Header, data)
	if err != nil {
		return // its names may not be written, or several dimensions are empty
	}
	again, err := cdf.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatalf("what was written can't be read: %v", err)
	}
	for i := range again.Vars {
		values, err := again.Read(i, again.All(i))
		if err != nil {
			t.Fatal(err)
		}
		one, two := fileOf(t, data[i]), fileOf(t, values)
		if !bytes.Equal(one, two) { // bytes, for NaN
			t.Fatalf("variable %d changed", i)
		}
	}
}

// fileOf gives a file that holds the values.
func fileOf(t *testing.T, values any) []byte {
	typ, n, err := cdf.TypeOf(values)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, &cdf.Header{
		Format: cdf.Data64,
		Dims:   []cdf.Dim{{Name: "n", Len: n, Unlimited: true}},
		Vars:   []cdf.Var{{Name: "v", Dims: []int{0}, Type: typ}},
	}, values)
}
