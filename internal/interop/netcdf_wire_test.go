//go:build interop

package interop_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/interop/peers"
	"github.com/dasf-go/dasf/netcdf"
)

// xarrayModule is the reference module of datasets.
func xarrayModule(t testing.TB, at peers.Endpoint, topic string) peers.Module {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "testdata", "golden", "xarray_data", "xarray_data.py"))
	if err != nil {
		t.Fatal(err)
	}
	return peers.Module{Path: path, Topic: topic, At: at}
}

type meanDataRequest struct {
	DS netcdf.Dataset `json:"ds"`
}

// startDatasets runs the Go twin of the reference module.
func startDatasets(t *testing.T, at peers.Endpoint, topic string) {
	t.Helper()
	x, y := netcdf.Dim{Name: "x", Len: 2}, netcdf.Dim{Name: "y", Len: 3}
	get := func(context.Context, dasf.None) (netcdf.Dataset, error) {
		ds, err := netcdf.NewDataset(
			netcdf.NewVariable("x", []int{10, 20}, x),
			netcdf.NewVariable("y", []float64{1, 2, 3}, y),
			netcdf.NewVariable("t2m", []float64{0, 1, 2, 3, 4, 5}, x, y))
		if err != nil {
			return netcdf.Dataset{}, err
		}
		ds.Attrs.Set("title", "demo")
		return *ds, nil
	}
	mean := func(_ context.Context, r meanDataRequest) (netcdf.Dataset, error) {
		values, err := netcdf.Get[float64](&r.DS, "t2m")
		if err != nil {
			return netcdf.Dataset{}, err
		}
		means := make([]float64, y.Len)
		for i, v := range values {
			means[i%y.Len] += v / float64(x.Len)
		}
		coord, err := r.DS.Var("y")
		if err != nil {
			return netcdf.Dataset{}, err
		}
		ds, err := netcdf.NewDataset(coord, netcdf.NewVariable("t2m", means, y))
		if err != nil {
			return netcdf.Dataset{}, err
		}
		return *ds, nil
	}
	ready := make(chan struct{})
	m := dasf.NewModule(dasf.Config{Topic: topic, Logger: newLog(t, "go-backend"), Ready: func() { close(ready) }},
		dasf.Func("get_data", get), dasf.Func("mean_data", mean))
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx, connect(t, at)) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("running the Go backend: %v", err)
		}
	})
	await(t, ready, "the Go backend")
}

// TestPythonStubReceivesAndSendsDatasets: the stub that demessaging generated of
// its own module, against the Go twin and against the original.
func TestPythonStubReceivesAndSendsDatasets(t *testing.T) {
	at := embedded("")(t)
	topic := lab.Topic("datasets")
	stub := lab.Stub(t, xarrayModule(t, at, topic))
	startDatasets(t, at, topic)
	got := lines[foundDataset](t, "", lab.Python(), netcdfFile(t, "client.py"), stub)
	if len(got) != 2 {
		t.Fatalf("%d datasets", len(got))
	}
	compareDecoded(t, dataset(t,
		netcdf.NewVariable("x", []int{10, 20}, netcdf.Dim{Name: "x", Len: 2}),
		netcdf.NewVariable("y", []float64{1, 2, 3}, netcdf.Dim{Name: "y", Len: 3}),
		netcdf.NewVariable("t2m", []float64{0, 1, 2, 3, 4, 5}, netcdf.Dim{Name: "x", Len: 2}, netcdf.Dim{Name: "y", Len: 3})), &got[0])
	compareDecoded(t, means(t), &got[1])
}

func dataset(t *testing.T, vars ...*netcdf.Variable) *netcdf.Dataset {
	t.Helper()
	ds, err := netcdf.NewDataset(vars...)
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

func means(t *testing.T) *netcdf.Dataset {
	y := netcdf.Dim{Name: "y", Len: 3}
	return dataset(t, netcdf.NewVariable("y", []float64{1, 2, 3}, y), netcdf.NewVariable("t2m", []float64{1.5, 2.5, 3.5}, y))
}

// TestGoClientReceivesAndSendsDatasets: the original module as backend.
func TestGoClientReceivesAndSendsDatasets(t *testing.T) {
	at := embedded("")(t)
	topic := lab.Topic("datasets")
	lab.StartPythonBackend(t, xarrayModule(t, at, topic))
	c := dialGo(t, at, topic).(goClient).Client
	ds, err := dasf.Call[netcdf.Dataset](within(t), c, "get_data", dasf.None{})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := netcdf.Get[float64](&ds, "t2m"); err != nil || len(v) != 6 || v[5] != 5 {
		t.Errorf("get_data gives %v, %v", v, err)
	}
	mean, err := dasf.Call[netcdf.Dataset](within(t), c, "mean_data", meanDataRequest{ds})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range means(t).Vars() {
		got, err := mean.Var(want.Name())
		if err != nil {
			t.Error(err)
			continue
		}
		if w, g := plainNumbers(t, want), plainNumbers(t, got); len(w) != len(g) || w[0] != g[0] || w[2] != g[2] {
			t.Errorf("%v is %v, want %v", got, g, w)
		}
	}
}
