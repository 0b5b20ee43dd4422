// Package metrics serves what a program counts in Prometheus' text format. The
// broker and a backend use the same, so that both report the process alike.
package metrics

import (
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Handler serves what own collects, and what there is to say about the process.
// There is no registry but the one made here: two handlers of one program know
// nothing of each other. Errors of collecting go to the logger.
func Handler(logger *slog.Logger, own ...prometheus.Collector) (http.Handler, error) {
	r := prometheus.NewRegistry()
	for _, c := range append([]prometheus.Collector{
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		buildInfo(),
	}, own...) {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
		MaxRequestsInFlight: 4, // each walks over all topics
	}), nil
}

// buildInfo is the constant 1 with the version as a label, as is the custom.
func buildInfo() prometheus.Collector {
	version, goVersion := "unknown", "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version, goVersion = info.Main.Version, info.GoVersion
	}
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "dasf_build_info", Help: "A constant 1, labelled with the version of the program.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": goVersion},
	}, func() float64 { return 1 })
}
