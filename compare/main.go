// Command compare measures DASF beside the limit of its sockets and beside what
// else one could use, all in one run on one machine, and prints the ratios.
//
//	go run -C compare .                        # all that needs no peers
//	go run -C compare . -only calls -rounds 9
//	go run -C compare . -peers                 # also Pulsar and demessaging, which make peers installs
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == partCommand {
		if err := runPart(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintf(os.Stderr, "compare: %v\n", err)
		os.Exit(1)
	}
}

// A section is a part of the table.
type section struct {
	name  string
	about string
	peers bool // it needs what make peers installs
	run   func(context.Context, *runner) error
}

var sections = []section{
	{name: "calls", about: "small calls beside a bare relay, NATS and gRPC", run: calls},
	{name: "large", about: "large responses", run: large},
	{name: "floats", about: "float64 as JSON beside strconv", run: floats},
	{name: "clients", about: "1 to 1,000 clients", run: clients},
	{name: "topics", about: "1 to 10,000 topics of one broker", run: topics},
	{name: "idle", about: "memory of the broker for clients that have nothing to do", run: idle},
	{name: "start", about: "start and memory of a backend", run: start},
	{name: "pulsar", about: "small calls through Pulsar beside a bare echo", peers: true, run: pulsar},
	{name: "python", about: "small calls of demessaging's client and backend", peers: true, run: python},
}

// options are what the flags say.
type options struct {
	only     string
	peers    bool
	short    bool
	rounds   int
	duration time.Duration
	warmUp   time.Duration
	profile  string
	output   string
}

func (o *options) parse(args []string, w io.Writer) error {
	f := flag.NewFlagSet("compare", flag.ContinueOnError)
	f.SetOutput(w)
	f.StringVar(&o.only, "only", "", "the `sections` to measure, with commas between them; empty: all")
	f.BoolVar(&o.peers, "peers", false, "measure also what needs Pulsar and demessaging; they must be installed")
	f.BoolVar(&o.short, "short", false, "show in a minute that everything works; the figures say nothing then")
	f.IntVar(&o.rounds, "rounds", 5, "`rounds`, in which the contenders take turns; what is printed are medians")
	f.DurationVar(&o.duration, "duration", 2*time.Second, "`time` that is counted in each round")
	f.DurationVar(&o.warmUp, "warm-up", time.Second/2, "`time` before it")
	f.StringVar(&o.profile, "profile", "", "write CPU profiles of the processes into this `folder`; each round writes over the one before")
	f.StringVar(&o.output, "output", "text", "`text` or json")
	f.Usage = func() {
		fmt.Fprintln(w, "usage: go run -C compare . [flags]\n\nsections:")
		for _, s := range sections {
			fmt.Fprintf(w, "  %-8s  %s\n", s.name, s.about)
		}
		fmt.Fprintln(w, "\nflags:")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return err
	}
	given := make(map[string]bool)
	f.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if o.short && !given["rounds"] {
		o.rounds = 1
	}
	if o.short && !given["duration"] {
		o.duration = time.Second / 5
	}
	if o.short && !given["warm-up"] {
		o.warmUp = 0
	}
	switch {
	case f.NArg() > 0:
		return fmt.Errorf("%q is not a flag; sections are chosen with -only", f.Arg(0))
	case o.rounds < 1:
		return fmt.Errorf("-rounds is %d, it must be at least 1", o.rounds)
	case o.duration <= 0 || o.warmUp < 0:
		return errors.New("-duration must be more than 0, and -warm-up not less")
	case o.output != "text" && o.output != "json":
		return fmt.Errorf("-output is %q, it must be text or json", o.output)
	}
	return nil
}

// chosen are the sections to measure.
func (o *options) chosen() ([]section, error) {
	var names []string
	if o.only != "" {
		names = strings.Split(o.only, ",")
	}
	var chosen []section
	for _, s := range sections {
		i := slices.Index(names, s.name)
		if i >= 0 {
			names = slices.Delete(names, i, i+1)
		}
		switch {
		case i < 0 && (o.only != "" || s.peers && !o.peers):
		case s.peers && !o.peers:
			return nil, fmt.Errorf("-only %s needs -peers, and what make peers installs", s.name)
		default:
			chosen = append(chosen, s)
		}
	}
	if len(names) > 0 {
		return nil, fmt.Errorf("-only: there is no section %q; -help lists them", names[0])
	}
	return chosen, nil
}

func run(ctx context.Context, args []string, out, log io.Writer) (err error) {
	var o options
	if err := o.parse(args, log); err != nil {
		return err
	}
	chosen, err := o.chosen()
	if err != nil {
		return err
	}
	if o.profile != "" {
		if err := os.MkdirAll(o.profile, 0o777); err != nil {
			return fmt.Errorf("-profile: %w", err)
		}
		if err := os.Setenv(profileVariable, o.profile); err != nil { // for the parts
			return err
		}
	}
	r := &runner{options: o, show: func(string) {}}
	if f, ok := log.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		r.show = func(text string) { fmt.Fprintf(log, "\r%-78.78s\r%.78s", "", text) }
	}
	defer func() { err = errors.Join(err, r.close()) }()
	if slices.ContainsFunc(chosen, func(s section) bool { return s.peers }) {
		if err := r.openPeers(); err != nil {
			return err
		}
	}
	began := time.Now()
	for _, s := range chosen {
		if err := s.run(ctx, r); err != nil {
			r.show("")
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	r.show("")
	if o.output == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(r.report(began))
	}
	return r.print(out, began)
}
