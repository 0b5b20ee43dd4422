package main

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/dasf-go/dasf/internal/measure"
)

// runVariable makes the test binary the command itself, for the processes that
// bench starts.
const runVariable = "DASF_TEST_RUN"

func TestMain(m *testing.M) {
	if os.Getenv(runVariable) != "" {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func TestBench(t *testing.T) {
	t.Setenv(runVariable, "1")
	code, out, err := dasfCommand(t, "", nil, "bench", "--payload", "10", "--answer", "1K", "--values", "100",
		"--in-flight", "1,3", "--clients", "2", "--duration", "0.05", "--warm-up", "0", "--rounds", "2", "--output", "json")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, err)
	}
	var rows []benchRow
	if err := json.Unmarshal([]byte(out), &rows); err != nil {
		t.Fatal(err)
	}
	want := []measure.Load{
		{Payload: 10, Clients: 2, InFlight: 1}, {Payload: 10, Clients: 2, InFlight: 3},
		{Payload: 100, Answer: 1024, Clients: 2, InFlight: 1}, {Payload: 100, Answer: 1024, Clients: 2, InFlight: 3},
		{Values: 100, Clients: 2, InFlight: 1}, {Values: 100, Clients: 2, InFlight: 3},
	}
	if len(rows) != len(want) {
		t.Fatalf("%d rows, want %d", len(rows), len(want))
	}
	for i, row := range rows {
		load := row.Load
		load.WarmUp, load.Duration = 0, 0
		if load != want[i] {
			t.Errorf("row %d is of %+v, want %+v", i, load, want[i])
		}
		m := row.Median.Result
		if m.Calls < 1 || m.All < m.Calls || m.Bytes < int64(10*m.Calls) || m.P50 <= 0 || m.P90 < m.P50 || m.P99 < m.P90 || m.Max < m.P99 {
			t.Errorf("row %d: %+v", i, m)
		}
		if row.Median.Client.CPU <= 0 || row.Median.Backend.CPU <= 0 || row.Median.Broker == nil || row.Median.Broker.CPU <= 0 || len(row.Rounds) != 2 {
			t.Errorf("row %d: client %+v, backend %+v, broker %+v, %d rounds", i, row.Median.Client, row.Median.Backend, row.Median.Broker, len(row.Rounds))
		}
	}
}

func TestBenchOnABrokerThatRuns(t *testing.T) {
	t.Setenv(runVariable, "1")
	host, port, _ := strings.Cut(serve(t), ":")
	code, out, err := dasfCommand(t, "", nil, "bench", "-H", host, "-p", port, "--header", `{"authorization":"Token x"}`,
		"--payload", "10", "--in-flight", "2", "--duration", "0.05", "--warm-up", "0", "--rounds", "1")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, err)
	}
	for _, line := range []string{"calls/s", "10 B and back", "peak MiB"} {
		if !strings.Contains(out, line) {
			t.Errorf("%q is not in:\n%s", line, out)
		}
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if fields := strings.Fields(lines[len(lines)-1]); len(fields) != 12 || fields[7] != "-" || fields[10] != "-" {
		t.Errorf("the broker's own figures are not left out: %q", fields)
	}
}

func TestBenchSaysWhatIsWrong(t *testing.T) {
	t.Setenv(runVariable, "1")
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--in-flight", "0"}, 2, "--in-flight must be more than 0"},
		{[]string{"--payload", "100,x"}, 2, `"x" is no size`},
		{[]string{"--rounds", "0"}, 2, "--rounds must be more than 0"},
		{[]string{"--output", "xml"}, 2, "--output"},
		{[]string{"-H", "127.0.0.1", "-p", "1", "--rounds", "1"}, 1, "refused"},
	} {
		code, _, err := dasfCommand(t, "", nil, append([]string{"bench"}, tt.args...)...)
		if code != tt.code || !strings.Contains(err, tt.want) || strings.Count(err, "\n") != 1 {
			t.Errorf("%v: exit code %d, %q", tt.args, code, err)
		}
	}
}
