package main

import (
	"os"
	"strings"
	"testing"
)

// TestMain lets the test binary be a worker, too.
func TestMain(m *testing.M) {
	if os.Getenv("WORKER") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestEveryRequestIsAnsweredThoughAWorkerIsKilled(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"3 workers, 60 requests\n", "worker 2 is killed\n", "worker 1 answered ", "worker 3 answered ", "\n60 answers\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
