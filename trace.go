package dasf

import (
	"context"
	"log/slog"

	"github.com/dasf-go/dasf/transport"
)

// A Trace is a W3C trace context (https://www.w3.org/TR/trace-context/). It
// travels with a request, as the properties traceparent and tracestate.
type Trace struct {
	// Parent is a traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.
	Parent string
	// State is the tracestate that goes with it, and may be empty.
	State string
}

type traceKey struct{}

// WithTrace has the calls that are made with the context carry t. A Trace whose
// Parent is no traceparent is not sent.
func WithTrace(ctx context.Context, t Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// TraceOf returns the Trace that came with the request which a handler's
// context belongs to, or what [WithTrace] put there; the zero Trace without.
// Calls that a handler makes with its context carry it on.
func TraceOf(ctx context.Context) Trace {
	t, _ := ctx.Value(traceKey{}).(Trace)
	return t
}

// ID returns the trace-id of t, 32 hexadecimal digits; "" if its Parent is no
// traceparent.
func (t Trace) ID() string {
	if !validTraceparent(t.Parent) {
		return ""
	}
	return t.Parent[3:35]
}

// validTraceparent reports whether text is a traceparent of version 00, or
// begins as one of a later version does: section 3.2.4 of the recommendation.
func validTraceparent(text string) bool {
	const length = len("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	if len(text) < length || len(text) > 256 || text[2] != '-' || text[35] != '-' || text[52] != '-' {
		return false
	}
	version, trace, parent, flags := text[:2], text[3:35], text[36:52], text[53:length]
	if !isHex(version) || !isHex(trace) || !isHex(parent) || !isHex(flags) || isZero(trace) || isZero(parent) {
		return false
	}
	rest := text[length:]
	switch version {
	case "ff":
		return false
	case "00":
		return rest == ""
	}
	return rest == "" || rest[0] == '-'
}

func isHex(text string) bool {
	for i := range len(text) {
		c := text[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func isZero(text string) bool {
	for i := range len(text) {
		if text[i] != '0' {
			return false
		}
	}
	return true
}

// maxTracestate is what every vendor has to pass on: section 3.3.1.5.
const maxTracestate = 512

// properties adds t to those of a message.
func (t Trace) properties(m map[string]string) {
	if t.ID() == "" {
		return
	}
	m[propTraceparent] = t.Parent
	if t.State != "" && len(t.State) <= maxTracestate {
		m[propTracestate] = t.State
	}
}

// traceIn reads the trace of a request; one that can't be read is none, as the
// recommendation wants it.
func traceIn(m *transport.Message) Trace {
	t := Trace{Parent: m.Properties[propTraceparent]}
	if t.ID() == "" {
		return Trace{}
	}
	if state := m.Properties[propTracestate]; len(state) <= maxTracestate {
		t.State = state
	}
	return t
}

// traced is l with the trace-id, where there is one.
func (t Trace) traced(l *slog.Logger) *slog.Logger {
	if id := t.ID(); id != "" {
		return l.With("trace_id", id)
	}
	return l
}
