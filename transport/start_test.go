package transport_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/dasf-go/dasf/transport"
)

// A starter is what the root package looks for in a producer.
type starter interface {
	Start(m *transport.Message, then func(error)) (ticket uint64, err error)
	Stop(ticket uint64, err error)
}

// begin starts a message, and returns where its end is told.
func (l *lab) begin(p transport.Producer, text string) (<-chan error, uint64) {
	l.Helper()
	m := new(transport.Message)
	m.SetBytes([]byte(text))
	ended := make(chan error, 10)
	ticket, err := p.(starter).Start(m, func(err error) { ended <- err })
	if err != nil {
		l.Fatal(err)
	}
	return ended, ticket
}

// once fails unless ended was told of want and of nothing else.
func (l *lab) once(ended <-chan error, want error) {
	l.Helper()
	synctest.Wait()
	if len(ended) != 1 {
		l.Fatalf("told %d times", len(ended))
	}
	if err := <-ended; !errors.Is(err, want) {
		l.Errorf("told %v, want %v", err, want)
	}
}

func TestStartTellsOfTheAnswerOnce(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produce(l.plain(), "topic")
		taken, _ := l.begin(p, "a")
		refused, _ := l.begin(p, "b")
		broker.ok()
		l.once(taken, nil)
		context, _ := broker.readContext()
		if len(refused) > 0 {
			t.Error("the second message has ended before its answer")
		}
		broker.write(`{"context":%q,"result":"send-error:8","errorMsg":"full"}`, context)
		synctest.Wait()
		if _, ok := errors.AsType[*transport.SendError](<-refused); !ok {
			t.Error("the refusal is no SendError")
		}
	})
}

func TestStopEndsAMessageWhoseAnswerDidNotCome(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produce(l.plain(), "topic")
		first, ticket := l.begin(p, "a")
		context1, _ := broker.readContext()
		p.(starter).Stop(ticket, context.Canceled)
		l.once(first, context.Canceled)
		p.(starter).Stop(ticket, context.Canceled)
		broker.write(`{"context":%q,"result":"ok"}`, context1) // too late
		second, ticket := l.begin(p, "b")
		broker.ok()
		l.once(second, nil)
		p.(starter).Stop(ticket, context.Canceled) // too late as well
		synctest.Wait()
		if len(first)+len(second) > 0 {
			t.Error("an end was told of twice")
		}
	})
}

func TestStopTakesBackWhatIsNotWritten(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produce(l.plain(), "topic")
		l.leave()
		broker.end()
		synctest.Wait()
		gone, ticket := l.begin(p, "a")
		kept, _ := l.begin(p, "b")
		p.(starter).Stop(ticket, context.DeadlineExceeded)
		l.once(gone, context.DeadlineExceeded)
		l.start()
		again := <-l.sockets
		if _, payload := again.readContext(); payload != "b" {
			t.Errorf("the broker got %q", payload)
		}
		if len(kept) > 0 {
			t.Error("the other one has ended without an answer")
		}
	})
}

func TestCloseTellsOfEachStartedMessage(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produce(l.plain(), "topic")
		ended, _ := l.begin(p, "a")
		broker.readContext()
		p.Close()
		l.once(ended, transport.ErrClosed)
		if _, err := p.(starter).Start(new(transport.Message), nil); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("Start after Close: %v", err)
		}
	})
}

func TestWhatAStartedMessageTellsMayUseTheProducer(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produce(l.plain(), "topic")
		m := new(transport.Message)
		ended := make(chan error, 1)
		if _, err := p.(starter).Start(m, func(error) {
			_, err := p.(starter).Start(new(transport.Message), func(err error) { ended <- err })
			if err != nil {
				ended <- err
			}
		}); err != nil {
			t.Fatal(err)
		}
		broker.ok()
		broker.ok()
		l.once(ended, nil)
	})
}

func TestStartRefusesAtOnceWhatCantBeSent(t *testing.T) {
	inLab(t, func(l *lab) {
		p, _ := l.produce(l.plain(), "topic")
		never := func(error) { t.Error("told of what was refused") }
		if _, err := p.(starter).Start(&transport.Message{Payload: []byte(`"`)}, never); err == nil {
			t.Error("a payload that is not base64 was taken")
		}
		large := &transport.Message{Payload: []byte(strings.Repeat("QUJD", 1<<19))}
		if _, err := p.(starter).Start(large, never); !errors.Is(err, transport.ErrTooLarge) {
			t.Errorf("a message that is too large: %v", err)
		}
	})
}
