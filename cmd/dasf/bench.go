package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/dasf-go/dasf/internal/cmdline"
	"github.com/dasf-go/dasf/internal/measure"
)

// benchPart is the hidden command that the processes of bench run.
const benchPart = "bench-part"

type benchFlags struct {
	cmdline.Connection
	LogLevel slog.Level `default:"warn" placeholder:"LEVEL" help:"What is logged to stderr: debug, info, warn or error."`

	Payload  []size          `sep:"," default:"100,10K" placeholder:"SIZE,..." help:"Sizes of the text in each request, which comes back (default ${default})."`
	Answer   []size          `sep:"," placeholder:"SIZE,..." help:"Sizes of the text in each response, for a request of 100 bytes (default 10M, if nothing is chosen)."`
	Values   []int           `sep:"," placeholder:"N,..." help:"Numbers of float64 in each response."`
	InFlight []int           `sep:"," default:"1,64" placeholder:"N,..." help:"Calls that are under way at once, of all clients together (default ${default}). Large answers and values are called for one at a time, if this is not given."`
	Clients  []int           `sep:"," default:"1" placeholder:"N,..." help:"Clients that call in turn, each with sockets of its own (default ${default})."`
	Duration cmdline.Seconds `default:"2" placeholder:"SECONDS" help:"Time that is counted in each round (default ${default})."`
	WarmUp   cmdline.Seconds `default:"0.5" placeholder:"SECONDS" help:"Time before it (default ${default})."`
	Rounds   int             `default:"5" placeholder:"N" help:"Rounds; what is printed are medians (default ${default})."`
	Profile  string          `complete:"file" placeholder:"FOLDER" help:"Write profiles of the processes, of CPU time and of allocations, into this folder, to be read with go tool pprof. Each round writes over the one before."`
	Output   string          `default:"text" enum:"text,json" placeholder:"FORMAT" help:"text or json (default ${default})."`
}

type benchCommand struct{ benchFlags }

// Help is the second part of the command's help.
func (c *benchCommand) Help() string {
	return "Each round runs a broker, a backend and a client as processes of their own and measures what they take. " +
		"With the flags of a connection the broker is the one that they name, and only backend and client are run."
}

// A benchRow is what was measured of one load. In the medians the CPU time is
// that of a call.
type benchRow struct {
	Load   measure.Load    `json:"load"`
	Rounds []measure.Round `json:"rounds"`
	Median measure.Summary `json:"median"`
}

// Run measures each load and prints a table, or JSON.
func (c *benchCommand) Run(ctx context.Context, s streams, line *cmdline.Result) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	loads, err := c.loads(line)
	if err != nil {
		return err
	}
	endpoint, err := c.Endpoint(line)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if c.Profile != "" {
		if err := os.MkdirAll(c.Profile, 0o777); err != nil {
			return fmt.Errorf("--profile: %w", err)
		}
	}
	p := parts{program: self, flags: c.partFlags(line), environ: c.environ(line), own: endpoint.Decided.Level == cmdline.Default, topic: c.Topic}
	show := func(text string) {
		if colourful(s.err) {
			fmt.Fprintf(s.err, "\r%-78s\r%s", "", text)
		}
	}
	rows := make([]benchRow, len(loads))
	for round := range c.Rounds {
		for i, load := range loads {
			show(fmt.Sprintf("round %d of %d: %s, %d in flight", round+1, c.Rounds, load, load.InFlight))
			one, err := p.run(ctx, load)
			if err != nil {
				show("")
				return fmt.Errorf("%s, %d in flight, %d clients: %w", load, load.InFlight, load.Clients, err)
			}
			rows[i].Load = load
			rows[i].Rounds = append(rows[i].Rounds, one)
		}
	}
	show("")
	for i := range rows {
		rows[i].Median = measure.Summarize(rows[i].Rounds)
	}
	if c.Output == "json" {
		out := json.NewEncoder(s.out)
		out.SetIndent("", "  ")
		return out.Encode(rows)
	}
	return printBench(s.out, rows)
}

// partFlags are the flags that the parts take over: those of the connection
// that were given, and others.
func (c *benchFlags) partFlags(line *cmdline.Result) []string {
	var flags []string
	for _, f := range []struct{ name, value string }{
		{"ca-file", c.CAFile}, {"host", c.Host}, {"port", fmt.Sprint(c.Port)}, {"persistent", fmt.Sprint(c.Persistent)},
		{"tenant", c.Tenant}, {"namespace", c.Namespace},
		{"websocket-url", c.WebsocketURL}, {"producer-url", c.ProducerURL}, {"consumer-url", c.ConsumerURL},
	} {
		if line.Source(f.name).Level == cmdline.CommandLine {
			flags = append(flags, "--"+f.name, f.value)
		}
	}
	if c.Profile != "" {
		flags = append(flags, "--profile", c.Profile)
	}
	return append(flags, "--log-level", c.LogLevel.String())
}

// environ is what the parts take from the environment beside what is there:
// the header, whose token other users of the machine could read in a command
// line.
func (c *benchFlags) environ(line *cmdline.Result) []string {
	if line.Source("header").Level != cmdline.CommandLine {
		return nil
	}
	text, _ := json.Marshal(c.Header)
	return []string{"DE_BACKEND_HEADER=" + string(text)}
}

// loads are those that the flags describe.
func (c *benchCommand) loads(line *cmdline.Result) ([]measure.Load, error) {
	for _, f := range []struct {
		name string
		ok   bool
	}{
		{"in-flight", positive(c.InFlight)}, {"clients", positive(c.Clients)}, {"values", positive(c.Values)},
		{"payload", positive(c.Payload)}, {"answer", positive(c.Answer)}, {"rounds", c.Rounds > 0}, {"duration", c.Duration > 0},
	} {
		if !f.ok {
			return nil, cmdline.Usagef("--%s must be more than 0", f.name)
		}
	}
	payload, answer := c.Payload, c.Answer
	switch chosen := line.Given("answer") || line.Given("values"); {
	case line.Given("payload"):
	case chosen:
		payload = nil
	default:
		answer = []size{10 << 20}
	}
	alone := c.InFlight
	if !line.Given("in-flight") {
		alone = []int{1}
	}
	var loads []measure.Load
	add := func(l measure.Load, inFlight []int) {
		for _, l.Clients = range c.Clients {
			for _, l.InFlight = range inFlight {
				l.WarmUp, l.Duration = time.Duration(c.WarmUp), time.Duration(c.Duration)
				loads = append(loads, l)
			}
		}
	}
	for _, n := range payload {
		add(measure.Load{Payload: int(n)}, c.InFlight)
	}
	for _, n := range answer {
		add(measure.Load{Payload: 100, Answer: int(n)}, alone)
	}
	for _, n := range c.Values {
		add(measure.Load{Values: n}, alone)
	}
	return loads, nil
}

func positive[T int | size](values []T) bool {
	for _, v := range values {
		if v <= 0 {
			return false
		}
	}
	return true
}
