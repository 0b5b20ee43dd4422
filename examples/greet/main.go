// Greet offers a class whose method returns a struct, and a function over a map.
package main

import (
	"context"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/cli"
)

// HelloWorld is both the class and its parameters.
type HelloWorld struct {
	Message string `json:"message" validate:"min=1"`
}

// GreetRequest holds the parameters of greet.
type GreetRequest struct {
	Repeat       int    `json:"repeat"`
	GreetMessage string `json:"greet_message"`
}

// GreetResponse is the result of greet. Stubs make a class of it.
type GreetResponse struct {
	Message      string    `json:"message"`
	Greetings    []string  `json:"greetings"`
	GreetingTime time.Time `json:"greeting_time"`
}

// Greet repeats a greeting, and says when.
func (h *HelloWorld) Greet(_ context.Context, r GreetRequest) (GreetResponse, error) {
	return GreetResponse{
		Message:      h.Message,
		Greetings:    repeat(r.GreetMessage, r.Repeat),
		GreetingTime: time.Now(),
	}, nil
}

// RepeatRequest holds the parameters of repeat_message.
type RepeatRequest struct {
	Repeat int `json:"repeat" validate:"gte=0"`
}

// RepeatMessage repeats the message.
func (h *HelloWorld) RepeatMessage(_ context.Context, r RepeatRequest) ([]string, error) {
	return repeat(h.Message, r.Repeat), nil
}

// repeat returns an empty list for less than one time, as Python's [text] * times does.
func repeat(text string, times int) []string {
	repeated := []string{}
	for range max(times, 0) {
		repeated = append(repeated, text)
	}
	return repeated
}

// SumRequest holds the parameters of compute_sum.
type SumRequest struct {
	Values map[string]float64 `json:"values"`
}

// ComputeSum adds up the values.
func ComputeSum(_ context.Context, r SumRequest) (float64, error) {
	sum := 0.0
	for _, v := range r.Values {
		sum += v
	}
	return sum, nil
}

func module() *dasf.Module {
	return dasf.NewModule(dasf.Config{Topic: "greet-topic"},
		dasf.Class("HelloWorld", dasf.New[HelloWorld],
			dasf.Method("greet", (*HelloWorld).Greet),
			dasf.Method("repeat_message", (*HelloWorld).RepeatMessage)),
		dasf.Func("compute_sum", ComputeSum).Doc("Sum up the values."))
}

func main() {
	cli.Main(module())
}
