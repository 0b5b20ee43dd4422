package dasf

import (
	"strconv"
	"strings"

	"github.com/dasf-go/dasf/transport"
)

// Message types. Those up to apiInfo are demessaging's
// (PulsarMessageConstants.py); the others are sent only to a peer that asked
// for extensions.
const (
	typePing     = "ping"
	typePong     = "pong"
	typeRequest  = "request"
	typeResponse = "response"
	typeProgress = "progress"
	typeLog      = "log"
	typeInfo     = "info"
	typeAPIInfo  = "api_info"

	typeAccepted = "accepted" // the call is held; carries the backend's inbox
	typeAlive    = "alive"    // the calls of one client that are held
	typeCancel   = "cancel"   // the caller wants no answer any more
	typeResend   = "resend"   // pieces, or the whole answer, did not arrive
)

// Properties of a message. Values are strings, whatever the peer sent.
const (
	propResponseTopic = "response_topic"
	propContext       = "requestContext"
	propType          = "messageType"
	propSourceTopic   = "source_topic"
	propStatus        = "status"
	propFragment      = "fragment"
	propNumFragments  = "num_fragments"
	propInfo          = "info"
	propAPIInfo       = "api_info"

	propExtensions  = "dasf"        // "1": the sender knows the types above
	propTimeout     = "timeout"     // milliseconds that are left for the call
	propInbox       = "inbox"       // topic of one backend, for what concerns its calls
	propCaller      = "caller"      // a call's response topic, where response_topic would create a topic
	propContexts    = "contexts"    // "3,7,12": the calls that an alive names
	propMissing     = "missing"     // "0,4": the pieces that a resend asks for; absent: everything
	propCode        = "code"        // the Code of an error
	propLog         = "log"         // a level: the caller wants the handler's log from there on
	propTraceparent = "traceparent" // W3C trace context, from any peer
	propTracestate  = "tracestate"
	propAgain       = "again"   // "1": the request was sent before; ask before running it
	propWaiting     = "waiting" // "1" in a ping: calls wait although a backend answers
	propWatch       = "watch"   // "1" in an alive: answer it, or your calls end; in a request: I do
)

const (
	statusSuccess = "success"
	statusError   = "error"
)

const extensionsVersion = "1"

// maxEnvelope is the longest text message that Pulsar's WebSocket service
// (webSocketMaxTextFrameSize) and daphne 4.2.2 and later take.
const maxEnvelope = 1_048_576

// extended reports whether the sender of m asked for extensions.
func extended(m *transport.Message) bool { return m.Properties[propExtensions] == extensionsVersion }

// requestContext returns the context of a request: in its properties, else at
// top level, as demessaging's extract_context.
func requestContext(m *transport.Message) string {
	if c := m.Properties[propContext]; c != "" {
		return c
	}
	return m.Context
}

// callerTopic returns the response topic of the call that m is about.
func callerTopic(m *transport.Message) string {
	if t := m.Properties[propCaller]; t != "" {
		return t
	}
	return m.Properties[propResponseTopic]
}

// fragmentOf reads the fragment properties. count is 0 for a message that is
// whole. ok is false when they are no numbers; the fragment package judges
// their range.
func fragmentOf(m *transport.Message) (index, count int, ok bool) {
	text, has := m.Properties[propNumFragments]
	if !has {
		return 0, 0, true
	}
	count, err := strconv.Atoi(text)
	if err != nil {
		return 0, 0, false
	}
	index, err = strconv.Atoi(m.Properties[propFragment])
	return index, count, err == nil && count != 0
}

// parseNumbers reads "0,4,7". What is no number is left out.
func parseNumbers(text string) []int {
	var numbers []int
	for part := range strings.SplitSeq(text, ",") {
		if n, err := strconv.Atoi(part); err == nil {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func formatNumbers(numbers []int) string {
	var b []byte
	for i, n := range numbers {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return string(b)
}
