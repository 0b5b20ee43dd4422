package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dasf-go/dasf/internal/measure"
)

// A report is all that was measured, and where.
type report struct {
	Date     time.Time `json:"date"`
	Machine  string    `json:"machine"`
	Go       string    `json:"go"`
	Load     string    `json:"load_average,omitempty"` // before and after
	Rounds   int       `json:"rounds"`
	Duration string    `json:"duration"`
	Ratios   []ratio   `json:"ratios"`
	Figures  []figure  `json:"figures"`
}

func (r *runner) report(began time.Time) report {
	return report{
		Date: began, Machine: machine(), Go: runtime.Version(), Load: loadAverage(),
		Rounds: r.rounds, Duration: r.duration.String(), Ratios: r.ratios, Figures: r.figures,
	}
}

// machine is the processor's name, as far as the system tells, and their number.
func machine() string {
	name := runtime.GOARCH
	text, _ := os.ReadFile("/proc/cpuinfo") // elsewhere the architecture has to do
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			name = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%s, %d CPUs, %s", name, runtime.NumCPU(), runtime.GOOS)
}

// loadAverage is that of the system over 1, 5 and 15 minutes, this program
// included.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(text))
	if err != nil || len(fields) < 3 {
		return ""
	}
	return strings.Join(fields[:3], " ")
}

// print writes the ratios, and below them the figures.
func (r *runner) print(w io.Writer, began time.Time) error {
	p := r.report(began)
	fmt.Fprintf(w, "%s, %s, %s\n", p.Date.UTC().Format("2006-01-02 15:04 MST"), p.Machine, p.Go)
	fmt.Fprintf(w, "medians of %d rounds of %s; load average at the end: %s\n\n", p.Rounds, p.Duration, cmp.Or(p.Load, "not known"))
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "what\tmeasured\tgoal\t")
	for _, q := range r.ratios {
		goal, verdict := "", ""
		if has, met := q.reached(); has {
			sign := "at most"
			if q.AtLeast {
				sign = "at least"
			}
			goal = fmt.Sprintf("%s %s", sign, withUnit(q.Goal, q.Unit))
			if !met {
				verdict = "missed"
			}
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", q.What, withUnit(q.Value, q.Unit), goal, verdict)
	}
	if err := out.Flush(); err != nil || len(r.figures) == 0 {
		return err
	}
	fmt.Fprintln(w)
	out = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "load\tin flight\tclients\tcontender\tcalls/s\tMB/s\tp50 ms\tp99 ms\tmax ms\tCPU µs a call: client\tbroker\tbackend\tpeak MiB: client\tbroker\tbackend\t")
	last := ""
	for _, f := range r.figures {
		load := fmt.Sprintf("%s\t%d\t%d", f.Load, f.Load.InFlight, f.Load.Clients)
		if load != last && last != "" {
			fmt.Fprintln(out, strings.Repeat("\t", 15))
		}
		last = load
		m := f.Median
		fmt.Fprintf(out, "%s\t%s\t%.0f\t%.1f\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", load, f.Contender,
			m.Result.PerSecond(), m.Result.MBPerSecond(), milli(m.Result.P50), milli(m.Result.P99), milli(m.Result.Max),
			micro(m.Client), micro(m.Broker), micro(m.Backend), mebi(m.Client), mebi(m.Broker), mebi(m.Backend))
	}
	return out.Flush()
}

func withUnit(value float64, unit string) string {
	return strings.TrimSpace(fmt.Sprintf("%.3g %s", value, unit))
}

func milli(d time.Duration) string { return fmt.Sprintf("%.3g", float64(d)/1e6) }

func micro(u *measure.Usage) string {
	if u == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f", float64(u.CPU)/1e3)
}

func mebi(u *measure.Usage) string {
	if u == nil || u.PeakMemory == 0 {
		return "-"
	}
	return fmt.Sprintf("%d", u.PeakMemory>>20)
}
