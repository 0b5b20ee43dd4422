package transport_test

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/transport"
)

// A lateStarter is what the root package looks for in a producer.
type lateStarter interface {
	StartLate(m, settles *transport.Message, then func(settled bool, err error)) (ticket uint64, err error)
}

type lateEnd struct {
	settled bool
	err     error
}

func (l *lab) startLate(p transport.Producer, settles *transport.Message, then func(settled bool, err error)) (ticket uint64) {
	l.Helper()
	m := new(transport.Message)
	m.SetBytes([]byte("x"))
	ticket, err := p.(lateStarter).StartLate(m, settles, then)
	if err != nil {
		l.Fatal(err)
	}
	return ticket
}

func (l *lab) beginLate(p transport.Producer, settles *transport.Message) <-chan lateEnd {
	l.Helper()
	ended := make(chan lateEnd, 10)
	l.startLate(p, settles, func(settled bool, err error) { ended <- lateEnd{settled, err} })
	return ended
}

// produceLate is produce for a broker that answers late.
func (l *lab) produceLate() (transport.Producer, *peer) {
	l.Helper()
	l.header.Set("Dasf-Broker", "1; late=true")
	return l.produce(l.pulsar(), "topic")
}

// readLate returns what a frame asks for.
func (p *peer) readLate() (context string, late bool, settles string) {
	p.lab.Helper()
	var f struct {
		Context     string
		DasfLate    bool
		DasfSettles string
	}
	if text := p.read(); json.Unmarshal([]byte(text), &f) != nil {
		p.lab.Fatalf("the broker got %s", text)
	}
	return f.Context, f.DasfLate, f.DasfSettles
}

func TestOnlyABrokerThatKnowsItIsToldThatAnAnswerMayBeLate(t *testing.T) {
	for header, want := range map[string]bool{"": false, "1; redelivers=true; max-frame=1000": false,
		"1; redelivers=true; max-frame=1000; late=true": true, "1; late=false": false} {
		inLab(t, func(l *lab) {
			if header != "" {
				l.header.Set("Dasf-Broker", header)
			}
			p, broker := l.produce(l.pulsar(), "topic")
			ended := l.beginLate(p, nil)
			context, late, settles := broker.readLate()
			if late != want || settles != "" {
				t.Errorf("header %q: late %v, settles %q", header, late, settles)
			}
			broker.write(`{"context":%q,"result":"ok"}`, context)
			synctest.Wait()
			if end := <-ended; end != (lateEnd{}) {
				t.Errorf("header %q: told %+v", header, end)
			}
			l.send(p, "x") // is waited for
			if _, late, _ := broker.readLate(); late {
				t.Errorf("header %q: a message that is waited for is late", header)
			}
		})
	}
}

func TestOneAnswerEndsSeveralMessages(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produceLate()
		var ended []<-chan lateEnd
		for range 5 {
			ended = append(ended, l.beginLate(p, nil))
		}
		var contexts []string
		for range 5 {
			context, _, _ := broker.readLate()
			contexts = append(contexts, context)
		}
		open := func() (n int) {
			synctest.Wait()
			for _, one := range ended {
				if len(one) == 0 {
					n++
				}
			}
			return n
		}
		// What makes no sense ends nothing.
		for _, from := range []string{`"x"`, `"-1"`, `{}`, `"0"`, `"18446744073709551615"`} {
			broker.write(`{"context":"%d","from":%s,"result":"ok"}`, 5000, from)
		}
		broker.write(`{"context":%q,"from":%q,"result":"ok"}`, contexts[1], contexts[3])
		broker.write(`{"context":"x","from":"0","result":"ok"}`)
		if n := open(); n != 5 {
			t.Fatalf("%d messages are on their way, want 5", n)
		}
		broker.write(`{"context":%q,"from":%q,"result":"ok","settled":true}`, contexts[2], contexts[1])
		if n := open(); n != 3 {
			t.Fatalf("%d messages are on their way, want 3", n)
		}
		for i, want := range map[int]lateEnd{1: {settled: true}, 2: {settled: true}} {
			if end := <-ended[i]; end != want {
				t.Errorf("message %d: %+v, want %+v", i, end, want)
			}
		}
		// From one that has ended on, and beyond the last.
		broker.write(`{"context":"%d","from":%q,"result":"ok"}`, 900, contexts[2])
		for i, want := range map[int]lateEnd{3: {}, 4: {}} {
			synctest.Wait()
			if len(ended[i]) != 1 || <-ended[i] != want {
				t.Errorf("message %d has not ended well", i)
			}
		}
		broker.write(`{"context":%q,"result":"ok"}`, contexts[0])
		synctest.Wait()
		if len(ended[0]) != 1 {
			t.Error("the first message has not ended")
		}
	})
}

func TestAMessageSettlesWhatCameOverThePresentConnection(t *testing.T) {
	inLab(t, func(l *lab) {
		l.header.Set("Dasf-Broker", "1; redelivers=true; late=true; consumer=TOKEN")
		b := l.pulsar()
		c, in := l.consume(b, "requests")
		p, out := l.produce(b, "answers")
		receive := func(id string) *transport.Message {
			in.write(`{"messageId":%q,"payload":"","properties":{}}`, id)
			return l.receive(c)
		}
		settled := func(m *transport.Message) string {
			l.beginLate(p, m)
			_, _, settles := out.readLate()
			return settles
		}
		m := receive("m1")
		if got := settled(m); got != "TOKEN.m1" {
			t.Errorf("settles %q", got)
		}
		if got := settled(new(transport.Message)); got != "" {
			t.Errorf("a message that nobody has sent: settles %q", got)
		}
		in.end()
		in = l.next()
		if again := receive("m1"); settled(m) != "" || settled(again) != "TOKEN.m1" {
			t.Error("settles what came over an older connection")
		}
		c.Close()
		if got := settled(m); got != "" {
			t.Errorf("settles %q of a consumer that is closed", got)
		}
	})
}

// A message that goes out again over another connection is answered anew, and
// what it settles may be acknowledged or not.
func TestALateMessageIsSentAgain(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produceLate()
		var ended []<-chan lateEnd
		for range 3 {
			ended = append(ended, l.beginLate(p, nil))
		}
		for range 3 {
			broker.readLate()
		}
		broker.end()
		broker = l.next()
		first, late, _ := broker.readLate()
		broker.readLate()
		last, _, _ := broker.readLate()
		if !late {
			t.Error("it is not late the second time")
		}
		broker.write(`{"context":%q,"from":%q,"result":"ok"}`, last, first)
		synctest.Wait()
		for i, one := range ended {
			if len(one) != 1 {
				t.Error(fmt.Sprint("message ", i, " has ended ", len(one), " times"))
			}
		}
	})
}

// countPings answers pings, and returns how many there were. Each has to come
// after at least one frame that was not read yet.
func (p *peer) countPings() func() int {
	var pings atomic.Int64
	p.SetPingHandler(func(text string) error {
		pings.Add(1)
		if len(p.frames) == 0 {
			p.lab.Error("a ping came before the message that it is for")
		}
		return p.WriteControl(websocket.PongMessage, []byte(text), time.Now().Add(time.Second))
	})
	p.pump()
	return func() int {
		synctest.Wait()
		return int(pings.Load())
	}
}

// After a broker has closed over a message, each waits for the answer to the one
// before it, which must not be late then.
func TestLateMessagesThatGoOneAtATimeAreAnsweredSoon(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produceLate()
		for range 3 {
			l.beginLate(p, nil)
		}
		for range 3 {
			broker.readLate()
		}
		broker.bye(websocket.CloseInternalServerErr, "broken")
		broker = l.next()
		pings := broker.countPings()
		for i := range 3 {
			if n := pings(); n != i+1 {
				t.Errorf("%d pings after message %d", n, i)
			}
			context, _, _ := broker.readLate()
			broker.silent()
			broker.write(`{"context":%q,"result":"ok"}`, context)
		}
		l.beginLate(p, nil)
		broker.readLate()
		if n := pings(); n != 3 {
			t.Errorf("%d pings, want 3", n)
		}
	})
}

func TestHurryAsksOnlyABrokerThatOwesAnswers(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produceLate()
		pings := broker.countPings()
		hurry := p.(interface{ Hurry() }).Hurry
		hurry()
		if n := pings(); n != 0 {
			t.Errorf("%d pings for nothing", n)
		}
		l.beginLate(p, nil)
		hurry()
		if n := pings(); n != 1 {
			t.Errorf("%d pings, want 1", n)
		}
	})
}

func TestAForgottenMessageIsNotSentAgain(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produceLate()
		var told atomic.Int64
		begin := func() (ticket uint64) {
			return l.startLate(p, nil, func(bool, error) { told.Add(1) })
		}
		forget := p.(interface{ Forget(uint64) }).Forget
		answered, lost, waiting := begin(), begin(), begin()
		first, _, _ := broker.readLate()
		broker.readLate()
		broker.readLate()
		forget(answered)
		forget(lost)
		forget(waiting + 1)
		broker.write(`{"context":%q,"result":"ok"}`, first)
		broker.end()
		synctest.Wait()
		forget(waiting) // the response has come over another connection
		broker = l.next()
		broker.silent()
		begin()
		third, _, _ := broker.readLate()
		broker.write(`{"context":%q,"result":"ok"}`, third)
		synctest.Wait()
		if n := told.Load(); n != 1 {
			t.Errorf("told of %d messages, want that of the last", n)
		}
	})
}

// The answer to a call's request may come long after the call's own response,
// which must not be held until then.
func TestAForgottenMessageHoldsNothing(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produceLate()
		begin := func() (ticket uint64, response weak.Pointer[[]byte]) {
			held := new([]byte)
			return l.startLate(p, nil, func(bool, error) { *held = nil }), weak.Make(held)
		}
		forgotten, response := begin()
		stopped, other := begin()
		broker.readLate()
		broker.readLate()
		p.(interface{ Forget(uint64) }).Forget(forgotten)
		p.(interface{ Stop(uint64, error) }).Stop(stopped, context.Canceled)
		runtime.GC()
		if response.Value() != nil || other.Value() != nil {
			t.Error("what hangs on a message that was given up is still there")
		}
	})
}
