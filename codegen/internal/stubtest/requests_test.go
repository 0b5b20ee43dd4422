package stubtest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/codegen/testdata/go/empty"
	"github.com/dasf-go/dasf/codegen/testdata/go/helloworld"
	"github.com/dasf-go/dasf/codegen/testdata/go/helloworldclass"
	"github.com/dasf-go/dasf/codegen/testdata/go/keywords"
	"github.com/dasf-go/dasf/codegen/testdata/go/long"
	"github.com/dasf-go/dasf/codegen/testdata/go/misc"
	"github.com/dasf-go/dasf/codegen/testdata/go/parameters"
	"github.com/dasf-go/dasf/codegen/testdata/go/progress"
	"github.com/dasf-go/dasf/codegen/testdata/go/texts"
)

// Each request names the member and the parameters as the backend does,
// whatever Go calls them.
func TestRequests(t *testing.T) {
	ctx := t.Context()
	c := echo(t, "echo")
	second := "text"
	for name, r := range map[string]struct {
		call func() (string, error)
		want string
	}{
		"a parameter": {
			func() (string, error) {
				return helloworld.HelloWorld(ctx, c, helloworld.HelloWorldRequest{Name: "Päter"})
			},
			`{"func_name":"hello_world","name":"Päter"}`,
		},
		"no parameters": {func() (string, error) { return misc.FailEmpty(ctx, c) }, `{"func_name":"fail_empty"}`},
		"a default is left to the backend": {
			func() (string, error) { return misc.Big(ctx, c, misc.BigRequest{}) },
			`{"func_name":"big"}`,
		},
		"zero is not left out": {
			func() (string, error) { return misc.Big(ctx, c, misc.BigRequest{N: new(0)}) },
			`{"func_name":"big","n":0}`,
		},
		"a method": {
			func() (string, error) {
				o := helloworldclass.NewHelloWorld(c, helloworldclass.HelloWorldArgs{Message: "m"})
				return o.Upper(ctx, helloworldclass.HelloWorldUpperRequest{Suffix: &second})
			},
			`{"class_name":"HelloWorld","function":{"func_name":"upper","suffix":"text"},"message":"m"}`,
		},
		"a class without parameters": {
			func() (string, error) { return empty.NewEmpty(c).Ping(ctx) },
			`{"class_name":"Empty","function":{"func_name":"ping"}}`,
		},
		"a keyword": {
			func() (string, error) { return keywords.Class(ctx, c, keywords.ClassRequest{Import: 1}) },
			`{"func_name":"class","import":1}`,
		},
		"a name that is taken": {
			func() (string, error) { return keywords.NewImport(c, keywords.ImportArgs{Global: 1}).Constructor(ctx) },
			`{"class_name":"import","function":{"func_name":"constructor"},"global":1}`,
		},
		"names of Go's own": {
			func() (string, error) { return parameters.Own(ctx, c, parameters.OwnRequest{Ctx: 1, Opts: 2, Self: 3}) },
			`{"func_name":"own","self":3,"request":0,"model":0,"cls":0,"args":0,"options":0,"ctx":1,"client":0,"target":0,"opts":2,"value":0,` +
				`"context":0,"backend_config":0,"model_dump":0,"model_name":0,"schema":0,"json":0,"copy":0}`,
		},
		"names that are no identifiers": {
			func() (string, error) {
				return parameters.Aliases(ctx, c, parameters.AliasesRequest{"lat-lon": 1, "": 2})
			},
			`{"func_name":"aliases","":2,"lat-lon":1}`,
		},
		"left out and null": {
			func() (string, error) { return parameters.LeftOut(ctx, c, parameters.LeftOutRequest{A: 1}) },
			`{"func_name":"left_out","a":1,"d":null}`,
		},
		"required behind optional": {
			func() (string, error) { return parameters.Order(ctx, c, parameters.OrderRequest{Second: "s"}) },
			`{"func_name":"order","second":"s"}`,
		},
		"a private method": {
			func() (string, error) {
				return parameters.NewHidden(c, parameters.HiddenArgs{}).Private(ctx, parameters.HiddenPrivateRequest{X: 1})
			},
			`{"class_name":"Hidden","function":{"func_name":"_private","_x":1},"self":0,"_request_base":0}`,
		},
		"quotes and backslashes": {
			func() (string, error) {
				return texts.Quotes(ctx, c, texts.QuotesRequest{A: `"\`, D: "1'\"`"})
			},
			`{"func_name":"quotes","a":"\"\\","d":"1'\"` + "`" + `"}`,
		},
		"a literal": {func() (string, error) { return long.One(ctx, c, long.OneRequest{}) }, `{"func_name":"one"}`},
		"a report": {
			func() (string, error) { return progress.RunSteps(ctx, c, progress.RunStepsRequest{N: new(1)}) },
			`{"func_name":"run_steps","n":1}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := r.call()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
