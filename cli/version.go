package cli

import (
	"fmt"
	"runtime/debug"
)

const modulePath = "github.com/dasf-go/dasf"

// printVersion prints the versions of the program and of this library.
func (s *session) printVersion() error {
	program, library := "(unknown)", "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok {
		program = info.Main.Version
		if info.Main.Path == modulePath {
			library = info.Main.Version
		}
		for _, dep := range info.Deps {
			if dep.Path == modulePath {
				library = dep.Version
			}
		}
	}
	_, err := fmt.Fprintf(s.Out, "%s %s (%s %s)\n", s.program, program, modulePath, library)
	return err
}
