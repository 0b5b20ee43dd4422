// Helloworld is the smallest backend: one function with one parameter.
//
//	go run ./examples/helloworld schema -i 2
//	go run ./examples/helloworld compute '{"func_name": "hello_world", "name": "Peter"}'
//	go run ./examples/helloworld listen
package main

import (
	"context"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/cli"
)

// Request holds the parameters of hello_world.
type Request struct {
	Name string `json:"name"`
}

// HelloWorld greets somebody.
func HelloWorld(_ context.Context, r Request) (string, error) {
	return "Hello World, " + r.Name, nil
}

func module() *dasf.Module {
	return dasf.NewModule(dasf.Config{Topic: "hello-world-topic"},
		dasf.Func("hello_world", HelloWorld))
}

func main() {
	cli.Main(module())
}
