package transport_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"

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

func (l *lab) beginLate(p transport.Producer, settles *transport.Message) <-chan lateEnd {
	l.Helper()
	m := new(transport.Message)
	m.SetBytes([]byte("x"))
	ended := make(chan lateEnd, 10)
	if _, err := p.(lateStarter).StartLate(m, settles, func(settled bool, err error) { ended <- lateEnd{settled, err} }); err != nil {
		l.Fatal(err)
	}
	return ended
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
		l.header.Set("Dasf-Broker", "1; late=true")
		p, broker := l.produce(l.pulsar(), "topic")
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
		l.header.Set("Dasf-Broker", "1; late=true")
		p, broker := l.produce(l.pulsar(), "topic")
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
