package typed_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/typed"
)

// Go twins of the reference modules all_types, hello_world and hello_world_class.
type (
	peerPerson struct {
		Name    string     `json:"name"`
		Address Address    `json:"address"`
		Born    *dasf.Date `json:"born"`
	}
	peerAllTypes struct {
		I        int            `json:"i" validate:"gt=0,lte=100"`
		F        float64        `json:"f" validate:"gte=0.5,lt=10"`
		B        bool           `json:"b"`
		S        string         `json:"s" validate:"min=2,max=10" pattern:"^[a-z]+$"`
		LF       []float64      `json:"lf" validate:"min=1,max=5"`
		DI       map[string]int `json:"di"`
		Color    Color          `json:"color"`
		Level    Level          `json:"level"`
		Mode     string         `json:"mode" validate:"oneof=fast slow"`
		When     time.Time      `json:"when"`
		Day      dasf.Date      `json:"day"`
		Person   peerPerson     `json:"person"`
		Opt      *string        `json:"opt"`
		M        int            `json:"m" default:"10" multipleOf:"5"`
		Greeting string         `json:"greeting" default:"hello"`
		Ratio    float64        `json:"ratio" default:"1.5"`
		Flag     bool           `json:"flag" default:"true"`
		Names    []string       `json:"names" default:"[\"a\",\"b\"]"`
	}
	peerHello struct {
		Name string `json:"name"`
	}
	peerClass struct {
		Message string `json:"message" validate:"min=1"`
	}
	peerRepeat struct {
		Repeat int `json:"repeat" validate:"gte=0"`
	}
)

// TestPeerErrors compares with what demessaging 0.6.4 answered to the same
// requests, line by line. Of a union's errors only those of the member that was
// called are recorded: Go knows which one it is.
func TestPeerErrors(t *testing.T) {
	answer := map[string]func(request []byte) (any, error){
		"types": peerFunction[peerAllTypes](t, "all_types"),
		"hello": peerFunction[peerHello](t, "hello_world"),
		"class": peerMethod(t),
	}
	for _, row := range readLines[struct {
		Module, Case, Request, Response string
		Errors                          []string
	}](t, "testdata/peer/errors.jsonl") {
		t.Run(row.Module+"/"+row.Case, func(t *testing.T) {
			if row.Case == "unknown_method" {
				// The peer goes on with the other arguments of a method that is none.
				row.Errors = row.Errors[:2]
			}
			v, err := answer[row.Module]([]byte(row.Request))
			var got []string
			if err != nil {
				var invalid *typed.Invalid
				if !errors.As(err, &invalid) {
					t.Fatal(err)
				}
				got = strings.Split(invalid.Text("__main__"), "\n")[1:]
			}
			if diff := cmp.Diff(row.Errors, got); diff != "" {
				t.Fatalf("(-peer +ours)\n%s", diff)
			}
			if row.Module != "types" || err != nil {
				return
			}
			k, err := typed.For[any](typed.NewCompiler(typed.Options{}), "the answer")
			if err != nil {
				t.Fatal(err)
			}
			response, err := k.Append(nil, v)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.Response, string(response)); diff != "" {
				t.Errorf("(-peer +ours)\n%s", diff)
			}
		})
	}
}

// peerFunction answers as a module with one function does: with its arguments.
func peerFunction[T any](t *testing.T, name string) func([]byte) (any, error) {
	t.Helper()
	k, err := typed.ForRequest[T](typed.NewCompiler(typed.Options{}), name)
	if err != nil {
		t.Fatal(err)
	}
	return func(request []byte) (any, error) {
		head, err := typed.ScanHead(request)
		switch {
		case err != nil:
			return nil, err
		case !head.HasFunc:
			return nil, typed.MissingName("func_name", request)
		case head.Func != name:
			return nil, typed.UnknownName("func_name", head.Func, []string{name})
		}
		return k.Decode(request, typed.DecodeOptions{Reserved: []string{"func_name"}, Checked: true})
	}
}

// peerMethod answers as a module with one class does.
func peerMethod(t *testing.T) func([]byte) (any, error) {
	t.Helper()
	c := typed.NewCompiler(typed.Options{})
	class, err := typed.ForRequest[peerClass](c, "class")
	if err != nil {
		t.Fatal(err)
	}
	repeat, err := typed.ForRequest[peerRepeat](c, "method")
	if err != nil {
		t.Fatal(err)
	}
	return func(request []byte) (any, error) {
		head, err := typed.ScanHead(request)
		switch {
		case err != nil:
			return nil, err
		case head.Class != "HelloWorld":
			return nil, typed.UnknownName("class_name", head.Class, []string{"HelloWorld"})
		case head.Function == nil:
			return nil, typed.MissingName("function", request)
		}
		if _, err := class.Decode(request, typed.DecodeOptions{Reserved: []string{"class_name", "function"}, Checked: true}); err != nil {
			return nil, err
		}
		method, err := head.Method()
		if err != nil {
			return nil, err
		}
		if method.Func != "repeat_message" {
			return nil, typed.UnknownName("function.func_name", method.Func, []string{"repeat_message"})
		}
		return repeat.Decode(head.Function, typed.DecodeOptions{Reserved: []string{"func_name"}, Prefix: "function", Checked: true})
	}
}
