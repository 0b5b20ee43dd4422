package dasf

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dasf-go/dasf/internal/typed"
)

// A Code says which side failed, and therefore who can mend it.
//
// Between Go peers the code travels with the error. From a Python backend
// it is recovered from the text's prefix, which is all that the wire carries.
type Code string

const (
	// CodeInvalidRequest says that the request does not fit the schema of the
	// member that it names, or names none. The caller mends it.
	CodeInvalidRequest Code = "invalid_request"

	// CodeProcessing says that the backend failed while it checked the request:
	// a Validate method panicked, say.
	CodeProcessing Code = "processing"

	// CodeExecution says that the member itself failed: it returned an error,
	// panicked, or returned a value that breaks the rules of its result.
	CodeExecution Code = "execution"

	// CodeBusy says that the backend's queue was full. The request was not
	// started; it may be sent again later.
	CodeBusy Code = "busy"

	// CodeUnavailable says that the broker or the backend could not be reached
	// or vanished. Whether the request was run is not known.
	CodeUnavailable Code = "unavailable"

	// CodeCanceled says that the caller's context was cancelled.
	CodeCanceled Code = "canceled"

	// CodeDeadlineExceeded says that the caller's deadline passed.
	CodeDeadlineExceeded Code = "deadline_exceeded"

	// CodeTooLarge says that a request is longer than the broker takes, and
	// that the backend is not known to take it in pieces. It was not sent.
	CodeTooLarge Code = "too_large"
)

const busyText = "request rejected due to queue overflow, try again later"

// wirePrefixes are the texts in front of an error response, as demessaging
// writes them in backend/module.py. Their order is that of recognition.
var wirePrefixes = [...]struct {
	code   Code
	prefix string
}{
	{CodeInvalidRequest, "error validating request: "},
	{CodeProcessing, "error processing request: "},
	{CodeExecution, "error executing request: "},
}

// A FieldError is one value of a request, or of a result, that broke one rule.
type FieldError struct {
	// Path leads to the value in the spelling of the request, with dots
	// between its parts: "items.3.name". It is empty for the request itself.
	Path string
	// Type is pydantic's name of the breach ("missing", "int_parsing",
	// "greater_than_equal") where it has one.
	Type string
	// Message says what was expected.
	Message string
	// Input is what was given, as Python would print it, cut at 100 characters.
	Input string
}

func (e FieldError) Error() string {
	if e.Path == "" {
		return e.Message
	}
	return e.Path + ": " + e.Message
}

// An Error is the failure of a call. Every error that [Call] and the methods
// of [Client] return is one, or wraps one: use [errors.As] or [CodeOf].
type Error struct {
	code   Code
	err    error
	fields []FieldError
	remote bool
}

// Errorf makes an Error for a handler to return. A verb %w wraps, as in
// [fmt.Errorf]. Its text is sent to the client, so keep secrets out of it.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{code: code, err: fmt.Errorf(format, args...)}
}

func (e *Error) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.err }

// Is reports whether target is the context's error that means the same as e's
// code. So [errors.Is] finds it also where the backend was the first to see
// that the time was over.
func (e *Error) Is(target error) bool {
	switch e.code {
	case CodeCanceled:
		return target == context.Canceled
	case CodeDeadlineExceeded:
		return target == context.DeadlineExceeded
	}
	return false
}

// Code returns the code.
func (e *Error) Code() Code { return e.code }

// Fields returns every value of the request that broke a rule. It is empty
// for errors of another kind. The caller must not change it.
func (e *Error) Fields() []FieldError { return e.fields }

// Remote reports whether the backend sent the error, as opposed to this
// process having made it.
func (e *Error) Remote() bool { return e.remote }

// CodeOf returns the code of err: that of the [*Error] which it is or wraps,
// that of a context's error, or else [CodeExecution]. It returns "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.code
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return CodeDeadlineExceeded
	case errors.Is(err, context.Canceled):
		return CodeCanceled
	}
	return CodeExecution
}

// localCode is CodeOf for the error of a handler: what a backend further down
// sent it is a failure of the handler, not of the handler's own caller.
func localCode(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok && e.remote {
		return CodeExecution
	}
	return CodeOf(err)
}

// wireText is the text that an error response carries.
func wireText(err error) string {
	code := localCode(err)
	if code == CodeBusy {
		return busyText
	}
	for _, p := range wirePrefixes {
		if p.code == code {
			return p.prefix + err.Error()
		}
	}
	return "error executing request: " + err.Error()
}

// remoteError reads an error response. The code property is sent by Go
// backends to those who asked for extensions; it is empty otherwise.
func remoteError(text string, code Code) *Error {
	e := &Error{code: code, err: errors.New(text), remote: true}
	if strings.HasPrefix(text, "request rejected due to queue overflow") {
		e.code = CodeBusy
	}
	for _, p := range wirePrefixes {
		rest, ok := strings.CutPrefix(text, p.prefix)
		if !ok {
			continue
		}
		if e.code == "" {
			e.code = p.code
		}
		if p.code == CodeInvalidRequest {
			e.fields = parseFields(rest)
		}
		break
	}
	if e.code == "" {
		e.code = CodeExecution
	}
	return e
}

// parseFields reads pydantic's layout of a validation error:
//
//	2 validation errors for hello_world
//	repeat
//	  Input should be greater than or equal to 0 [type=greater_than_equal, input_value=-1, input_type=int]
//	    For further information visit …
//
// An error of the request as a whole has no line with a path.
func parseFields(text string) []FieldError {
	lines := strings.Split(text, "\n")
	if !strings.Contains(lines[0], " validation error") {
		return nil
	}
	var fields []FieldError
	path := ""
	for _, line := range lines[1:] {
		switch {
		case strings.HasPrefix(line, "    "):
		case strings.HasPrefix(line, "  "):
			fields = append(fields, parseField(path, line[2:]))
			path = ""
		default:
			path = line
		}
	}
	return fields
}

func parseField(path, line string) FieldError {
	f := FieldError{Path: path, Message: line}
	at := strings.LastIndex(line, " [type=")
	if at < 0 {
		return f
	}
	f.Message = line[:at]
	details := strings.TrimSuffix(line[at+len(" [type="):], "]")
	f.Type, details, _ = strings.Cut(details, ", input_value=")
	if end := strings.LastIndex(details, ", input_type="); end >= 0 {
		f.Input = details[:end]
	}
	return f
}

// invalid turns the typed edge's error into one for the caller. The title is
// the name of the member.
func invalid(title string, err error) error {
	var in *typed.Invalid
	if !errors.As(err, &in) {
		return &Error{code: CodeInvalidRequest, err: err}
	}
	if in.Processing != nil {
		return &Error{code: CodeProcessing, err: in.Processing}
	}
	return &Error{code: CodeInvalidRequest, err: errors.New(in.Text(title)), fields: fieldErrors(in)}
}

func fieldErrors(in *typed.Invalid) []FieldError {
	fields := make([]FieldError, len(in.Fields))
	for i, f := range in.Fields {
		fields[i] = FieldError{Path: f.Path, Type: f.Type, Message: f.Message, Input: f.Input}
	}
	return fields
}

// brokenResult is the error of a result that breaks its rules.
func brokenResult(title string, err error) error {
	var in *typed.Invalid
	if !errors.As(err, &in) {
		return &Error{code: CodeExecution, err: err}
	}
	if in.Processing != nil {
		return &Error{code: CodeExecution, err: in.Processing}
	}
	return &Error{code: CodeExecution, err: errors.New(in.Text(title)), fields: fieldErrors(in)}
}
