package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/progressview"
	"github.com/dasf-go/dasf/internal/requests"
	"github.com/dasf-go/dasf/transport"
)

type computeCommand struct {
	progressview.Flags
	Request []string `arg:"" name:"request" complete:"request" help:"The request to run."`
}

// Help is the second part of the command's help.
func (c *computeCommand) Help() string { return requests.Help }

func (c *computeCommand) run(s *session) error {
	request, err := s.readRequest(c.Request)
	if err != nil {
		return err
	}
	result, err := s.show(c.Progress).do(s.ctx, dasf.Local(s.module), request)
	if err != nil {
		return err
	}
	return s.printResult(result)
}

// readRequest makes a request of the arguments of a command.
func (s *session) readRequest(words []string) (json.RawMessage, error) {
	r := requests.Reader{In: s.In, API: func() (*dasf.API, error) {
		description := s.module.API()
		return &description, nil
	}}
	return r.Read(words)
}

func (s *session) printResult(result json.RawMessage) error {
	_, err := s.Out.Write(append(result, '\n'))
	return err
}

type sendRequestCommand struct {
	progressview.Flags
	Request []string `arg:"" name:"request" complete:"request" help:"The request to send."`
}

// Help is the second part of the command's help.
func (c *sendRequestCommand) Help() string { return requests.Help }

func (c *sendRequestCommand) run(s *session) (err error) {
	request, err := s.readRequest(c.Request)
	if err != nil {
		return err
	}
	if err := s.module.Validate(request); err != nil {
		return fmt.Errorf("error validating request: %w", err)
	}
	client, err := s.dial()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	result, err := s.show(c.Progress).do(s.ctx, client, request)
	if err != nil {
		return err
	}
	return s.printResult(result)
}

// dial connects to the module's topic as a client.
func (s *session) dial() (*dasf.Client, error) {
	s.logger.Debug("connecting", "url", s.endpoint.URL(s.module.Topic(), ""), "decided by", s.endpoint.Decided.String())
	return dasf.Dial(s.ctx, s.broker(transport.Options{FailFast: true}), s.module.Topic(), dasf.WithLogger(s.logger))
}

// A shower shows the progress of the calls of a command.
type shower struct {
	session *session
	mode    progressview.Mode
}

func (s *session) show(mode progressview.Mode) shower { return shower{s, mode} }

// do makes a call and shows its progress until it is over.
func (w shower) do(ctx context.Context, client *dasf.Client, request json.RawMessage) (json.RawMessage, error) {
	view := w.session.stderr.View(progressview.Options{Mode: w.mode, Lookup: w.session.environ.Lookup})
	defer view.Close()
	return client.Do(ctx, request, view.CallOptions()...)
}
