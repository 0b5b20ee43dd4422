package transport_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/transport"
)

func TestAPingEvery25Seconds(t *testing.T) {
	inLab(t, func(l *lab) {
		begin := time.Now()
		_, broker := l.consume(l.plain(), "topic")
		pings := make(chan time.Duration, 10_000)
		answer := broker.PingHandler()
		broker.SetPingHandler(func(data string) error {
			pings <- time.Since(begin)
			return answer(data)
		})
		broker.pump()
		for i := range 10 {
			if got, want := <-pings, time.Duration(i+1)*25*time.Second; got != want {
				t.Errorf("ping %d came after %v, want %v", i, got, want)
			}
		}
		time.Sleep(24 * time.Hour)
		if changes := l.changes(); len(changes) != 1 {
			t.Errorf("an idle connection did not live for a day: %q", changes)
		}
	})
}

func TestABrokerThatDoesNotAnswerPingsIsLeft(t *testing.T) {
	inLab(t, func(l *lab) {
		begin := time.Now()
		_, broker := l.consume(l.plain(), "topic")
		broker.SetPingHandler(func(string) error { return nil })
		broker.pump()
		l.next().pump()
		if d := time.Since(begin); d < 55*time.Second || d > 56*time.Second {
			t.Errorf("the socket was opened anew after %v, want 25 s to the ping and 30 s without an answer", d)
		}
		synctest.Wait()
		want := []string{"topic/sub connected", "topic/sub away: broker did not answer a ping", "topic/sub connected"}
		if d := cmp.Diff(want, l.changes()); d != "" {
			t.Errorf("changes, -want +got:\n%s", d)
		}
	})
}

func TestWhateverArrivesAnswersAPing(t *testing.T) {
	inLab(t, func(l *lab) {
		consumer, broker := l.consume(l.plain(), "topic")
		broker.SetPingHandler(func(string) error { return nil })
		broker.pump()
		for i := range 100 {
			time.Sleep(20 * time.Second)
			broker.deliver(fmt.Sprint(i))
			l.receive(consumer)
		}
		if changes := l.changes(); len(changes) != 1 {
			t.Errorf("changes: %q", changes)
		}
	})
}

func TestPingsOfTheBrokerAreAnswered(t *testing.T) {
	// daphne pings every 20 s and drops who does not answer in 30 s.
	inLab(t, func(l *lab) {
		_, broker := l.consume(l.plain(), "topic")
		pongs := make(chan string, 10)
		broker.SetPongHandler(func(data string) error {
			pongs <- data
			return nil
		})
		broker.pump()
		for _, data := range []string{"", "PING", strings.Repeat("x", 125)} {
			if err := broker.WriteControl(websocket.PingMessage, []byte(data), time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			select {
			case got := <-pongs:
				if got != data {
					t.Errorf("a ping with %q was answered with %q", data, got)
				}
			default:
				t.Errorf("a ping with %q was not answered", data)
			}
		}
	})
}

func TestASilentNetworkIsNoticedAndSendsAreSentAgain(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produce(l.plain(), "topic")
		broker.pump()
		l.net.Hold(true)
		result := l.send(p, "hello")
		time.Sleep(54 * time.Second)
		l.waits(result)
		l.net.Hold(false) // for new connections; the old one is dead by then
		broker.end()
		if got := l.next().ok(); got != "hello" {
			t.Errorf("the broker got %q", got)
		}
		if err := l.result(result); err != nil {
			t.Errorf("Send: %v", err)
		}
	})
}

func TestABrokerThatDoesNotReadIsLeft(t *testing.T) {
	inLab(t, func(l *lab) {
		o := l.options()
		o.PongTimeout = time.Hour
		p, _ := l.produce(transport.WebSocket("ws://broker/ws/", o), "topic")
		begin := time.Now()
		result := l.send(p, strings.Repeat("x", 500_000))
		broker := l.next()
		if d := time.Since(begin); d < 30*time.Second || d > 33*time.Second {
			t.Errorf("the socket was opened anew after %v, want 30 s for a write and up to 2 s for last words", d)
		}
		broker.ok()
		if err := l.result(result); err != nil {
			t.Errorf("Send: %v", err)
		}
	})
}

func TestASlowNetworkIsNotTakenForADeadOne(t *testing.T) {
	inLab(t, func(l *lab) {
		p, broker := l.produce(l.plain(), "topic")
		result := l.send(p, strings.Repeat("x", 700_000))
		_, r, err := broker.NextReader()
		if err != nil {
			t.Fatal(err)
		}
		// 3 kB a second: the message takes five minutes, and pings pass it.
		buf := make([]byte, 3000)
		for {
			n, err := r.Read(buf)
			if err != nil {
				break
			}
			time.Sleep(time.Duration(n) * time.Second / 3000)
		}
		broker.write(`{"context":"1","result":"ok"}`)
		if err := l.result(result); err != nil {
			t.Errorf("Send: %v", err)
		}
		if changes := l.changes(); len(changes) != 1 {
			t.Errorf("changes: %q", changes)
		}
	})
}

func TestAConnectionThatEndsInTheMiddleOfAFrame(t *testing.T) {
	inLab(t, func(l *lab) {
		consumer, broker := l.consume(l.plain(), "topic")
		text := []byte(`{"messageId":"x","payload":"eA=="}`)
		frame := append([]byte{0x81, byte(len(text))}, text...)
		if _, err := broker.NetConn().Write(frame[:len(frame)/2]); err != nil {
			t.Fatal(err)
		}
		broker.end()
		broker = l.next()
		broker.deliver("next")
		if m := l.receive(consumer); m.ID != "next" {
			t.Errorf("received %q", m.ID)
		}
		want := []string{"topic/sub connected", "topic/sub away: broker ended the connection without a close frame", "topic/sub connected"}
		if d := cmp.Diff(want, l.changes()); d != "" {
			t.Errorf("changes, -want +got:\n%s", d)
		}
	})
}

func TestABrokerThatRestarts(t *testing.T) {
	inLab(t, func(l *lab) {
		b := l.plain()
		consumer, atConsumer := l.consume(b, "answers")
		producer, atProducer := l.produce(b, "requests")
		l.leave()
		atConsumer.bye(websocket.CloseGoingAway, "Container being shut down")
		atProducer.bye(websocket.CloseGoingAway, "Container being shut down")
		result := l.send(producer, "while it was away")
		time.Sleep(time.Hour)
		l.waits(result)
		l.start()
		begin := time.Now()
		peers := map[string]*peer{}
		for range 2 {
			p := l.next()
			p.pump()
			peers[p.request.URL.Path] = p
		}
		if d := time.Since(begin); d > 10*time.Second {
			t.Errorf("both were back %v after the broker, MaxBackoff is 10 s", d)
		}
		if got := peers["/ws/requests"].ok(); got != "while it was away" {
			t.Errorf("the broker got %q", got)
		}
		if err := l.result(result); err != nil {
			t.Errorf("Send: %v", err)
		}
		peers["/ws/answers/sub"].deliver("x")
		l.receive(consumer)
		// Every change is told once, and logged once, with its reason.
		const reason = "broker closed the connection with code 1001: Container being shut down"
		want := map[string]int{
			"answers/sub connected": 2, "answers/sub away: " + reason: 1,
			"requests connected": 2, "requests away: " + reason: 1,
		}
		got := make(map[string]int)
		for _, c := range l.changes() {
			got[c]++
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("changes, -want +got:\n%s", d)
		}
		if lines := l.log.lines("level=INFO"); len(lines) != 6 {
			t.Errorf("%d lines at Info: %q, want 6", len(lines), lines)
		}
		if lines := l.log.lines(`msg=disconnected topic=answers subscription=sub url=ws://broker/ws/answers/sub reason="` + reason + `"`); len(lines) != 1 {
			t.Errorf("log:\n%s", strings.Join(l.log.lines(""), "\n"))
		}
		if lines := l.log.lines("level=WARN"); len(lines) != 0 {
			t.Errorf("lines at Warn: %q", lines)
		}
	})
}

func TestPausesGrowAndAreRandom(t *testing.T) {
	inLab(t, func(l *lab) {
		var dials []time.Time
		o := l.options()
		o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			dials = append(dials, time.Now())
			return l.net.Dial(ctx, network, addr)
		}
		c, broker := l.consume(transport.WebSocket("ws://broker/ws/", o), "topic")
		broker.end()
		l.stop()
		time.Sleep(24 * time.Hour)
		c.Close()
		var sum, most time.Duration
		for i := 2; i < len(dials); i++ {
			pause := dials[i].Sub(dials[i-1])
			if limit := 100 * time.Millisecond << (i - 1); pause > 10*time.Second || i < 8 && pause > limit {
				t.Errorf("pause %d is %v", i-1, pause)
			}
			sum += pause
			most = max(most, pause)
		}
		// Full jitter: between nothing and 10 s, 5 s in the middle.
		mean := sum / time.Duration(len(dials)-2)
		if mean < 4500*time.Millisecond || mean > 5500*time.Millisecond || most < 9*time.Second {
			t.Errorf("%d attempts in a day, %v between them, at most %v", len(dials), mean, most)
		}
	})
}

func TestABrokerThatAcceptsAndClosesIsNotFloodedWithAttempts(t *testing.T) {
	inLab(t, func(l *lab) {
		c, broker := l.consume(l.plain(), "topic")
		go func() {
			for {
				broker.bye(websocket.CloseInternalServerErr, "AttributeError")
				select {
				case broker = <-l.sockets:
				case <-l.Context().Done():
					return
				}
			}
		}()
		time.Sleep(time.Hour)
		if n := l.net.Dials(); n < 360 || n > 1100 {
			t.Errorf("%d attempts in an hour, want about 720: one in 5 s", n)
		}
		c.Close()
	})
}

func TestAProducerWaitsForTheConsumersOfItsBroker(t *testing.T) {
	inLab(t, func(l *lab) {
		b := l.plain()
		_, atConsumer := l.consume(b, "answers")
		producer, atProducer := l.produce(b, "requests")
		other, atOther := l.produce(l.plain(), "elsewhere")
		atProducer.pump()
		atOther.pump()

		// The consumer's connection alone is gone, and can't come back.
		l.set(func() { l.refuse = refuseConsumers(http.StatusServiceUnavailable) })
		atConsumer.end()
		synctest.Wait()
		result := l.send(producer, "request")
		time.Sleep(time.Hour)
		l.waits(result)
		// The producer of another Broker has nothing to do with it.
		elsewhere := l.send(other, "hello")
		atOther.ok()
		if err := l.result(elsewhere); err != nil {
			t.Errorf("Send of another broker: %v", err)
		}
		// Nor can a new producer send yet.
		fresh, atFresh := l.produce(b, "more-requests")
		second := l.send(fresh, "second request")
		l.waits(second)

		l.set(func() { l.refuse = nil })
		if got := l.next().request.URL.Path; got != "/ws/answers/sub" {
			t.Errorf("first came %s", got)
		}
		atProducer.ok()
		atFresh.ok()
		for _, r := range []<-chan error{result, second} {
			if err := l.result(r); err != nil {
				t.Errorf("Send: %v", err)
			}
		}
	})
}

// refuseConsumers answers the handshakes of consumers with a status.
func refuseConsumers(status int) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Count(r.URL.Path, "/") != 3 {
			return false
		}
		w.WriteHeader(status)
		return true
	}
}

func TestAConsumerThatIsClosedHoldsNobodyBack(t *testing.T) {
	inLab(t, func(l *lab) {
		b := l.plain()
		consumer, atConsumer := l.consume(b, "answers")
		producer, atProducer := l.produce(b, "requests")
		l.set(func() { l.refuse = refuseConsumers(http.StatusServiceUnavailable) })
		atConsumer.end()
		synctest.Wait()
		result := l.send(producer, "request")
		l.waits(result)
		consumer.Close()
		atProducer.ok()
		if err := l.result(result); err != nil {
			t.Errorf("Send: %v", err)
		}
	})
}

func TestAProducerThatComesBackAsksWhetherTheConsumersAreThere(t *testing.T) {
	// Both connections lead through the same network, which has lost them;
	// only the producer has noticed yet.
	inLab(t, func(l *lab) {
		b := l.plain()
		_, atConsumer := l.consume(b, "answers")
		producer, atProducer := l.produce(b, "requests")
		probes := make(chan string, 1)
		atConsumer.SetPingHandler(func(data string) error {
			probes <- data
			return nil // dead: no answer
		})
		atConsumer.pump()
		result := l.send(producer, "request")
		atProducer.readContext()
		atProducer.end()
		again := l.next()
		if <-probes == "" {
			t.Error("the consumer was not probed")
		}
		l.waits(result)
		time.Sleep(29 * time.Second)
		again.silent()
		begin := time.Now()
		if got := l.next().request.URL.Path; got != "/ws/answers/sub" {
			t.Errorf("%s was opened anew", got)
		}
		if d := time.Since(begin); d > 2*time.Second {
			t.Errorf("the consumer was given up %v late, want 30 s after the probe", d)
		}
		again.ok()
		if err := l.result(result); err != nil {
			t.Errorf("Send: %v", err)
		}
	})
}

func TestAConsumerThatAnswersLetsTheProducerGoOn(t *testing.T) {
	inLab(t, func(l *lab) {
		b := l.plain()
		_, atConsumer := l.consume(b, "answers")
		producer, atProducer := l.produce(b, "requests")
		atConsumer.pump()
		for range 3 {
			result := l.send(producer, "request")
			atProducer.readContext()
			atProducer.end()
			begin := time.Now()
			atProducer = l.next()
			atProducer.ok()
			if err := l.result(result); err != nil {
				t.Errorf("Send: %v", err)
			}
			if d := time.Since(begin); d > time.Second {
				t.Errorf("the producer was back after %v", d)
			}
		}
	})
}

func TestAConsumerKnowsWhetherItIsConnected(t *testing.T) {
	inLab(t, func(l *lab) {
		c, broker := l.consume(l.plain(), "topic")
		connection := c.(interface {
			Connected() (up bool, since time.Time)
		})
		if up, _ := connection.Connected(); !up {
			t.Error("not connected after Consume")
		}
		time.Sleep(time.Second)
		l.leave()
		broker.end()
		synctest.Wait()
		lost := time.Now()
		time.Sleep(time.Minute)
		if up, since := connection.Connected(); up || !since.Equal(lost) {
			t.Errorf("connected %v since %v, want false since %v", up, since, lost)
		}
	})
}
