package dasf

import (
	"fmt"
	"strings"

	"github.com/dasf-go/dasf/internal/envelope"
	"github.com/dasf-go/dasf/transport"
)

const (
	// requestOverhead and propertyOverhead are what a request counts against
	// Config.QueueBytes besides its texts: what it takes to keep account of it.
	requestOverhead  = 2048
	propertyOverhead = 64

	// maxIdentity bounds the names that stay when a request is answered: its
	// response topic and its context.
	maxIdentity = 1024
)

// weigh notes what a message counts against Config.QueueBytes, and finds fault
// with properties that cost more than they can be good for. The embedded broker
// takes none such; others do.
func (d *delivered) weigh() error {
	longest := 0
	weight := requestOverhead + len(d.Payload) + len(d.Key) + propertyOverhead*len(d.Properties)
	for name, value := range d.Properties {
		weight += len(name) + len(value)
		longest = max(longest, len(name))
	}
	d.weight = int64(weight)
	return envelope.JudgeProperties(len(d.Properties), longest)
}

// checkIdentity finds fault with a message that can't be answered for what it
// names.
func checkIdentity(m *transport.Message) error {
	for _, one := range []struct{ name, value string }{
		{"requestContext", requestContext(m)}, {"response_topic", callerTopic(m)},
	} {
		if n := len(one.value); n > maxIdentity {
			return fmt.Errorf("%s has %d bytes, at most %d are taken", one.name, n, maxIdentity)
		}
	}
	return nil
}

// alone is k without what it was cut out of: the properties of a message lie in
// one text, and each of them keeps all of it.
func (k callKey) alone() callKey {
	var b strings.Builder
	b.Grow(len(k.topic) + len(k.context))
	b.WriteString(k.topic)
	b.WriteString(k.context)
	both := b.String()
	return callKey{both[:len(k.topic)], both[len(k.topic):]}
}

// bareRequest is what is kept of the properties of a request that is done. It is
// only read.
var bareRequest = map[string]string{propType: typeRequest}

// bare is d as far as it must be kept to be acknowledged, or handed back.
func (d *delivered) bare() *delivered {
	m := *d.Message
	m.Payload, m.Key, m.Context = nil, "", ""
	m.Properties = map[string]string{propType: strings.Clone(d.Properties[propType])}
	return &delivered{Message: &m, from: d.from}
}
