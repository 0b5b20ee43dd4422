package main

import (
	"io"

	"github.com/dasf-go/dasf/internal/cmdline"
)

type completionCommand struct {
	Shell string `arg:"" choices:"bash,zsh,fish" help:"The shell: bash, zsh or fish."`
}

// Run prints a completion script.
func (c *completionCommand) Run(s streams) error {
	script, err := cmdline.Script(c.Shell, "dasf")
	if err != nil {
		return err
	}
	_, err = io.WriteString(s.out, script)
	return err
}
