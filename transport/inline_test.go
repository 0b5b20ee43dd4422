package transport_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dasf-go/dasf/transport"
)

// What the root package asks of a consumer besides the interface.
type (
	deliverer interface {
		Deliver(func(*transport.Message))
	}
	lateAcker interface {
		AckLater(m *transport.Message, again bool)
	}
)

func TestSmallFramesOfEveryLengthArriveWhole(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produce(l.plain(), "topic")
		// Around the lengths at which the header, the eight bytes that are
		// masked at once, and who writes the frame change.
		lengths := []int{0, 60, 61, 62, 63, 64, 65, 66, 67, 100, 32_000, 33_000, 65_300, 65_500, 65_700}
		for _, n := range lengths {
			text := strings.Repeat("0123456789", n/10+1)[:n]
			result := l.send(p, text)
			if got := broker.ok(); got != text {
				t.Errorf("%d bytes: %d came, %.40q", n, len(got), got)
			}
			if err := l.result(result); err != nil {
				t.Errorf("%d bytes: %v", n, err)
			}
		}
	})
}

func TestWhatThePeerDoesNotTakeAtOnceFollowsInOrder(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produce(l.plain(), "topic")
		l.net.Hold(true)
		var results []<-chan error
		const n = 200 // of 1 kB, more than the connection holds
		text := strings.Repeat("x", 1000)
		for i := range n {
			results = append(results, l.send(p, fmt.Sprint(i)+" "+text))
			synctest.Wait()
		}
		l.net.Hold(false)
		for i := range n {
			if got := broker.ok(); got != fmt.Sprint(i)+" "+text {
				t.Fatalf("message %d: %d bytes came, %.40q", i, len(got), got)
			}
		}
		for i, result := range results {
			if err := l.result(result); err != nil {
				t.Errorf("message %d: %v", i, err)
			}
		}
	})
}

func TestDeliverHandsOverWhatCameBeforeAndAfterInOrder(t *testing.T) {
	inLab(t, func(l *lab) {
		consumer, broker := l.consume(l.plain(), "topic")
		broker.deliver("0")
		broker.deliver("1")
		synctest.Wait()
		got := make(chan string, 10)
		consumer.(deliverer).Deliver(func(m *transport.Message) {
			got <- m.ID
			if err := consumer.Ack(l.Context(), m); err != nil {
				t.Error(err)
			}
		})
		broker.deliver("2")
		broker.deliver("3")
		var ids []string
		for range 4 {
			ids = append(ids, <-got)
			broker.read() // its acknowledgement
		}
		if want := []string{"0", "1", "2", "3"}; !slices.Equal(ids, want) {
			t.Errorf("handed over %q, want %q", ids, want)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := consumer.Receive(l.Context())
			ended <- err
		}()
		synctest.Wait()
		consumer.Close()
		if err := <-ended; err != transport.ErrClosed {
			t.Errorf("Receive: %v, want ErrClosed", err)
		}
	})
}

func TestLateAcknowledgementsLeaveTogether(t *testing.T) {
	inLab(t, func(l *lab) {
		consumer, broker := l.consume(l.plain(), "topic")
		later := consumer.(lateAcker).AckLater
		receive := func(id int) *transport.Message {
			broker.deliver(fmt.Sprint(id))
			return l.receive(consumer)
		}
		acknowledged := func(from, to int) {
			t.Helper()
			for i := from; i < to; i++ {
				if got, want := broker.read(), fmt.Sprintf(`{"messageId":"%d"}`, i); got != want {
					t.Errorf("the broker got %s, want %s", got, want)
				}
			}
		}
		later(receive(0), true)
		later(receive(1), true)
		broker.silent()
		time.Sleep(5 * time.Millisecond)
		acknowledged(0, 2)

		for i := range 16 { // enough to leave at once
			later(receive(2+i), true)
		}
		start := time.Now()
		acknowledged(2, 18)
		if waited := time.Since(start); waited != 0 {
			t.Errorf("16 acknowledgements left after %v", waited)
		}

		later(receive(18), true)
		second := receive(19)
		if err := consumer.Ack(l.Context(), second); err != nil { // takes the late one along
			t.Fatal(err)
		}
		acknowledged(18, 20)

		later(receive(20), true)
		consumer.Close() // loses none
		acknowledged(20, 21)
	})
}

// The embedded broker takes several in one frame, and may wait for them, but not
// while it holds much until they come.
func TestLateAcknowledgementsToTheEmbeddedBrokerAreOneFrame(t *testing.T) {
	inLab(t, func(l *lab) {
		l.header.Set("Dasf-Broker", "1; redelivers=true; window=32; consumer=TOKEN")
		consumer, broker := l.consume(l.plain(), "topic")
		later := consumer.(lateAcker).AckLater
		next := 0
		acknowledge := func(n int, payload string) {
			for range n {
				broker.write(`{"messageId":"%d","payload":%q}`, next, payload)
				later(l.receive(consumer), true)
				next++
			}
		}
		want := func(after time.Duration, frames ...string) {
			t.Helper()
			start := time.Now()
			for _, frame := range frames {
				if got := broker.read(); got != frame {
					t.Errorf("the broker got %s, want %s", got, frame)
				}
			}
			if waited := time.Since(start); waited != after {
				t.Errorf("after %v, want %v", waited, after)
			}
		}
		acknowledge(3, "")
		want(500*time.Millisecond, `{"type":"acknowledge","messageIds":["0","1","2"]}`)

		acknowledge(16, "")
		want(0, `{"type":"acknowledge","messageIds":["3","4","5","6","7","8","9","10","11","12","13","14","15","16","17","18"]}`)

		large := strings.Repeat("A", 100<<10)
		acknowledge(3, large)
		want(0, `{"type":"acknowledge","messageIds":["19","20","21"]}`)

		acknowledge(1, "")
		broker.deliver("x")
		if err := consumer.Ack(l.Context(), l.receive(consumer)); err != nil {
			t.Fatal(err)
		}
		want(0, `{"type":"acknowledge","messageIds":["22"]}`, `{"messageId":"x"}`)
	})
}

func TestAcknowledgementsThatMustNotBeLateTakeOthersAlong(t *testing.T) {
	for header, late := range map[string]bool{"window=1000": true, "window=31": false, "window=0": false, "window=x": false, "other=1": false} {
		inLab(t, func(l *lab) {
			l.header.Set("Dasf-Broker", "1; redelivers=true; "+header+"; consumer=TOKEN")
			consumer, broker := l.consume(l.plain(), "topic")
			acknowledge := func(id string, again bool) {
				broker.deliver(id)
				consumer.(lateAcker).AckLater(l.receive(consumer), again)
			}
			want := func(frame string, after time.Duration) {
				t.Helper()
				start := time.Now()
				if got := broker.read(); got != frame || time.Since(start) != after {
					t.Errorf("%s: the broker got %s after %v, want %s after %v", header, got, time.Since(start), frame, after)
				}
			}
			acknowledge("a", true)
			if !late {
				want(`{"type":"acknowledge","messageIds":["a"]}`, 5*time.Millisecond)
				return
			}
			time.Sleep(100 * time.Millisecond)
			acknowledge("b", false)
			want(`{"type":"acknowledge","messageIds":["a","b"]}`, 5*time.Millisecond)
			acknowledge("c", true)
			want(`{"type":"acknowledge","messageIds":["c"]}`, 500*time.Millisecond)
			acknowledge("d", false)
			acknowledge("e", true)
			want(`{"type":"acknowledge","messageIds":["d","e"]}`, 5*time.Millisecond)
		})
	}
}
