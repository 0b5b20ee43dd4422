package netcdf_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/dasf-go/dasf/netcdf"
)

func base64JSON(file []byte) []byte {
	return []byte(strconv.Quote(base64.StdEncoding.EncodeToString(file)))
}

func addFiles(f *testing.F, add func([]byte)) {
	names, err := filepath.Glob("testdata/*.nc")
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		add(b)
	}
}

// FuzzValues decodes foreign files into every Go type, cuts them and sends
// them on.
func FuzzValues(f *testing.F) {
	addFiles(f, func(b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, b []byte) {
		var ds netcdf.Dataset
		if ds.UnmarshalJSON(base64JSON(b)) == nil {
			use(t, &ds)
		}
	})
}

// FuzzJSON reads foreign JSON.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"coords": {"x": {"dims": ["x"], "data": [1, 2.5]}}, "data_vars": {"v": {"dims": ["x"], "attrs": {"a": [1]}, "data": ["a", "b"]}}, "attrs": {"t": "u"}}`))
	f.Add([]byte(`{"v": {"dims": [], "data": null}}`))
	f.Add([]byte(`{"dims": ["x"], "data": [true, false], "coords": {}, "name": "n"}`))
	f.Add([]byte(`"Q0RGAQ\/A="`))
	addFiles(f, func(b []byte) { f.Add(base64JSON(b)) })
	f.Fuzz(func(t *testing.T, text []byte) {
		var ds netcdf.Dataset
		if ds.UnmarshalJSON(text) == nil {
			use(t, &ds)
		}
		var da netcdf.DataArray
		if da.UnmarshalJSON(text) == nil {
			if da.Check() == nil {
				if _, err := da.MarshalJSON(); err != nil && da.Variable.Len() == 0 {
					t.Error(err)
				}
			}
		}
	})
}

// use does with a foreign dataset what programs do; nothing may panic.
func use(t *testing.T, ds *netcdf.Dataset) {
	_ = ds.String()
	for _, v := range ds.Vars() {
		decode[float32](ds, v)
		decode[int](ds, v)
		decode[uint64](ds, v)
		decode[bool](ds, v)
		decode[string](ds, v)
		decode[time.Time](ds, v)
		decode[time.Duration](ds, v)
		if _, err := netcdf.Within(v, 0, 1); err == nil && len(v.Dims()) != 1 {
			t.Errorf("a range of %v", v)
		}
		if da, err := ds.DataArray(v.Name()); err != nil || da.Variable == nil {
			t.Errorf("%v: %v", v, err)
		}
	}
	for _, d := range ds.Dims() {
		if part, err := ds.Select(netcdf.Range{Dim: d.Name, Len: d.Len / 2}); err != nil {
			t.Errorf("half of %v: %v", d, err)
		} else if _, err := part.MarshalJSON(); err == nil && ds.Check() != nil && d.Len > 1 {
			t.Errorf("half of a dataset that can't be written is: %v", ds.Check())
		}
	}
	if ds.Check() != nil {
		return
	}
	text, err := ds.MarshalJSON()
	if err != nil {
		return // numbers that NetCDF3 does not have
	}
	var back netcdf.Dataset
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatalf("what was written can't be read: %v", err)
	}
	again, err := back.MarshalJSON()
	if err != nil || string(again) != string(text) {
		t.Fatalf("a second journey changes something: %v", err)
	}
}

func decode[T netcdf.Value](ds *netcdf.Dataset, v *netcdf.Variable) {
	_, _ = netcdf.Get[T](ds, v.Name())
}

// TestRoundTrip sends random datasets, in every format too.
func TestRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	for i := range 200 {
		ds := randomDataset(t, random)
		for _, format := range []netcdf.Format{0, netcdf.CDF1, netcdf.CDF2, netcdf.CDF5} {
			var file bytes.Buffer
			if err := netcdf.Write(&file, ds, &netcdf.WriteOptions{Format: format}); err != nil {
				t.Fatalf("dataset %d: %v\n%s", i, err, ds)
			}
			back, err := netcdf.Read(&file)
			if err != nil {
				t.Fatalf("dataset %d: %v\n%s", i, err, ds)
			}
			if !back.Equal(ds) {
				t.Fatalf("dataset %d in %s is\n%s, want\n%s", i, format, back, ds)
			}
		}
		use(t, ds)
	}
}

// randomDataset has types that every format has.
func randomDataset(t *testing.T, random *rand.Rand) *netcdf.Dataset {
	ds := new(netcdf.Dataset)
	dims := []netcdf.Dim{{Name: "time", Len: random.IntN(4), Unlimited: true}, {Name: "x", Len: 1 + random.IntN(4)}, {Name: "y", Len: 1 + random.IntN(4)}}
	for i := range random.IntN(6) {
		var own []netcdf.Dim
		n := 1
		for _, d := range dims {
			if random.IntN(2) == 0 {
				own = append(own, d)
				n *= d.Len
			}
		}
		name := "v" + strconv.Itoa(i)
		var v *netcdf.Variable
		switch random.IntN(7) {
		case 0:
			v = netcdf.NewVariable(name, make([]int8, n), own...)
		case 1:
			v = netcdf.NewVariable(name, make([]int16, n), own...)
		case 2:
			v = netcdf.NewVariable(name, make([]int32, n), own...)
		case 3:
			v = netcdf.NewVariable(name, make([]float32, n), own...)
		case 4:
			v = netcdf.NewVariable(name, make([]bool, n), own...)
		case 5:
			v = netcdf.NewVariable(name, make([]string, n), own...)
		default:
			values := make([]float64, n)
			for i := range values {
				values[i] = random.NormFloat64()
			}
			v = netcdf.NewVariable(name, values, own...)
		}
		if random.IntN(2) == 0 {
			v.SetAttr("units", "K").SetAttr("n", random.Int32())
		}
		if err := ds.Set(v); err != nil {
			t.Fatal(err)
		}
	}
	if random.IntN(2) == 0 {
		ds.Attrs.Set("crs", "EPSG:4326")
	}
	return ds
}
