//go:build interop

package interop_test

import (
	"context"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/cli"
	"github.com/dasf-go/dasf/internal/measure"
	"github.com/dasf-go/dasf/netcdf"
)

// datasetVariable makes the test binary a backend with one large dataset.
const datasetVariable = "DASF_INTEROP_DATASET"

// largeDataset is the backend's main; its data are 100 MB of float32.
func largeDataset() int {
	const times, lats, lons = 100, 500, 500
	values := make([]float32, times*lats*lons)
	for i := range values {
		values[i] = float32(i%1000) / 8
	}
	get := func(context.Context, dasf.None) (netcdf.Dataset, error) {
		ds, err := netcdf.NewDataset(netcdf.NewVariable("t2m", values, netcdf.Dim{Name: "time", Len: times},
			netcdf.Dim{Name: "lat", Len: lats}, netcdf.Dim{Name: "lon", Len: lons}))
		if err != nil {
			return netcdf.Dataset{}, err
		}
		return *ds, nil
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return cli.Run(ctx, os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Environ(),
		dasf.NewModule(dasf.Config{Topic: "large-dataset"}, dasf.Func("get_data", get)))
}

// BenchmarkLargeDatasetToPython: 100 MB from a Go backend, a process of its
// own, through the embedded broker to a generated Python stub, beside what
// base64, json and xarray alone take in Python to read the same data.
func BenchmarkLargeDatasetToPython(b *testing.B) {
	at := embedded("non-persistent")(b)
	host, port, err := net.SplitHostPort(at.Addr)
	if err != nil {
		b.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	environ, connection := []string{datasetVariable + "=1"}, []string{"--host", host, "--port", port}
	run := func(args ...string) *measure.Process {
		p, err := measure.Start(b.Context(), environ, program, append(connection, args...)...)
		if err != nil {
			b.Fatal(err)
		}
		return p
	}
	stub := filepath.Join(b.TempDir(), "stub.py")
	writer := run("generate")
	text, err := writer.Rest()
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(stub, text, 0o600); err != nil {
		b.Fatal(err)
	}
	backend := run("listen")
	for line := ""; !strings.Contains(line, "waiting for incoming request"); {
		if line, err = backend.Line(); err != nil {
			b.Fatal(err)
		}
	}
	go func() { _, _ = backend.Rest() }() // its log; ends with the process
	type seconds struct{ Size, Call, Alone float64 }
	var got seconds
	for b.Loop() {
		got = lines[seconds](b, "", lab.Python(), netcdfFile(b, "large.py"), stub)[0]
	}
	usage, err := backend.Interrupt()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(got.Call, "s")
	b.ReportMetric(got.Call/got.Alone, "times-Python-alone")
	b.ReportMetric(float64(usage.PeakMemory)/got.Size, "times-data-in-backend")
}
