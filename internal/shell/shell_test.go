package shell_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/shell"
)

type addRequest struct {
	A int `json:"a" description:"The first number."`
	B int `json:"b" default:"1"`
}

func add(_ context.Context, r addRequest) (int, error) { return r.A + r.B, nil }

type backRequest struct {
	Value any `json:"value"`
}

func back(_ context.Context, r backRequest) (any, error) { return r.Value, nil }

type counter struct {
	Start int `json:"start"`
}

type stepRequest struct {
	By *int `json:"by"`
}

func (c *counter) Step(_ context.Context, r stepRequest) (map[string]int, error) {
	by := 1
	if r.By != nil {
		by = *r.By
	}
	return map[string]int{"value": c.Start + by}, nil
}

func wait(ctx context.Context, _ dasf.None) (int, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

func module() *dasf.Module {
	return dasf.NewModule(dasf.Config{Topic: "topic", Doc: "Numbers."},
		dasf.Func("add", add).Doc("Add two numbers.\n\nEither may be negative.").Returns("The sum."),
		dasf.Func("back", back),
		dasf.Func("wait", wait),
		dasf.Class("Counter", dasf.New[counter], dasf.Method("step", (*counter).Step).Doc("Count on.")).Doc("Counts."))
}

// run has a shell run a script, and returns what it printed.
func run(ctx context.Context, script string, change func(*shell.Options)) (out string, err error) {
	m := module()
	description := m.API()
	var b bytes.Buffer
	client := dasf.Local(m)
	o := shell.Options{API: &description, In: strings.NewReader(script), Out: &b, Err: &b,
		Call: func(ctx context.Context, request json.RawMessage) (json.RawMessage, error) {
			return client.Do(ctx, request)
		}}
	if change != nil {
		change(&o)
	}
	err = shell.Run(ctx, o)
	return b.String(), err
}

func TestStatements(t *testing.T) {
	for _, tt := range []struct{ name, script, want string }{
		{"call", "Model.add(a=2, b=3)", "5\n"},
		{"default", "Model.add(a=2)", "3\n"},
		{"by position", "Model.add(2, 3)", "5\n"},
		{"mixed", "Model.add(2, b=3)", "5\n"},
		{"method", "Model.Counter(start=1).step(by=2)", "{\"value\": 3}\n"},
		{"object kept", "c = Model.Counter(5)\nc.step()\nc.step(by=2)", "{\"value\": 6}\n{\"value\": 7}\n"},
		{"result is a value", "Model.Counter(1).step()[\"value\"] + 40", "42\n"},
		{"last result", "Model.add(1)\n_ + 1", "2\n3\n"},
		{"loop", "for i in range(2):\n    print(Model.add(i))\n\nprint('end')", "1\n2\nend\n"},
		{"function", "def twice(x):\n    return Model.add(x, x)\n\n[twice(n) for n in [1, 2]]", "[2, 4]\n"},
		{"over several lines", "Model.add(\n    a=1,\n    b=2,\n)", "3\n"},
		{"none prints nothing", "Model.back(value=None)", ""},
		{"large integers are exact", "Model.back(1180591620717411303424)", "1180591620717411303424\n"},
		{"floats", "Model.back([1.0, 0.1, 1e300])", "[1.0, 0.1, 1e+300]\n"},
		{"NaN is null", "Model.back([float('nan')])", "[None]\n"},
		{"text", "Model.back('<ü\"\\n>')", "\"<ü\\\"\\n>\"\n"},
		{"nested", "Model.back({'a': [1, (2, True)], 'b': {}})", "{\"a\": [1, [2, True]], \"b\": {}}\n"},
		{"names are assigned again", "x = 1\nx = x + 1\nx", "2\n"},
		{"exit", "1\nexit\n2", "1\n"},
		{"quit", "quit\n2", ""},
		{"comments and empty lines", "# nothing\n\n1 # one\n", "1\n"},
		{"no line end", "1", "1\n"},
		{"representation", "Model\nModel.add\nModel.Counter\nModel.Counter(1)", "Model(Counter, add, back, wait)\n<Model.add(a: int, b: int = 1) -> int>\n<class Model.Counter(start: int)>\n<Counter object>\n"},
		{"names", "dir(Model)", "[\"Counter\", \"add\", \"back\", \"wait\"]\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := run(t.Context(), tt.script, nil)
			if err != nil || got != tt.want {
				t.Errorf("printed %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestErrorsStopAScript(t *testing.T) {
	for _, tt := range []struct{ name, script, want string }{
		{"unknown member", "Model.nope()", "Model has no nope: there are Counter, add, back, wait"},
		{"unknown method", "Model.Counter(1).nope()", "Model.Counter(...) has no nope: there are step"},
		{"unknown parameter", "Model.add(x=1)", "Model.add has no parameter x: it takes a, b"},
		{"parameter of a member without any", "Model.wait(x=1)", "it takes none"},
		{"too many", "Model.add(1, 2, 3)", "Model.add takes 2 arguments, and got 3"},
		{"twice", "Model.add(1, a=2)", "Model.add got a twice"},
		{"method without object", "Model.Counter.step()", "a method is called on an object"},
		{"what the backend says", "Model.add(a='x')", "error validating request: 1 validation error for add\na\n  Input should be a valid integer"},
		{"missing", "Model.add()", "Field required"},
		{"what can't be sent", "Model.back(len)", "Model.back: value: a builtin_function_or_method can't be sent"},
		{"infinity", "Model.back(float('inf'))", "infinity can't be sent"},
		{"syntax", "Model.add(1", "got identifier, want ','"},
		{"name", "nope", "undefined: nope"},
		{"in a function", "def f():\n    return Model.add(x=1)\n\nf()", "<stdin>:2:21: in f"},
		{"help of nothing", "help(3)", "help wants Model or one of its members, and got a int"},
		{"deep", "x = []\nfor i in range(2000):\n    x = [x]\n\nModel.back(x)", "nests deeper"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := run(t.Context(), tt.script+"\nprint('went on')\n", nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(out, "went on") {
				t.Errorf("printed %q, error %v, want %q", out, err, tt.want)
			}
		})
	}
}

func TestHelpAndSchema(t *testing.T) {
	got, err := run(t.Context(), "help()\nhelp(Model.add)\nhelp(Model.Counter)\nhelp(Model.Counter.step)\nhelp(Model.Counter(1).step)\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Numbers.\n", "Model.add(a: int, b: int = 1) -> int\n    Add two numbers.\n", "class Model.Counter(start: int)\n    Counts.\n",
		"    Either may be negative.\n", "Parameters:\n    a: The first number.\n", "Result:\n    The sum.\n",
		"Methods:\n    step(by: int | None = null) -> dict[str, int]\n        Count on.\n",
		"Model.Counter(...).step(by: int | None = null) -> dict[str, int]\n    Count on.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("help lacks %q:\n%s", want, got)
		}
	}
	got, err = run(t.Context(), "schema(Model.add)['properties']['a']['type']\nschema()['title']\nschema(Model.add)", nil)
	if err != nil || !strings.HasPrefix(got, "\"integer\"\n\"topic\"\n{\n  \"") {
		t.Errorf("printed %q, %v", got, err)
	}
}

// A Ctrl-C ends the statement that runs; a script ends with it.
func TestInterruptEndsTheCall(t *testing.T) {
	for _, script := range []string{"Model.wait()\nprint('went on')", "while True:\n    pass\n\nprint('went on')"} {
		out, err := run(t.Context(), script, func(o *shell.Options) {
			o.Interrupts = func(interrupted func()) func() { interrupted(); return func() {} }
		})
		if err == nil || strings.Contains(out, "went on") {
			t.Errorf("printed %q, %v", out, err)
		}
	}
}

func TestEndOfContextEndsTheShell(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the signal")
	_, err := run(ctx, "Model.wait()\nModel.add(1)\n", func(o *shell.Options) {
		o.Interrupts = func(func()) func() { cancel(cause); return func() {} }
	})
	if !errors.Is(err, cause) {
		t.Errorf("got %v, want the cause", err)
	}
}

func TestCompletion(t *testing.T) {
	a := module().API()
	for _, tt := range []struct {
		text, word string
		want       []string
	}{
		{"Mo", "Mo", []string{"Model"}},
		{"x = Mo", "Mo", []string{"Model"}},
		{"", "", []string{"Model", "help", "mine", "schema"}},
		{"mi", "mi", []string{"mine"}},
		{"Model.", "", []string{"Counter", "add", "back", "wait"}},
		{"Model.a", "a", []string{"add"}},
		{"[Model.a", "a", []string{"add"}},
		{"Model.nope.", "", nil},
		{"Model.add(", "", []string{"a=", "b="}},
		{"Model.add(a=1, ", "", []string{"b="}},
		{"Model.add(a=Model.add(1), ", "", []string{"b="}},
		{"Model.add(a=(1), b", "b", []string{"b=", "break"}},
		{"Model.Counter(", "", []string{"start="}},
		{"Model.Counter(start=1).", "", []string{"step"}},
		{"Model.Counter(start=len([1, 2])).s", "s", []string{"step"}},
		{"Model.Counter(1).step(", "", []string{"by="}},
		{"Model.Counter.", "", []string{"step"}},
		{"help(Model.", "", []string{"Counter", "add", "back", "wait"}},
		{"Model.add(a=\"Mo", "", nil},
		{"# Mo", "", nil},
		{"mine.", "", nil},
		{"(", "", []string{"Model", "help", "mine", "schema"}},
		{").", "", nil},
	} {
		word, got := shell.Complete(&a, tt.text)
		if word != tt.word || !cmp.Equal(tt.want, got) {
			t.Errorf("%q: %q becomes %q, want %q becomes %q", tt.text, word, got, tt.word, tt.want)
		}
	}
}

func FuzzCompletion(f *testing.F) {
	a := module().API()
	for _, seed := range []string{"Model.Counter(1).", "((", ")).", "x\"\\", "Model..", ".(."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { shell.Complete(&a, text) })
}
