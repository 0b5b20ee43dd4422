// Alltypes has a parameter of every kind: docs/types.md explains them.
package main

import (
	"context"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/cli"
)

// Color is an enum of strings. The schema has its values, and others are refused.
type Color string

// The colors.
const (
	Red  Color = "red"
	Blue Color = "blue"
)

// Enum lists the values.
func (Color) Enum() []any { return []any{Red, Blue} }

// Level is an enum of integers.
type Level int

// The levels.
const (
	Low Level = iota + 1
	High
)

// Enum lists the values.
func (Level) Enum() []any { return []any{Low, High} }

// Address is a struct; the blank field describes it.
type Address struct {
	_      struct{} `description:"An address."`
	Street string   `json:"street"`
	Number int      `json:"number" default:"1" description:"House number" validate:"gte=1"`
	Tags   []string `json:"tags" default:"[]"`
}

// Person has a struct in it, and a date that may be null or left out.
type Person struct {
	Name    string     `json:"name"`
	Address Address    `json:"address"`
	Born    *dasf.Date `json:"born"`
}

// AllTypesRequest holds the parameters of all_types.
type AllTypesRequest struct {
	I        int            `json:"i" description:"An integer." validate:"gt=0,lte=100"`
	F        float64        `json:"f" description:"A float with a description\nover two lines." validate:"gte=0.5,lt=10"`
	B        bool           `json:"b" description:"A bool."`
	S        string         `json:"s" description:"A string." validate:"min=2,max=10" pattern:"^[a-z]+$"`
	LF       []float64      `json:"lf" description:"Floats." validate:"min=1,max=5"`
	DI       map[string]int `json:"di" description:"A mapping."`
	Color    Color          `json:"color" description:"A color."`
	Level    Level          `json:"level"`
	Mode     string         `json:"mode" description:"The mode." validate:"oneof=fast slow"`
	When     time.Time      `json:"when" description:"A date and time."`
	Day      dasf.Date      `json:"day" description:"A date."`
	Person   Person         `json:"person" description:"A person."`
	Opt      *string        `json:"opt" description:"May be left out, by default None"`
	M        int            `json:"m" default:"10" multipleOf:"5"`
	Greeting string         `json:"greeting" default:"hello"`
	Ratio    float64        `json:"ratio" default:"1.5"`
	Flag     bool           `json:"flag" default:"true"`
	Names    []string       `json:"names" default:"[\"a\",\"b\"]"`
}

// AllTypes gives back what it was given.
func AllTypes(_ context.Context, r AllTypesRequest) (map[string]any, error) {
	return map[string]any{
		"i": r.I, "f": r.F, "b": r.B, "s": r.S, "lf": r.LF, "di": r.DI,
		"color": r.Color, "level": r.Level, "mode": r.Mode, "when": r.When, "day": r.Day,
		"person": r.Person, "opt": r.Opt, "m": r.M, "greeting": r.Greeting,
		"ratio": r.Ratio, "flag": r.Flag, "names": r.Names,
	}, nil
}

// AnyRequest holds the parameters of no_annotations: any JSON value each.
type AnyRequest struct {
	A any `json:"a"`
	B any `json:"b" default:"3"`
}

// NoAnnotations gives both values back.
func NoAnnotations(_ context.Context, r AnyRequest) (any, error) {
	return []any{r.A, r.B}, nil
}

// UnionsRequest holds the parameters of unions.
type UnionsRequest struct {
	X        dasf.OneOf2[int, string] `json:"x"`
	T        dasf.Tuple2[int, string] `json:"t" default:"[1,\"a\"]"`
	Nested   *map[string][]Address    `json:"nested"`
	Anything any                      `json:"anything" default:"null"`
}

// Unions returns nobody.
func Unions(context.Context, UnionsRequest) (*Person, error) {
	return nil, nil
}

func module() *dasf.Module {
	return dasf.NewModule(dasf.Config{Topic: "all-types-topic"},
		dasf.Func("all_types", AllTypes).
			Doc("Take all the types and give them back.\n\nA longer description of the function that\ngoes over two lines.").
			Returns("Everything that was given."),
		dasf.Func("no_annotations", NoAnnotations),
		dasf.Func("unions", Unions))
}

func main() {
	cli.Main(module())
}
