package transport_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/transport"
)

func TestMessagesAsTheBrokersDeliverThem(t *testing.T) {
	cases := []struct {
		name, frame string
		want        transport.Message
	}{
		{"Django", `{"properties": {"response_topic": "cap-hello_aroEhfGH", "requestContext": 0, "messageType": "request"}, "payload": "eyJh", "context": 0, ` +
			`"messageId": "14f94b53-870a-46d7-9f65-6a3a1aa2f45f", "publishTime": "2026-11-24T15:16:22.139567+00:00"}`,
			transport.Message{
				ID: "14f94b53-870a-46d7-9f65-6a3a1aa2f45f", Context: "0", Payload: []byte("eyJh"),
				Properties:  map[string]string{"response_topic": "cap-hello_aroEhfGH", "requestContext": "0", "messageType": "request"},
				PublishTime: time.Date(2026, 11, 24, 15, 16, 22, 139567000, time.UTC),
			}},
		{"Django's greeting", `{"properties": {"requestContext": 1, "messageType": "api_info", "response_topic": "status-ping"}, "publishTime": "2026-11-24T15:16:22+00:00", "messageId": "x", "payload": ""}`,
			transport.Message{
				ID: "x", Payload: []byte{}, PublishTime: time.Date(2026, 11, 24, 15, 16, 22, 0, time.UTC),
				Properties: map[string]string{"requestContext": "1", "messageType": "api_info", "response_topic": "status-ping"},
			}},
		{"Pulsar", `{"messageId":"CAAQADAA","payload":"eA==","properties":{"a":"b"},"publishTime":"2026-11-24T15:25:51.01Z","redeliveryCount":2,"eventTime":"2026-11-24T15:00:00Z","key":"K1"}`,
			transport.Message{
				ID: "CAAQADAA", Key: "K1", Payload: []byte("eA=="), RedeliveryCount: 2,
				Properties:  map[string]string{"a": "b"},
				PublishTime: time.Date(2026, 11, 24, 15, 25, 51, 10000000, time.UTC),
			}},
		{"values that are no strings", `{"messageId":"x","payload":"","properties":{"n":12345678901234567890,"f":1.50,"t":true,"no":null,"e":1e3}}`,
			transport.Message{ID: "x", Payload: []byte{}, Properties: map[string]string{"n": "12345678901234567890", "f": "1.50", "t": "true", "e": "1e3"}}},
		{"requestContext a float", `{"messageId":"x","properties":{"requestContext":1.5}}`,
			transport.Message{ID: "x", Properties: map[string]string{"requestContext": "1.5"}}},
		{"requestContext null", `{"messageId":"x","properties":{"requestContext":null}}`, transport.Message{ID: "x", Properties: map[string]string{}}},
		{"a null after a value", `{"messageId":"x","properties":{"a":"b","a":null}}`, transport.Message{ID: "x", Properties: map[string]string{}}},
		{"properties null", `{"messageId":"x","properties":null}`, transport.Message{ID: "x", Properties: map[string]string{}}},
		{"no properties, no payload", `{"messageId":"x"}`, transport.Message{ID: "x", Properties: map[string]string{}}},
		{"payload null", `{"messageId":"x","payload":null}`, transport.Message{ID: "x", Properties: map[string]string{}}},
		{"payload that is no base64", `{"messageId":"x","payload":"no base64!"}`, transport.Message{ID: "x", Payload: []byte("no base64!"), Properties: map[string]string{}}},
		{"a time that can't be read", `{"messageId":"x","publishTime":"yesterday"}`, transport.Message{ID: "x", Properties: map[string]string{}}},
		{"escapes everywhere", `{"message\u0049d":"\u0078","payload":"a\/b=","properties":{"\u00fc\"":"\ud83d\ude00\n"},"context":"\u00e9"}`,
			transport.Message{ID: "x", Context: "é", Payload: []byte("a/b="), Properties: map[string]string{`ü"`: "😀\n"}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				consumer, broker := l.consume(l.plain(), "topic")
				broker.write("%s", c.frame)
				got := l.receive(consumer)
				got.PublishTime = got.PublishTime.UTC()
				want := c.want
				if d := cmp.Diff(&want, got, cmpopts.IgnoreUnexported(transport.Message{})); d != "" {
					t.Errorf("-want +got:\n%s", d)
				}
				if (got.Payload == nil) != (want.Payload == nil) {
					t.Errorf("Payload is nil: %v, want %v", got.Payload == nil, want.Payload == nil)
				}
				if err := consumer.Ack(l.Context(), got); err != nil {
					t.Fatal(err)
				}
				if ack, want := broker.read(), fmt.Sprintf(`{"messageId":%q}`, want.ID); ack != want {
					t.Errorf("the broker got %s, want %s", ack, want)
				}
			})
		})
	}
}

func TestFramesThatCantBeReadAreLoggedOnceAndTheNextMessageArrives(t *testing.T) {
	cases := []struct {
		name, frame, reason string
		acknowledged        string
	}{
		{"not JSON", `hello`, "envelope is no JSON", ""},
		{"empty", ``, "envelope is no JSON", ""},
		{"a list", `[1]`, "envelope is an array, it must be an object", ""},
		{"null", `null`, "envelope is null, it must be an object", ""},
		{"no messageId", `{"properties":{},"payload":""}`, "message without a messageId", ""},
		{"messageId null", `{"messageId":null}`, "message without a messageId", ""},
		{"properties a list", `{"messageId":"x","properties":["a"]}`, "properties is an array, it must be an object", ""},
		{"properties a string", `{"messageId":"x","properties":"a"}`, "properties is a string, it must be an object", ""},
		{"a property that is an object", `{"messageId":"x","properties":{"a":"b","response_topic":{"a":1}}}`,
			`property \"response_topic\" is an object, it must be a string, number or boolean`, "x"},
		{"a property that is an array", `{"messageId":"x","properties":{"a":[]}}`, `property \"a\" is an array`, "x"},
		{"payload an object", `{"messageId":"x","payload":{"a":1}}`, "payload is an object, it must be a string", ""},
		{"cut off", `{"messageId":"x","payload":"eA`, "unexpected EOF", ""},
		{"no UTF-8", "{\"messageId\":\"x\",\"payload\":\"\xff\"}", "envelope is no valid UTF-8", ""},
		{"2 MB of nothing", strings.Repeat("x", 2<<20), "envelope is no JSON", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				consumer, broker := l.consume(l.plain(), "topic")
				broker.write("%s", c.frame)
				broker.deliver("next")
				if m := l.receive(consumer); m.ID != "next" {
					t.Errorf("received %q, want the next message", m.ID)
				}
				lines := l.log.lines("ignoring a frame")
				if len(lines) != 1 || !strings.Contains(lines[0], c.reason) || !strings.Contains(lines[0], "level=WARN") {
					t.Errorf("log lines %.500q, want one that contains %q", lines, c.reason)
				}
				if len(strings.Join(lines, "")) > 800 {
					t.Errorf("the log line has %d characters", len(strings.Join(lines, "")))
				}
				if c.acknowledged != "" {
					if got, want := broker.read(), fmt.Sprintf(`{"messageId":%q}`, c.acknowledged); got != want {
						t.Errorf("the broker got %s, want %s, or the message comes again for ever", got, want)
					}
				}
			})
		})
	}
}

func TestABinaryFrameIsLogged(t *testing.T) {
	inLab(t, func(l *lab) {
		consumer, broker := l.consume(l.plain(), "topic")
		if err := broker.WriteMessage(websocket.BinaryMessage, []byte(`{"messageId":"x"}`)); err != nil {
			t.Fatal(err)
		}
		broker.deliver("next")
		if m := l.receive(consumer); m.ID != "next" {
			t.Errorf("received %q, want the next message", m.ID)
		}
		if lines := l.log.lines("binary frame"); len(lines) != 1 {
			t.Errorf("log lines %q, want one", lines)
		}
	})
}

func TestAMessageInManyFramesIsPutTogether(t *testing.T) {
	// Pulsar cuts what it delivers into WebSocket frames of 64 KiB.
	inLab(t, func(l *lab) {
		consumer, broker := l.consume(l.plain(), "topic")
		payload := strings.Repeat("QUJD", 300_000)
		w, err := broker.NextWriter(websocket.TextMessage)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(w, `{"messageId":"x","payload":"%s"}`, payload) // in frames of 4 kB
		w.Close()
		if m := l.receive(consumer); string(m.Payload) != payload {
			t.Errorf("a payload of %d characters arrived with %d", len(payload), len(m.Payload))
		}
	})
}

func TestReadLimit(t *testing.T) {
	inLab(t, func(l *lab) {
		o := l.options()
		o.ReadLimit = 1000
		consumer, broker := l.consume(transport.WebSocket("ws://broker/ws/", o), "topic")
		broker.write(`{"messageId":"x","payload":"%s"}`, strings.Repeat("A", 1000))
		err := broker.ended()
		if !websocket.IsCloseError(err, websocket.CloseMessageTooBig) {
			t.Errorf("the broker got %v, want a close frame with 1009", err)
		}
		broker.end()
		broker = l.next()
		broker.deliver("next")
		if m := l.receive(consumer); m.ID != "next" {
			t.Errorf("received %q", m.ID)
		}
		if got := l.log.lines("which is the ReadLimit"); len(got) != 1 {
			t.Errorf("log lines %q, want one", got)
		}
	})
}

func TestNacks(t *testing.T) {
	embedded := "1; redelivers=true; max-frame=1000000"
	cases := []struct {
		name, header string
		broker       func(l *lab) transport.Broker
		want         string
	}{
		{"Django", "", (*lab).plain, ""},
		{"embedded, plain form", embedded, (*lab).plain, `{"type":"negativeAcknowledge","messageId":"x"}`},
		{"embedded, Pulsar's form", embedded, (*lab).pulsar, `{"type":"negativeAcknowledge","messageId":"x"}`},
		{"Pulsar", "", (*lab).pulsar, `{"type":"negativeAcknowledge","messageId":"x"}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				if c.header != "" {
					l.header.Set("Dasf-Broker", c.header)
				}
				consumer, broker := l.consume(c.broker(l), "topic")
				broker.deliver("x")
				broker.deliver("y")
				x, y := l.receive(consumer), l.receive(consumer)
				if err := consumer.Nack(l.Context(), x); err != nil {
					t.Fatal(err)
				}
				if err := consumer.Ack(l.Context(), y); err != nil {
					t.Fatal(err)
				}
				want := []string{c.want, `{"messageId":"y"}`}
				if c.want == "" {
					want = want[1:]
				}
				for _, w := range want {
					if got := broker.read(); got != w {
						t.Errorf("the broker got %s, want %s", got, w)
					}
				}
			})
		})
	}
}

func TestDeliveryIsWhatTheBrokerSays(t *testing.T) {
	cases := []struct {
		name, header string
		broker       func(l *lab) transport.Broker
		want         transport.Delivery
	}{
		{"Django", "", (*lab).plain, transport.Delivery{Redelivers: true, FanOut: true, DistinctIDs: true, Backlog: 100, MaxFrame: 1_047_552}},
		{"Pulsar", "", (*lab).pulsar, transport.Delivery{Redelivers: true, DistinctIDs: true, MaxFrame: 1_048_576}},
		{"Pulsar, non-persistent", "", func(l *lab) transport.Broker {
			return transport.Pulsar("broker:80", transport.PulsarOptions{Options: l.options()})
		}, transport.Delivery{DropsWhenFull: true, PieceSize: 65_536, Backlog: 1000, MaxFrame: 1_048_576}},
		{"embedded", "1; redelivers=true; max-frame=16777216", (*lab).plain, transport.Delivery{Redelivers: true, DistinctIDs: true, CountsDeliveries: true, MaxFrame: 16_777_216}},
		{"embedded, Pulsar's form", "1; redelivers=true; max-frame=16777216", (*lab).pulsar, transport.Delivery{Redelivers: true, DistinctIDs: true, CountsDeliveries: true, MaxFrame: 16_777_216}},
		{"embedded, does not redeliver", "1; redelivers=false", (*lab).plain, transport.Delivery{DistinctIDs: true, CountsDeliveries: true, MaxFrame: 1_048_576}},
		{"embedded, of a later version", "2;max-frame=99;new=thing; redelivers=true", (*lab).plain, transport.Delivery{Redelivers: true, DistinctIDs: true, CountsDeliveries: true, MaxFrame: 99}},
		{"embedded, nonsense", "1; max-frame=-5; redelivers", (*lab).plain, transport.Delivery{DistinctIDs: true, CountsDeliveries: true, MaxFrame: 1_048_576}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inLab(t, func(l *lab) {
				if c.header != "" {
					l.header.Set("Dasf-Broker", c.header)
				}
				consumer, broker := l.consume(c.broker(l), "topic")
				if d := cmp.Diff(c.want, consumer.Delivery()); d != "" {
					t.Errorf("-want +got:\n%s", d)
				}
				// Another broker may be there after a reconnect.
				l.set(func() { l.header.Set("Dasf-Broker", "1; redelivers=false; max-frame=5") })
				broker.end()
				l.next()
				synctest.Wait()
				if got := consumer.Delivery().MaxFrame; got != 5 {
					t.Errorf("after a reconnect MaxFrame is %d, want 5", got)
				}
			})
		})
	}
}

func TestWhatWasNotReceivedBeforeADisconnect(t *testing.T) {
	for _, persistent := range []bool{true, false} {
		t.Run(fmt.Sprintf("persistent=%v", persistent), func(t *testing.T) {
			inLab(t, func(l *lab) {
				b := transport.Pulsar("broker:80", transport.PulsarOptions{Options: l.options(), Persistent: persistent})
				consumer, broker := l.consume(b, "topic")
				broker.deliver("1")
				broker.deliver("2")
				first := l.receive(consumer)
				broker.end()
				broker = l.next()
				synctest.Wait()
				if err := consumer.Ack(l.Context(), first); err != nil {
					t.Errorf("acknowledging a message of the connection that is gone: %v", err)
				}
				broker.deliver("3")
				want := "2" // a broker that does not redeliver will not send it again
				if persistent {
					want = "3" // the broker will send 2 again
				}
				m := l.receive(consumer)
				if m.ID != want {
					t.Errorf("received %s, want %s", m.ID, want)
				}
				if !persistent {
					m = l.receive(consumer)
				}
				if err := consumer.Ack(l.Context(), m); err != nil {
					t.Fatal(err)
				}
				if got := broker.read(); got != `{"messageId":"3"}` {
					t.Errorf("the broker got %s, want the acknowledgement of 3 only", got)
				}
			})
		})
	}
}

func TestAConsumerThatDoesNotReceiveStopsTheBrokerAndIsNotTakenForDead(t *testing.T) {
	inLab(t, func(l *lab) {
		o := l.options()
		o.ReceiveBuffer = 10_000
		consumer, broker := l.consume(transport.WebSocket("ws://broker/ws/", o), "topic")
		const messages = 300
		written := make(chan int, messages)
		go func() {
			for i := range messages {
				broker.write(`{"messageId":"%d","payload":"%s"}`, i, strings.Repeat("A", 1000))
				written <- i
			}
		}()
		time.Sleep(time.Hour)
		// 10 kB of messages, one more that waits, and what the network holds.
		if n := len(written); n > 100 {
			t.Errorf("%d messages of 1 kB were taken, ReceiveBuffer is 10 kB", n)
		}
		if changes := l.changes(); len(changes) != 1 {
			t.Errorf("after an hour without Receive: %q", changes)
		}
		for i := range messages {
			if m := l.receive(consumer); m.ID != fmt.Sprint(i) {
				t.Fatalf("received %s, want %d", m.ID, i)
			}
		}
	})
}

func TestCloseWhileTheConsumerIsFull(t *testing.T) {
	inLab(t, func(l *lab) {
		o := l.options()
		o.ReceiveBuffer = 1
		consumer, broker := l.consume(transport.WebSocket("ws://broker/ws/", o), "topic")
		for i := range 5 {
			broker.deliver(fmt.Sprint(i))
		}
		synctest.Wait()
		if err := consumer.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestCloseWritesAcknowledgementsAndSaysGoodbye(t *testing.T) {
	inLab(t, func(l *lab) {
		consumer, broker := l.consume(l.plain(), "topic")
		for i := range 100 {
			broker.deliver(fmt.Sprint(i))
		}
		for range 100 {
			if err := consumer.Ack(l.Context(), l.receive(consumer)); err != nil {
				t.Fatal(err)
			}
		}
		closed := make(chan struct{})
		go func() {
			consumer.Close()
			close(closed)
		}()
		for i := range 100 {
			if got, want := broker.read(), fmt.Sprintf(`{"messageId":"%d"}`, i); got != want {
				t.Fatalf("the broker got %s, want %s", got, want)
			}
		}
		if err := broker.ended(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
			t.Errorf("the broker got %v, want a close frame with 1000", err)
		}
		// gorilla's peer has answered it.
		<-closed
		if d := cmp.Diff([]string{"topic/sub connected", "topic/sub away"}, l.changes()); d != "" {
			t.Errorf("changes, -want +got:\n%s", d)
		}
	})
}

func TestCloseDoesNotWaitForABrokerThatIsSilent(t *testing.T) {
	inLab(t, func(l *lab) {
		consumer, _ := l.consume(l.plain(), "topic")
		l.net.Hold(true)
		begin := time.Now()
		consumer.Close()
		if d := time.Since(begin); d != 5*time.Second {
			t.Errorf("Close took %v, want 5 s", d)
		}
	})
}

func TestAcknowledgementsWaitForABrokerThatDoesNotRead(t *testing.T) {
	inLab(t, func(l *lab) {
		o := l.options()
		o.WriteTimeout = time.Hour
		o.PongTimeout = time.Hour
		consumer, broker := l.consume(transport.WebSocket("ws://broker/ws/", o), "topic")
		broker.deliver(strings.Repeat("x", 10_000)) // a long id makes a long acknowledgement
		m := l.receive(consumer)
		ctx, cancel := context.WithTimeout(l.Context(), time.Minute)
		defer cancel()
		n := 0
		for ; n < 1000; n++ {
			if err := consumer.Ack(ctx, m); err != nil {
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Ack: %v", err)
				}
				break
			}
		}
		if n < 10 || n > 75 {
			t.Errorf("%d acknowledgements of 10 kB were taken, want 256 kB that are written, as much that waits, and what the network holds", n)
		}
		broker.pump()
		if err := consumer.Ack(l.Context(), m); err != nil {
			t.Errorf("Ack when the broker reads again: %v", err)
		}
	})
}
