package netcdf_test

import (
	"bytes"
	"encoding/json"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/dasf-go/dasf/netcdf"
)

// large is a dataset of mib MiB of float32.
func large(tb testing.TB, mib int) *netcdf.Dataset {
	tb.Helper()
	y, x := netcdf.Dim{Name: "y", Len: mib * 256}, netcdf.Dim{Name: "x", Len: 1024}
	values := make([]float32, y.Len*x.Len)
	for i := range values {
		values[i] = float32(i)
	}
	ds, err := netcdf.NewDataset(netcdf.NewVariable("v", values, y, x))
	if err != nil {
		tb.Fatal(err)
	}
	return ds
}

// BenchmarkEncode writes 10 MiB of float32.
func BenchmarkEncode(b *testing.B) {
	ds := large(b, 10)
	b.SetBytes(10 << 20)
	b.ReportAllocs()
	for b.Loop() {
		if err := netcdf.Write(io.Discard, ds, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecode reads 10 MiB of float32, allocating the values.
func BenchmarkDecode(b *testing.B) {
	var file bytes.Buffer
	if err := netcdf.Write(&file, large(b, 10), nil); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(10 << 20)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := netcdf.Read(bytes.NewReader(file.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkJSON is 10 MiB of float32 to and from the JSON string.
func BenchmarkJSON(b *testing.B) {
	ds := large(b, 10)
	text, err := ds.MarshalJSON()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.SetBytes(10 << 20)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ds.MarshalJSON(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(10 << 20)
		b.ReportAllocs()
		for b.Loop() {
			if err := new(netcdf.Dataset).UnmarshalJSON(text); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkHyperslab reads parts of 40 MiB.
func BenchmarkHyperslab(b *testing.B) {
	var file bytes.Buffer
	if err := netcdf.Write(&file, large(b, 40), nil); err != nil {
		b.Fatal(err)
	}
	f, err := netcdf.Open(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		b.Fatal(err)
	}
	for name, ranges := range map[string][]netcdf.Range{
		"rows":    {{Dim: "y", Start: 1000, Len: 256}},
		"column":  {{Dim: "x", Start: 500, Len: 1}},
		"window":  {{Dim: "y", Start: 1000, Len: 512}, {Dim: "x", Start: 256, Len: 512}},
		"strided": {{Dim: "y", Len: 1024, Step: 10}, {Dim: "x", Len: 256, Step: 4}},
	} {
		b.Run(name, func(b *testing.B) {
			v, err := f.Read("v", ranges...)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(4 * v.Len()))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.Read("v", ranges...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkValues(b *testing.B) {
	n := netcdf.Dim{Name: "n", Len: 1 << 20}
	packed := netcdf.NewVariable("v", make([]int16, n.Len), n).SetAttr("scale_factor", 0.01).SetAttr("add_offset", 273.15).SetAttr("_FillValue", int16(-1))
	times := netcdf.NewVariable("v", make([]int32, n.Len), n).SetAttr("units", "hours since 1900-01-01")
	b.Run("packed", func(b *testing.B) {
		b.SetBytes(int64(4 * n.Len))
		for b.Loop() {
			if _, err := netcdf.Values[float32](packed); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("times", func(b *testing.B) {
		b.SetBytes(int64(4 * n.Len))
		for b.Loop() {
			if _, err := netcdf.Values[time.Time](times); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestMemory: beside its text a dataset takes little when it is encoded, and
// beside its values when it is decoded.
func TestMemory(t *testing.T) {
	const mib = 4
	ds := large(t, mib)
	var text []byte
	allocated := func(what string, limit float64, fn func() error) {
		t.Helper()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		if err := fn(); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if got := float64(after.TotalAlloc-before.TotalAlloc) / (mib << 20); got > limit {
			t.Errorf("%s allocates %.2f times the data, want at most %.2f", what, got, limit)
		}
	}
	allocated("MarshalJSON", 1.4, func() (err error) { text, err = ds.MarshalJSON(); return err })
	allocated("UnmarshalJSON", 1.1, func() error { return new(netcdf.Dataset).UnmarshalJSON(text) })
	allocated("Write", 0.1, func() error { return netcdf.Write(io.Discard, ds, nil) })
	if !json.Valid(text) {
		t.Error("the text is no JSON")
	}
}
