package cli

import (
	"io"
	"os"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/progressview"
)

// ShowProgress runs call and shows its progress on w as the commands do: as a
// tree where w is a terminal, as lines elsewhere, or as the variable
// DASF_REPORT_SHOW_METHOD and the reports themselves say. It is for programs
// that call a backend by a generated client or by [dasf.Call]:
//
//	err := cli.ShowProgress(os.Stderr, func(show ...dasf.CallOption) error {
//		text, err = client.RunSteps(ctx, request, show...)
//		return err
//	})
//
// The options are for one call. It returns what call returns; a variable that
// has another value counts as AUTO.
func ShowProgress(w io.Writer, call func(show ...dasf.CallOption) error) error {
	mode, _ := progressview.ParseMethod(os.Getenv(progressview.Variable)) // Auto with an error
	view := progressview.New(progressview.Options{Out: w, Mode: mode})
	defer view.Close()
	return call(view.CallOptions()...)
}
