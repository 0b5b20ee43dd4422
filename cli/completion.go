package cli

import (
	"io"

	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/internal/requests"
)

type completionCommand struct {
	Shell string `arg:"" choices:"bash,zsh,fish" help:"The shell: bash, zsh or fish."`
}

func (c *completionCommand) run(s *session) error {
	script, err := cmdline.Script(c.Shell, s.program)
	if err != nil {
		return err
	}
	_, err = io.WriteString(s.Out, script)
	return err
}

// complete answers a completion script.
func (s *session) complete(words []string) error {
	module := s.modules[0]
	return s.parser().Complete(s.Out, words, map[string]func([]string) []string{
		"member": func([]string) []string { return memberNames(module) },
		"module": func([]string) (topics []string) {
			for _, m := range s.modules {
				topics = append(topics, m.Topic())
			}
			return topics
		},
		"request": func(before []string) []string {
			description := module.API()
			words := requests.Complete(&description, before)
			if len(before) == 0 {
				words = append(words, cmdline.OfferFiles)
			}
			return words
		},
	})
}
