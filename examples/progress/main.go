// Progress reports how far a computation is: to a Go client's OnProgress, to the
// terminal of a Go or Python client, or to a browser.
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/cli"
)

// RunStepsRequest holds the parameters of run_steps. A client that leaves the
// report out gets the one that the tag describes.
type RunStepsRequest struct {
	N        int                  `json:"n" default:"2" description:"Number of steps."`
	Delay    float64              `json:"delay" default:"0.1"`
	Reporter *dasf.ProgressReport `json:"reporter" default:"{\"step_message\":\"Running steps\",\"steps\":2}" description:"The report."`
}

// RunSteps runs some steps. The first has one of its own.
func RunSteps(ctx context.Context, r RunStepsRequest) (string, error) {
	r.Reporter.Submit()
	for i := range r.N {
		step := r.Reporter.Sub(fmt.Sprintf("step %d", i), 0)
		err := wait(ctx, r.Delay)
		if i == 0 && err == nil {
			err = step.Sub("nested", 0).Do(ctx, func(ctx context.Context) error { return wait(ctx, r.Delay) })
		}
		step.Complete(err)
		if err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("done %d", max(r.N, 0)), nil
}

// wait returns after a time, or when the caller gives up.
func wait(ctx context.Context, seconds float64) error {
	timer := time.NewTimer(time.Duration(min(seconds, 1e9) * float64(time.Second)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ReportFailRequest holds the parameters of report_fail.
type ReportFailRequest struct {
	Reporter *dasf.ProgressReport `json:"reporter" default:"{\"step_message\":\"Failing\"}"`
}

// ReportFail fails within a block that is reported about.
func ReportFail(ctx context.Context, r ReportFailRequest) (string, error) {
	err := r.Reporter.Do(ctx, func(context.Context) error {
		return errors.New("failed inside the report")
	})
	return "", err
}

func module() *dasf.Module {
	return dasf.NewModule(dasf.Config{Topic: "progress-topic"},
		dasf.Func("run_steps", RunSteps).Doc("Run some steps and report."),
		dasf.Func("report_fail", ReportFail))
}

func main() {
	cli.Main(module())
}
