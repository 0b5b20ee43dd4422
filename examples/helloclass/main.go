// Helloclass offers a class: a constructor with a parameter, and methods that are
// called on what it makes.
//
//	go run ./examples/helloclass compute '{"class_name": "HelloWorld", "message": "Hi",
//	    "function": {"func_name": "repeat_message", "repeat": 2}}'
package main

import (
	"context"
	"strings"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/cli"
)

// HelloWorld is both the class and its parameters.
type HelloWorld struct {
	Message string `json:"message" description:"The message to repeat." validate:"min=1"`
}

// RepeatRequest holds the parameters of repeat_message.
type RepeatRequest struct {
	Repeat int `json:"repeat" description:"How often to repeat." validate:"gte=0"`
}

// RepeatMessage repeats the message.
func (h *HelloWorld) RepeatMessage(_ context.Context, r RepeatRequest) ([]string, error) {
	repeated := []string{}
	for range r.Repeat {
		repeated = append(repeated, h.Message)
	}
	return repeated, nil
}

// UpperRequest holds the parameters of upper.
type UpperRequest struct {
	Suffix string `json:"suffix" default:"!"`
}

// Upper returns the message in capitals.
func (h *HelloWorld) Upper(_ context.Context, r UpperRequest) (string, error) {
	return strings.ToUpper(h.Message) + r.Suffix, nil
}

func module() *dasf.Module {
	return dasf.NewModule(dasf.Config{Topic: "hello-world-class-topic"},
		dasf.Class("HelloWorld", dasf.New[HelloWorld],
			dasf.Method("repeat_message", (*HelloWorld).RepeatMessage).
				Doc("Repeat the message.").
				Returns("The repeated messages."),
			dasf.Method("upper", (*HelloWorld).Upper)).
			Doc("A class that repeats a message."))
}

func main() {
	cli.Main(module())
}
