package broker

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/internal/envelope"
)

// Codes of Pulsar's WebSocket service behind "send-error:" (WebSocketError).
const (
	codeJSON    = 3 // not to be deserialised
	codePayload = 7
	codeRefused = 8
)

// produce takes one message from a producer and answers it. The text lies in
// memory, if that is to be used again.
func (s *socket) produce(kind int, text []byte, memory *memory) {
	if kind == websocket.BinaryMessage {
		s.reject(nil, codeJSON, "the frame is binary, it must be text")
		return
	}
	var f envelope.Frame
	f.KeepUnknown = s.form == envelope.Plain
	if err := envelope.Scan(text, &f); err != nil {
		if s.checkText(text) {
			s.reject(nil, codeJSON, "%w", err)
		}
		return
	}
	if err := envelope.CheckProperties(f.Properties); err != nil {
		s.reject(f.Context, codeRefused, "%w", err)
		return
	}
	summary := envelope.Summarize(f.Properties)
	if s.form == envelope.Pulsar && !s.checkPulsar(&f, summary.Refused) {
		return
	}
	if err := s.permit(&f, summary.ResponseTopic, len(text)); err != nil {
		s.reject(f.Context, codeRefused, "%w", err)
		return
	}
	m := newMessage(text, &f, summary, time.Now())
	s.topic.storing(m, s.domain)
	memory.lend()
	if m.durable { // the memory is the store's for good
		s.produceDurable(m, &f)
		return
	}
	s.settle() // answers go out in the order of the messages
	m.memory = memory
	if _, err := s.topic.publish(m, nil); err != nil {
		memory.giveBack(s.broker)
		s.reject(f.Context, codeRefused, "%w", err)
		return
	}
	s.accept(m, &f)
}

// accept answers a message that was published, once what it settles is
// acknowledged.
func (s *socket) accept(m *message, f *envelope.Frame) {
	s.broker.received.Add(1)
	settled := len(f.Settles) > 0 && s.broker.settlers.settle(f.Settles)
	if f.Late {
		s.answerLate(f, settled)
		return
	}
	s.answer(&envelope.Answer{Result: "ok", MessageID: m.id, Context: f.Context, Settled: settled})
}

func (s *socket) produceDurable(m *message, f *envelope.Frame) {
	kept := envelope.Frame{Context: f.Context, Late: f.Late, Settles: f.Settles} // all that the answer needs
	if !s.expect() {
		return
	}
	later, err := s.topic.publish(m, func(err error) { s.written(m, &kept, err) })
	switch {
	case !later:
		s.unexpect()
		s.reject(f.Context, codeRefused, "%w", err)
	case s.reader.Buffered() > 0:
		s.broker.store.Wake() // there is more to write
	default:
		s.wire.reader.During(s.broker.store.Commit)
	}
}

// written answers a message that is on the disk, or that the disk has refused.
func (s *socket) written(m *message, f *envelope.Frame, err error) {
	if err != nil {
		s.answerRefusal(f.Context, codeRefused, &storeError{err})
	} else {
		s.accept(m, f)
	}
	s.unexpect()
}

// permit holds a message to the bounds and rights of its user.
func (s *socket) permit(f *envelope.Frame, response []byte, size int) error {
	if err := s.usage.take(size); err != nil {
		return err
	}
	open := s.broker.open()
	if asked := &s.topic.status.asked; len(response) > 0 && !asked.Load() {
		asked.Store(true)
	}
	if isStatusTopic(s.topic.name) {
		return s.broker.takePong(&s.user, s.topic.name, f)
	}
	if open {
		return nil
	}
	return s.broker.permitMessage(&s.user, s.topic.name, string(response))
}

// A storeError is the disk's. Producers learn what it said, and the log also
// where.
type storeError struct{ err error }

func (e *storeError) Error() string { return fmt.Sprintf("the message could not be stored: %v", e.err) }

func (e *storeError) public() string {
	var path *fs.PathError
	if errors.As(e.err, &path) {
		return fmt.Sprintf("the message could not be stored: %v", path.Err)
	}
	return e.Error()
}

// checkPulsar holds a message to what Pulsar's form demands, so that a client
// written against one broker works with the other. The payload itself is not
// looked at.
func (s *socket) checkPulsar(f *envelope.Frame, refused error) bool {
	if len(f.Context) > 0 && (f.Context[0] == '{' || f.Context[0] == '[') {
		s.reject(nil, codeJSON, "context must be a string")
		return false
	}
	if refused != nil {
		s.reject(f.Context, codeJSON, "%w", refused)
		return false
	}
	if !f.HasPayload {
		s.reject(f.Context, codePayload, "payload is missing")
		return false
	}
	return true
}

// reject answers a message that was not taken. The result contains the word
// error: Python's client (demessaging 0.6.4, producer.py) looks for that.
func (s *socket) reject(context []byte, code int, format string, args ...any) {
	s.settle()
	s.answerRefusal(context, code, fmt.Errorf(format, args...))
}

func (s *socket) answerRefusal(context []byte, code int, err error) {
	s.broker.refused.Add(1)
	text := "message refused"
	var full *fullError
	if errors.As(err, &full) {
		text = full.what + " full: message refused"
	}
	s.broker.log.warn(text, "remote", s.remote, "user", s.user.name(), "topic", s.topic.name, "reason", err)
	reason := err.Error()
	var stored *storeError
	if errors.As(err, &stored) {
		reason = stored.public()
	}
	a := envelope.Answer{Context: context}
	if s.form == envelope.Pulsar {
		a.Result, a.ErrorMsg = fmt.Sprintf("send-error:%d", code), reason
	} else {
		a.Result = "error: " + reason
	}
	s.answer(&a)
}
