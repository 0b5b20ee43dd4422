package typed

import (
	"fmt"
	"strconv"
	"strings"
)

// Bounds of the errors kept for one value; the others are only counted. A
// request of a million wrong numbers would else be answered with 100 MB.
const (
	maxErrors    = 1000
	maxErrorText = 1 << 18
)

// A FieldError is one value that is wrong.
type FieldError struct {
	Path      string // keys and indexes joined by dots, in the caller's spelling; "" is the whole
	Type      string // pydantic's name for the error where it has one: "int_parsing"
	Message   string // "Input should be a valid integer, unable to parse string as an integer"
	Input     string // Python's repr of the input, cut at 100 characters
	InputType string // Python's name of the input's type: "int"
	Rule      string // the validate rule that was broken, if any: "gte"
	Param     string // its parameter: "0"

	overflow string // digits of an integer beyond its Go type, which a rule may refuse more clearly
}

// Invalid is the error of a request, or a result, that breaks its contract.
type Invalid struct {
	// Fields are the wrong values in the order of the declaration. At most
	// 1,000 are kept, and fewer if they are long; Omitted counts the others.
	Fields  []FieldError
	Omitted int
	// Processing is set when checking itself failed: a Validate method panicked.
	Processing error
}

// Text is pydantic's layout of the error, without its URLs; title names the
// whole, as the class name of the model does there.
func (e *Invalid) Text(title string) string {
	if e.Processing != nil {
		return e.Processing.Error()
	}
	var b strings.Builder
	n := len(e.Fields) + e.Omitted
	b.WriteString(strconv.Itoa(n))
	b.WriteString(" validation error")
	if n != 1 {
		b.WriteByte('s')
	}
	b.WriteString(" for ")
	b.WriteString(title)
	for _, f := range e.Fields {
		if f.Path != "" {
			b.WriteByte('\n')
			b.WriteString(f.Path)
		}
		fmt.Fprintf(&b, "\n  %s [type=%s, input_value=%s, input_type=%s]", f.Message, f.Type, f.Input, f.InputType)
	}
	if e.Omitted > 0 {
		fmt.Fprintf(&b, "\n… and %d more", e.Omitted)
	}
	return b.String()
}

// Error is Text with the title "value".
func (e *Invalid) Error() string { return e.Text("value") }

// Unwrap returns e.Processing.
func (e *Invalid) Unwrap() error { return e.Processing }

// Merge adds the errors of other, which may be nil.
func (e *Invalid) Merge(other *Invalid) {
	if other == nil {
		return
	}
	e.Fields = append(e.Fields, other.Fields...)
	e.Omitted += other.Omitted
	if e.Processing == nil {
		e.Processing = other.Processing
	}
}

// UnknownName is the error of a name that is none of the known ones: what
// func_name, class_name or a method's func_name holds.
func UnknownName(path, name string, known []string) *Invalid {
	choices := make([]string, len(known))
	for i, k := range known {
		choices[i] = pythonString(k)
	}
	var input excerpt
	input.str([]byte(name))
	return &Invalid{Fields: []FieldError{{
		Path: path, Type: "literal_error", Message: "Input should be " + anyOf(choices),
		Input: input.String(), InputType: "str",
	}}}
}
