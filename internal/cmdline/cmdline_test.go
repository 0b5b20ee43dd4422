package cmdline_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/internal/cmdline"
)

// shape is a grammar with one flag of each kind.
type shape struct {
	Help       cmdline.HelpFlag `short:"h" help:"Print this help."`
	Topic      string           `short:"t" group:"near" variable:"DE_BACKEND_TOPIC" field:"Config.Topic" help:"The topic."`
	Host       string           `short:"H" group:"near" default:"localhost" variable:"DE_BACKEND_HOST" help:"The host."`
	Port       cmdline.Port     `short:"p" variable:"DE_BACKEND_PORT" help:"The port."`
	Persistent cmdline.Choice   `choices:"yes,no" variable:"DE_BACKEND_PERSISTENT"`
	MaxWorkers cmdline.Int      `min:"1" max:"100" variable:"DE_BACKEND_MAX_WORKERS" field:"Config.Workers"`
	QueueSize  cmdline.Int      `name:"queue_size" min:"1"`
	KeepAlive  cmdline.Seconds  `min:"0" default:"120" variable:"DE_BACKEND_KEEP_ALIVE" field:"Config.KeepAlive"`
	Header     cmdline.Header   `variable:"DE_BACKEND_HEADER"`
	Debug      cmdline.Switch   `variable:"DE_BACKEND_DEBUG"`
	Merge      cmdline.Switch   `name:"merge-log-config"`
	Members    []string         `many:"" complete:"member"`

	Schema struct {
		Indent string `short:"i"`
	} `cmd:"" help:"Print the schema."`
	Listen struct {
		DumpTo   string `complete:"dir"`
		DumpTool string
		Cmd      string `short:"c"`
	} `cmd:""`
	Compute struct {
		Request []string `arg:"" complete:"request"`
	} `cmd:""`
	Broker struct {
		Listen string
		Token  struct {
			Add struct {
				User string `arg:""`
			} `cmd:"" help:"Add one."`
		} `cmd:"" help:"Tokens."`
	} `cmd:"" help:"A broker."`
}

// parse reads args into a new shape.
func parse(t *testing.T, environ []string, given map[string]string, args ...string) (*shape, *cmdline.Result, error) {
	t.Helper()
	env, err := cmdline.NewEnviron(environ)
	if err != nil {
		t.Fatal(err)
	}
	g := &shape{}
	p := &cmdline.Parser{Name: "prog", Grammar: g, Environ: env, Out: &bytes.Buffer{}}
	p.Given = func(func(string) (string, bool)) (func(string) (string, bool), error) {
		return func(flag string) (string, bool) { v, ok := given[flag]; return v, ok }, nil
	}
	r, err := p.Parse(args)
	return g, r, err
}

func TestPrecedence(t *testing.T) {
	const variable, program, line = "from variable", "from program", "from line"
	for _, tt := range []struct {
		name    string
		environ []string
		given   map[string]string
		args    []string
		want    string
		source  string
	}{
		{"default", nil, nil, nil, "localhost", "the defaults"},
		{"variable", []string{"DE_BACKEND_HOST=" + variable}, nil, nil, variable, "DE_BACKEND_HOST in the environment"},
		{"variable in another case", []string{"de_Backend_host=" + variable}, nil, nil, variable, "de_Backend_host in the environment"},
		{"empty variable", []string{"DE_BACKEND_HOST="}, nil, nil, "localhost", "the defaults"},
		{"program beats variable", []string{"DE_BACKEND_HOST=" + variable}, map[string]string{"host": program}, nil, program, " in the program"},
		{"line beats program", []string{"DE_BACKEND_HOST=" + variable}, map[string]string{"host": program}, []string{"--host", line}, line, "--host on the command line"},
		{"short flag", nil, nil, []string{"-H", line}, line, "--host on the command line"},
		{"empty on the line counts", []string{"DE_BACKEND_HOST=" + variable}, nil, []string{"--host="}, "", "--host on the command line"},
		{"behind the command", nil, nil, []string{"schema", "--host", line}, line, "--host on the command line"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := tt.args
			if len(args) == 0 || args[0] != "schema" {
				args = append(args, "schema")
			}
			g, r, err := parse(t, tt.environ, tt.given, args...)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Source("host").String(); g.Host != tt.want || got != tt.source {
				t.Errorf("host is %q by %q, want %q by %q", g.Host, got, tt.want, tt.source)
			}
		})
	}
}

func TestZeroIsNotUnset(t *testing.T) {
	g, r, err := parse(t, nil, map[string]string{"keep-alive": "0"}, "schema")
	if err != nil || g.KeepAlive != 0 || !r.Given("keep-alive") {
		t.Errorf("0 from the program became %v, given %v, %v", g.KeepAlive, r.Given("keep-alive"), err)
	}
	g, r, err = parse(t, nil, nil, "schema")
	if err != nil || time.Duration(g.KeepAlive) != 2*time.Minute || r.Given("keep-alive") {
		t.Errorf("unset became %v, given %v, %v", time.Duration(g.KeepAlive), r.Given("keep-alive"), err)
	}
}

func TestBadValuesNameTheirSource(t *testing.T) {
	for _, tt := range []struct {
		name    string
		environ []string
		given   map[string]string
		args    []string
		want    string
	}{
		{"line", nil, nil, []string{"--max-workers", "abc"}, `--max-workers is "abc": it must be a whole number from 1 to 100`},
		{"shortened", nil, nil, []string{"--max-w=0"}, `--max-workers is "0": it must be a whole number from 1 to 100`},
		{"variable", []string{"De_Backend_Max_Workers=0"}, nil, nil, `De_Backend_Max_Workers is "0": it must be a whole number from 1 to 100`},
		{"program", nil, map[string]string{"max-workers": "-1"}, nil, `Config.Workers is "-1": it must be a whole number from 1 to 100`},
		{"port beyond the last", nil, nil, []string{"-p", "99999"}, `--port is "99999": it must be the number of a port, from 1 to 65535`},
		{"port 0", nil, nil, []string{"-p", "0"}, `--port is "0"`},
		{"port in words", []string{"DE_BACKEND_PORT=http"}, nil, nil, `DE_BACKEND_PORT is "http"`},
		{"negative seconds", nil, nil, []string{"--keep-alive=-1"}, `--keep-alive is "-1": it must be a number of seconds of at least 0`},
		{"endless seconds", nil, nil, []string{"--keep-alive=inf"}, `--keep-alive is "inf"`},
		{"no number of seconds", nil, nil, []string{"--keep-alive=NaN"}, `--keep-alive is "NaN"`},
		{"choice", nil, nil, []string{"--persistent", "maybe"}, `--persistent is "maybe": it must be one of yes, no`},
		{"header", []string{"DE_BACKEND_HEADER={x"}, nil, nil, `DE_BACKEND_HEADER is "{x": it must be a JSON object`},
		{"header is null", nil, nil, []string{"--header=null"}, "it must be a JSON object"},
		{"header with a list", nil, nil, []string{`--header={"a": [1]}`}, `"a" is none`},
		{"header with a line break", nil, nil, []string{`--header={"a": "x\r\nb: y"}`}, `"a" is none`},
		{"header with a bad name", nil, nil, []string{`--header={"a b": "x"}`}, `"a b" is none`},
		{"switch", []string{"DE_BACKEND_DEBUG=perhaps"}, nil, nil, `DE_BACKEND_DEBUG is "perhaps": it must be true or false`},
		{"in front of no command", nil, nil, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := parse(t, tt.environ, tt.given, append(tt.args, "schema")...)
			if tt.want == "" {
				_, _, err = parse(t, nil, nil, "--max-workers", "abc")
				tt.want = "--max-workers"
			}
			var usage *cmdline.UsageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %s", err, tt.want)
			}
		})
	}
}

func TestValues(t *testing.T) {
	g, _, err := parse(t, nil, nil, "--keep-alive", "1.5", `--header={"authorization": "Token x", "n": 7, "b": true}`, "--debug", "-p", "0080", "schema")
	if err != nil {
		t.Fatal(err)
	}
	want := cmdline.Header{"authorization": "Token x", "n": "7", "b": "true"}
	if diff := cmp.Diff(want, g.Header); diff != "" {
		t.Error(diff)
	}
	if time.Duration(g.KeepAlive) != 1500*time.Millisecond || !g.Debug || g.Port != "80" {
		t.Errorf("keep alive %v, debug %v, port %s", time.Duration(g.KeepAlive), g.Debug, g.Port)
	}
	if g, _, err = parse(t, nil, nil, "--keep-alive", "1m30s", "schema"); err != nil || time.Duration(g.KeepAlive) != 90*time.Second {
		t.Errorf("1m30s became %v, %v", time.Duration(g.KeepAlive), err)
	}
}

// What argparse.json has was printed by Python 3.11's argparse, for a parser
// of the same shape.
func TestLinesAreTakenAsArgparseDoes(t *testing.T) {
	text, err := os.ReadFile("testdata/argparse.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Args   []string
		Values map[string]any
		Error  bool
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	// Where we take more, or know better.
	excused := map[string]string{
		`["-p","-5","schema"]`:      "a port is checked",
		`["-p","-.5","schema"]`:     "a port is checked",
		`["--per","x","schema"]`:    "a choice is checked",
		`["compute","a","b"]`:       "a request may have several words",
		`["--debug=1","schema"]`:    "a switch takes true and false, so that a variable can be overruled",
		`["-t","schema"]`:           "no command is an error elsewhere",
		`["listen","--dump-t","x"]`: "",
	}
	for _, tt := range cases {
		key, _ := json.Marshal(tt.Args)
		t.Run(string(key), func(t *testing.T) {
			if why := excused[string(key)]; why != "" {
				t.Log("not compared:", why)
				return
			}
			g, r, err := parse(t, nil, nil, tt.Args...)
			if (err != nil) != tt.Error {
				t.Fatalf("error %v, argparse has an error: %v", err, tt.Error)
			}
			if err != nil {
				return
			}
			got := map[string]any{}
			for name, v := range map[string]string{"topic": g.Topic, "port": string(g.Port), "indent": g.Schema.Indent,
				"dump_to": g.Listen.DumpTo, "dump_tool": g.Listen.DumpTool, "cmd": g.Listen.Cmd, "command": r.Command, "request": strings.Join(g.Compute.Request, " ")} {
				if _, wanted := tt.Values[name]; v != "" || wanted {
					got[name] = v
				}
			}
			if g.Host != "localhost" {
				got["host"] = g.Host
			}
			if g.MaxWorkers != 0 {
				got["max_workers"] = map[cmdline.Int]string{4: "4"}[g.MaxWorkers]
			}
			if g.Debug {
				got["debug"] = true
			}
			if len(g.Members) > 0 {
				list := []any{}
				for _, m := range g.Members {
					list = append(list, m)
				}
				got["members"] = list
			}
			if diff := cmp.Diff(tt.Values, got); diff != "" {
				t.Errorf("argparse has -, we +:\n%s", diff)
			}
		})
	}
}

func TestBeyondArgparse(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		same []string
	}{
		{"underscores", []string{"--max_workers", "4", "schema"}, []string{"--max-workers", "4", "schema"}},
		{"dashes", []string{"--queue-size", "4", "schema"}, []string{"--queue_size", "4", "schema"}},
		{"beginning with underscore", []string{"--merge_log", "schema"}, []string{"--merge-log-config", "schema"}},
		{"flag of the program behind the command", []string{"schema", "-t", "x", "--debug"}, []string{"-t", "x", "--debug", "schema"}},
		{"flag of the command in front of it", []string{"-i", "2", "schema"}, []string{"schema", "-i", "2"}},
		{"long flag of the command in front of it", []string{"--dump-to", "x", "listen"}, []string{"listen", "--dump-to", "x"}},
		{"members up to the command", []string{"--members", "a", "b", "schema"}, []string{"--members=a,b", "schema"}},
		{"members up to --", []string{"--members", "a", "b", "--", "schema"}, []string{"--members=a,b", "schema"}},
		{"members up to a flag", []string{"--members", "a", "b", "-t", "x", "schema"}, []string{"--members=a,b", "-t", "x", "schema"}},
		{"members at the end", []string{"schema", "--members", "a", "b"}, []string{"--members=a,b", "schema"}},
		{"members called like a command", []string{"--members=schema", "a", "schema"}, nil},
		{"between arguments", []string{"compute", "a", "-t", "x", "b"}, []string{"-t", "x", "compute", "a", "b"}},
		{"value called like a command", []string{"-t", "listen", "schema"}, []string{"schema", "-t", "listen"}},
		{"switch off", []string{"--debug", "--debug=false", "schema"}, []string{"schema"}},
		{"several letters", []string{"-tx", "schema", "-i3"}, []string{"-t", "x", "schema", "-i", "3"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := parse(t, nil, nil, tt.args...)
			if tt.same == nil {
				if err == nil {
					t.Errorf("%v was taken", tt.args)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want, _, err := parse(t, nil, nil, tt.same...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%v and %v differ:\n%s", tt.same, tt.args, diff)
			}
		})
	}
}

func TestShortenedFlagsAreWarnedOf(t *testing.T) {
	_, r, err := parse(t, nil, nil, "--max-w", "4", "schema", "--ind=2")
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Warnings) != 2 || !strings.Contains(r.Warnings[0], "--max-workers") || !strings.Contains(r.Warnings[1], "--indent") {
		t.Errorf("warnings %q, want one for each with the full name", r.Warnings)
	}
}

func TestWrongLines(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"--prot 80 schema", "unknown flag --prot; did you mean --port?"},
		{"--topci x schema", "did you mean --topic?"},
		{"schema --topik x", "did you mean --topic?"},
		{"--zzzzzz schema", "unknown flag --zzzzzz"},
		{"-x schema", "unknown flag -x"},
		{"-port 80 schema", "--port"},
		{"sche", "unknown command sche; did you mean schema?"},
		{"lsiten", "did you mean listen?"},
		{"--p 80 schema", "--p may mean --port or --persistent"},
		{"--topic", "--topic needs a value"},
		{"schema --topic --debug", "written --topic=--debug"},
		{"--members schema", "--members needs at least one value"},
		{"schema extra", "schema takes no such argument"},
		{"compute", "compute needs <request> ...: see prog compute --help"},
		{"broker token ad", "unknown command ad; did you mean add?"},
		{"broker token add", "broker token add needs <user>"},
	} {
		t.Run(tt.line, func(t *testing.T) {
			_, _, err := parse(t, nil, nil, strings.Fields(tt.line)...)
			var usage *cmdline.UsageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestCommandsOfCommands(t *testing.T) {
	g, r, err := parse(t, nil, nil, "broker", "--listen", "x", "token", "add", "peter", "-t", "y")
	if err != nil {
		t.Fatal(err)
	}
	if r.Command != "broker token add" || g.Broker.Listen != "x" || g.Broker.Token.Add.User != "peter" || g.Topic != "y" {
		t.Errorf("%s: %+v", r.Command, g.Broker)
	}
}

func TestHelpFitsItsWidth(t *testing.T) {
	for _, line := range []string{"--help", "-h", "schema -h", "--help compute", "broker token --help", "compute --nope --help"} {
		t.Run(line, func(t *testing.T) {
			var out bytes.Buffer
			p := &cmdline.Parser{Name: "prog", Description: strings.Repeat("word ", 50), Grammar: &shape{}, Out: &out, Width: 60}
			if _, err := p.Parse(strings.Fields(line)); !errors.Is(err, cmdline.ErrHelp) {
				t.Fatalf("got %v", err)
			}
			if !strings.HasPrefix(out.String(), "usage: prog") {
				t.Errorf("got %q", out.String())
			}
			for text := range strings.Lines(out.String()) {
				if n := utf8.RuneCountInString(strings.TrimRight(text, "\n")); n > 60 {
					t.Errorf("%d columns: %s", n, text)
				}
			}
		})
	}
}

func TestHelpShowsWhatHolds(t *testing.T) {
	env, err := cmdline.NewEnviron([]string{"DE_BACKEND_HOST=elsewhere"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	p := &cmdline.Parser{Name: "prog", Grammar: &shape{}, Environ: env, Out: &out,
		Given: func(func(string) (string, bool)) (func(string) (string, bool), error) {
			return func(flag string) (string, bool) { return "mine", flag == "topic" }, nil
		}}
	if _, err := p.Parse([]string{"-h"}); !errors.Is(err, cmdline.ErrHelp) {
		t.Fatal(err)
	}
	for _, want := range []string{"The topic. Default: mine", "The host. Default: elsewhere"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("help lacks %q:\n%s", want, out.String())
		}
	}
}

func TestHelpKeepsSecrets(t *testing.T) {
	env, err := cmdline.NewEnviron([]string{`DE_BACKEND_HEADER={"authorization": "Token secret"}`, "DE_BACKEND_WEBSOCKET_URL=ws://u:secret@h/ws/?token=secret"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	p := &cmdline.Parser{Name: "prog", Grammar: &struct {
		Help cmdline.HelpFlag
		cmdline.Connection
	}{}, Groups: cmdline.ConnectionGroups(), Environ: env, Out: &out}
	if _, err := p.Parse([]string{"--help"}); !errors.Is(err, cmdline.ErrHelp) {
		t.Fatal(err)
	}
	if text := out.String(); strings.Contains(text, "secret") || !strings.Contains(text, "(set)") || !strings.Contains(text, "ws://h/ws/") {
		t.Errorf("help shows\n%s", text)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"-t\x00x\x00schema", "--members\x00a\x00--\x00compute\x00-", "-\xff", "--=", "-=", "--a=b\x00--", "broker\x00token\x00add\x00-1", "--header={}\x00listen\x00-c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		g, _, err := parse(t, nil, nil, strings.Split(line, "\x00")...)
		if err != nil && strings.Contains(err.Error(), "reading the grammar") {
			t.Error(err)
		}
		_ = g
	})
}
