package shell

import (
	"go.starlark.net/starlark"

	"github.com/dasf-go/dasf"
)

// Complete returns what a word at the end of text may become in a new shell.
func Complete(a *dasf.API, text string) (word string, candidates []string) {
	s := &shell{Options: Options{API: a}, globals: starlark.StringDict{}}
	predeclare(s)
	s.globals["mine"] = starlark.None
	s.globals["_"] = starlark.None
	return s.complete(text)
}
