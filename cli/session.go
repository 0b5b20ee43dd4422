package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/internal/progressview"
	"github.com/dasf-go/dasf/transport"
)

// A session is one run of a command.
type session struct {
	Streams
	ctx     context.Context
	program string
	modules []*dasf.Module
	environ *cmdline.Environ

	grammar  grammar
	line     *cmdline.Result
	endpoint *cmdline.Endpoint
	module   *dasf.Module // with the settings of this run
	closers  []io.Closer  // closed when the command is over

	logger, transportLogger, brokerLogger *slog.Logger

	stderr     *progressview.Stream // standard error, which progress is drawn on
	interrupts *interrupts
}

func (s *session) run(args, environ []string) (err error) {
	defer func() {
		for _, c := range s.closers {
			err = errors.Join(err, c.Close())
		}
	}()
	if len(s.modules) == 0 {
		return fmt.Errorf("the program has no module: give one to cli.Main")
	}
	s.stderr = progressview.NewStream(s.Err)
	if s.environ, err = cmdline.NewEnviron(environ); err != nil {
		return cmdline.Usagef("%v", err)
	}
	if len(args) > 0 && args[0] == cmdline.CompleteCommand {
		return s.complete(args[1:])
	}
	parser := s.parser()
	if s.line, err = parser.Parse(args); err != nil {
		return err
	}
	for _, warning := range s.line.Warnings {
		fmt.Fprintf(s.Err, "%s: warning: %s\n", s.program, warning)
	}
	switch {
	case s.grammar.Version:
		return s.printVersion()
	case s.line.Command == "completion":
		return s.grammar.Completion.run(s)
	}
	if err := s.configure(); err != nil {
		return err
	}
	switch s.line.Command {
	case "test-connect":
		return s.grammar.TestConnect.run(s)
	case "generate":
		return s.grammar.Generate.run(s)
	case "shell":
		return s.grammar.Shell.run(s)
	case "listen":
		return s.grammar.Listen.run(s)
	case "schema":
		return s.grammar.Schema.run(s)
	case "send-request":
		return s.grammar.SendRequest.run(s)
	case "compute":
		return s.grammar.Compute.run(s)
	}
	return s.line.PrintHelp(s.Err, nil) // the original exits with 0 too, and says nothing
}

func (s *session) parser() *cmdline.Parser {
	groups := cmdline.ConnectionGroups()
	groups["logging"] = "Logging\nThe variables are DE_LOGGING_CONFIG_FILE, _LEVEL, _LOGFILE, _MERGE_CONFIG, _CONFIG_OVERRIDES and _FORMAT."
	return &cmdline.Parser{
		Name: s.program, Description: s.modules[0].Config().Doc, Grammar: &s.grammar, Groups: groups,
		Environ: s.environ, Given: s.given, Out: s.Out, Width: columns(s.Out, s.environ),
	}
}

// given returns what the program gave the module that -m picks.
func (s *session) given(onLine func(string) (string, bool)) (func(string) (string, bool), error) {
	m, err := s.pick(onLine)
	if err != nil {
		return nil, err
	}
	values := programValues(m.Configured())
	return func(flag string) (string, bool) {
		value := values[flag]
		return value, value != ""
	}, nil
}

func (s *session) pick(onLine func(string) (string, bool)) (*dasf.Module, error) {
	name, ok := onLine("module")
	if !ok {
		return s.modules[0], nil
	}
	var names []string
	for _, m := range s.modules {
		if m.Topic() == name {
			return m, nil
		}
		names = append(names, m.Topic())
	}
	return nil, cmdline.Usagef("--module is %q: it must be one of %s", name, strings.Join(names, ", "))
}

// programValues are the settings in a program's configuration, by flag, as
// they would be written on the command line. "" says that it is not set.
func programValues(c dasf.Config) map[string]string {
	values := cmdline.GivenConnection(c.Topic, c.Connection)
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	seconds := func(d *time.Duration) string {
		if d == nil {
			return ""
		}
		return cmdline.FormatSeconds(*d)
	}
	values["description"] = c.Doc
	if c.Debug {
		values["debug"] = "true"
	}
	values["max-workers"] = number(c.Workers)
	values["queue_size"] = number(c.QueueSize)
	values["max_payload_size"] = number(c.MaxPayloadSize)
	values["producer-keep-alive"] = seconds(c.ProducerKeepAlive)
	if c.ProducerConnectionTimeout != 0 {
		values["producer-connection-timeout"] = cmdline.FormatSeconds(c.ProducerConnectionTimeout)
	}
	values["subscription"] = c.Subscription
	values["subscription-type"] = c.SubscriptionType
	values["ack"] = string(c.Ack)
	values["grace"] = seconds(c.Grace)
	if c.MaxRedeliveries != nil {
		values["max-redeliveries"] = strconv.Itoa(*c.MaxRedeliveries)
	}
	if c.CancelOnDisconnect {
		values["cancel-on-disconnect"] = "true"
	}
	return values
}

// configure makes the module with the settings of this run.
func (s *session) configure() error {
	g, line := &s.grammar, s.line
	if err := g.Check(line); err != nil {
		return err
	}
	if err := g.Work.check(line); err != nil {
		return err
	}
	var err error
	if s.endpoint, err = g.Endpoint(line); err != nil {
		return err
	}
	original, err := s.pick(func(string) (string, bool) { return g.Module, g.Module != "" })
	if err != nil {
		return err
	}
	if err := s.startLogging(original.Configured().Logger); err != nil {
		return err
	}
	for _, name := range g.Members {
		if !hasMember(original, name) {
			return cmdline.Usagef("--members names %q: the members are %s", name, strings.Join(memberNames(original), ", "))
		}
	}
	s.module, err = original.With(s.change, g.Members...)
	if err != nil {
		return cmdline.Usagef("%v", err)
	}
	return nil
}

func memberNames(m *dasf.Module) []string {
	var names []string
	for _, member := range m.Members() {
		names = append(names, member.Name())
	}
	return names
}

func hasMember(m *dasf.Module, name string) bool {
	for _, member := range m.Members() {
		if member.Name() == name {
			return true
		}
	}
	return false
}

// check does what demessaging's validate_queue_size does.
func (w *workFlags) check(line *cmdline.Result) error {
	if line.Given("max-workers") && line.Given("queue_size") && w.QueueSize < w.MaxWorkers {
		return cmdline.Usagef("%s and %s: queue_size (%d) needs to be larger than or equal to max_workers (%d)",
			line.Named("queue_size"), line.Named("max-workers"), w.QueueSize, w.MaxWorkers)
	}
	return nil
}

// change puts the settings into a configuration. What has its default stays
// unset.
func (s *session) change(c *dasf.Config) {
	g := &s.grammar
	given := func(flag string, set func()) {
		if s.line.Given(flag) {
			set()
		}
	}
	c.Topic = g.Topic
	c.Logger = s.logger
	given("description", func() { c.Doc = g.Description })
	given("debug", func() { c.Debug = bool(g.Debug) })
	given("max-workers", func() { c.Workers = int(g.Work.MaxWorkers) })
	given("queue_size", func() { c.QueueSize = int(g.Work.QueueSize) })
	if c.Workers == 0 && c.QueueSize != 0 {
		c.Workers = min(5*runtime.NumCPU(), c.QueueSize) // a short queue alone is no mistake
	}
	given("max_payload_size", func() { c.MaxPayloadSize = int(g.Work.MaxPayloadSize) })
	given("producer-keep-alive", func() { d := time.Duration(g.Work.KeepAlive); c.ProducerKeepAlive = &d })
	given("producer-connection-timeout", func() { c.ProducerConnectionTimeout = time.Duration(g.Work.ConnectTimeout) })
	given("subscription", func() { c.Subscription = g.Work.Subscription })
	given("subscription-type", func() { c.SubscriptionType = string(g.Work.SubscriptionType) })
	given("ack", func() { c.Ack = dasf.AckPolicy(g.Work.Ack) })
	given("max-redeliveries", func() { c.MaxRedeliveries = new(int(g.Work.MaxRedeliveries)) })
	given("cancel-on-disconnect", func() { c.CancelOnDisconnect = bool(g.Work.CancelOnDisconnect) })
	given("grace", func() { d := time.Duration(g.Work.Grace); c.Grace = &d })
}

// broker connects to the endpoint.
func (s *session) broker(o transport.Options) transport.Broker {
	o.Logger = s.transportLogger
	return s.endpoint.Broker(o)
}
