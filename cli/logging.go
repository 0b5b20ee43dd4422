package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/internal/pylog"
	"github.com/dasf-go/dasf/internal/requests"
)

// loggingFlags say what is logged, and where.
type loggingFlags struct {
	LogConfig string         `group:"logging" complete:"file" placeholder:"FILE" variable:"DE_LOGGING_CONFIG_FILE" help:"Logging configuration: YAML as Python's logging.config.dictConfig takes it."`
	LogLevel  logLevel       `group:"logging" choices:"10,20,30,40,50" variable:"DE_LOGGING_LEVEL" help:"Log from this level on: 10 (debug), 20 (info), 30 (warning), 40 (error) or 50 (critical). It replaces the levels in the configuration."`
	LogFile   string         `group:"logging" complete:"file" placeholder:"FILE" variable:"DE_LOGGING_LOGFILE" help:"Log to this file too; at 10 MB it becomes FILE.1, and five of those are kept."`
	Merge     cmdline.Switch `name:"merge-log-config" group:"logging" variable:"DE_LOGGING_MERGE_CONFIG" help:"Merge the configuration of --log-config into the built-in one."`
	Overrides string         `name:"log-overrides" complete:"file" group:"logging" placeholder:"YAML" variable:"DE_LOGGING_CONFIG_OVERRIDES" help:"YAML text, or a YAML or JSON file, to merge into the configuration."`
	LogFormat cmdline.Choice `group:"logging" default:"text" choices:"text,json" variable:"DE_LOGGING_FORMAT" help:"How lines are written."`
}

// logFlags are the names of these flags.
var logFlags = []string{"log-config", "log-level", "log-file", "merge-log-config", "log-overrides", "log-format"}

// logLevel is a level as Python counts them: 10 is DEBUG, 50 CRITICAL.
type logLevel int

// Decode implements [kong.MapperValue].
func (v *logLevel) Decode(ctx *kong.DecodeContext) error {
	var n cmdline.Int
	if err := n.Decode(ctx); err != nil {
		return err
	}
	*v = logLevel(n)
	return nil
}

// check allows a variable any level, as the original does, and the command
// line the five that have names.
func (f *loggingFlags) check(line *cmdline.Result) error {
	if !line.Given("log-level") {
		return nil
	}
	n := int(f.LogLevel)
	onLine := line.Source("log-level").Level == cmdline.CommandLine
	if onLine && !slices.Contains([]int{10, 20, 30, 40, 50}, n) || n < 1 {
		return line.Bad("log-level", fmt.Sprint(n), "one of 10, 20, 30, 40, 50")
	}
	return nil
}

// Names of loggers, as a configuration written for demessaging knows them.
const (
	loggerName    = "demessaging"
	transportName = "websocket"
	brokerName    = "demessaging.broker"
)

// startLogging makes the loggers of this run. A logger that the program gave
// stays, unless the command line says something about logging.
func (s *session) startLogging(given *slog.Logger) error {
	f := &s.grammar.Logging
	if err := f.check(s.line); err != nil {
		return err
	}
	if given != nil && !slices.ContainsFunc(logFlags, func(flag string) bool {
		return s.line.Source(flag).Level == cmdline.CommandLine
	}) {
		s.logger, s.transportLogger, s.brokerLogger = given, given, given
		return nil
	}
	config, err := f.config(s.line)
	if err != nil {
		return err
	}
	logging, err := config.Open(s.logOptions())
	if err != nil {
		return cmdline.Usagef("%v", err)
	}
	s.closers = append(s.closers, logging)
	s.logger, s.transportLogger, s.brokerLogger = logging.Logger(loggerName), logging.Logger(transportName), logging.Logger(brokerName)
	if left := logging.Unmapped(); len(left) > 0 {
		s.logger.Warn("parts of the logging configuration have no counterpart here and were left out: " + strings.Join(left, "; "))
	}
	return nil
}

// config puts the configuration together, in the order of demessaging's
// LoggingConfig.config_dict.
func (f *loggingFlags) config(line *cmdline.Result) (*pylog.Config, error) {
	config := pylog.Default()
	if f.LogConfig != "" {
		read, err := pylog.Read(f.LogConfig)
		if err != nil {
			return nil, cmdline.Usagef("%s: %v", line.Named("log-config"), err)
		}
		if f.Merge {
			config = read.MergeInto(config)
		} else {
			config = read
		}
	}
	if line.Given("log-level") {
		config.SetLevel(int(f.LogLevel))
	}
	if f.LogFile != "" {
		config.AddFile(f.LogFile)
	}
	if f.Overrides != "" {
		text, err := overrideText(f.Overrides)
		if err == nil {
			err = config.Override(line.Named("log-overrides"), text)
		}
		if err != nil {
			return nil, cmdline.Usagef("%v", err)
		}
	}
	return config, nil
}

// overrideText takes YAML text, or the name of a file.
func overrideText(arg string) ([]byte, error) {
	if strings.ContainsAny(arg, ":{\n") && !requests.IsFile(arg) {
		return []byte(arg), nil
	}
	text, err := os.ReadFile(arg)
	if errors.Is(err, fs.ErrNotExist) && !requests.IsFile(arg) {
		return []byte(arg), nil // the text says itself what is wrong with it
	}
	return text, err
}

// logOptions: listen logs to standard output as the original does, all else to
// standard error, so that what a command prints can be piped.
func (s *session) logOptions() pylog.Options {
	o := pylog.Options{
		Stdout: s.Out, Stderr: s.stderr, JSON: s.grammar.Logging.LogFormat == "json",
		StdoutTerminal: isTerminal(s.Out), StderrTerminal: isTerminal(s.Err),
	}
	if s.line.Command != "listen" {
		o.Stdout, o.StdoutTerminal, o.OneStream = s.stderr, o.StderrTerminal, true
	}
	if o.StdoutTerminal && o.StderrTerminal {
		o.OneStream = true // nobody wants to see a warning twice
	}
	_, plain := s.environ.Lookup("NO_COLOR")
	o.Colour = !plain
	return o
}
