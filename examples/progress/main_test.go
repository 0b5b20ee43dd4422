package main

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/api/apitest"
)

func TestRunSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		got, err := dasf.Call[string](t.Context(), dasf.Local(module()), "run_steps", RunStepsRequest{N: 2, Delay: 1},
			dasf.OnProgress(func(r *dasf.ProgressReport) {
				seen = append(seen, fmt.Sprintf("%s %d/%d", r.Status(), r.Done(), r.Steps()))
			}))
		if err != nil || got != "done 2" {
			t.Errorf("got %q, %v", got, err)
		}
		last := seen[len(seen)-1]
		if last != "success 2/2" {
			t.Errorf("the last report is %s", last)
		}
	})
}

func TestReportFail(t *testing.T) {
	var seen []dasf.ReportStatus
	_, err := dasf.Call[string](t.Context(), dasf.Local(module()), "report_fail", nil,
		dasf.OnProgress(func(r *dasf.ProgressReport) { seen = append(seen, r.Status()) }))
	if dasf.CodeOf(err) != dasf.CodeExecution || seen[len(seen)-1] != dasf.ReportError {
		t.Errorf("got %v after %v", err, seen)
	}
}

func TestStepsEndWithTheirCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := RunSteps(ctx, RunStepsRequest{N: 2, Delay: 3600})
		if diff := cmp.Diff(context.Canceled.Error(), fmt.Sprint(err)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSchemaIsPythons(t *testing.T) {
	m := module()
	apitest.Golden(t, "progress", m.Schema(), m.API())
}

func Example() {
	_, _ = dasf.Call[string](context.Background(), dasf.Local(module()), "run_steps", RunStepsRequest{N: 2},
		dasf.OnProgress(func(r *dasf.ProgressReport) {
			if r.Status() != dasf.ReportRunning {
				fmt.Printf("%s: %d of %d steps, %s\n", r.Message(), r.Done(), r.Steps(), r.Status())
			}
		}))
	// Output: Running steps: 2 of 2 steps, success
}
