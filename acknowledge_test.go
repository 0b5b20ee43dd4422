package dasf_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

func TestRequestIsAcknowledgedAfterItsResponse(t *testing.T) {
	for _, test := range []struct {
		name string
		cfg  dasf.Config
		np   bool
		want []string
	}{
		{"where the broker redelivers", dasf.Config{}, false, []string{"sent topic_aroEhfGH response", "ack topic request"}},
		{"not where it does not", dasf.Config{}, true, []string{"ack topic request", "sent topic_aroEhfGH response"}},
		{"not when told otherwise", dasf.Config{Ack: dasf.AckOnReceipt}, false, []string{"ack topic request", "sent topic_aroEhfGH response"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := watched()
				if test.np {
					b.delivery = nonPersistent
				}
				tb := startBackend(t, b, test.cfg)
				p := newRawPeer(t, b, "topic")
				p.send("request", "1", fmt.Sprintf(sleepJSON, 1.0))
				p.receive()
				tb.end(t)
				var got []string
				for _, e := range b.noted() {
					if slices.Contains(test.want, e) {
						got = append(got, e)
					}
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// The embedded broker acknowledges a request when it takes the response.
func TestASettledRequestIsNotAcknowledgedAgain(t *testing.T) {
	for _, test := range []struct {
		name    string
		cfg     dasf.Config
		settled bool
		asked   int // messages that responses settle
		want    []string
	}{
		{"settled", dasf.Config{}, true, 2, nil},
		{"not settled", dasf.Config{}, false, 2, []string{"ack topic request", "ack topic request"}},
		{"acknowledged before", dasf.Config{Ack: dasf.AckOnReceipt}, true, 0, []string{"ack topic request", "ack topic request"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := watched()
				asked := map[string]int{} // by the request's messageId
				b.settle = func(m *transport.Message) bool {
					asked[m.ID]++
					return test.settled
				}
				tb := startBackend(t, b, test.cfg)
				p := newRawPeer(t, b, "topic")
				for _, context := range []string{"0", "1", "2"} { // the first opens the producer, and waits for it
					p.send("request", context, fmt.Sprintf(sleepJSON, 1.0))
					p.receive()
				}
				tb.end(t)
				var acks []string
				for _, e := range b.noted() {
					if strings.HasPrefix(e, "ack topic request") {
						acks = append(acks, e)
					}
				}
				if diff := cmp.Diff(append([]string{"ack topic request"}, test.want...), acks); diff != "" {
					t.Error(diff)
				}
				if len(asked) != test.asked {
					t.Errorf("asked to settle %v, want %d requests", asked, test.asked)
				}
				for id, n := range asked {
					if id == "" || n != 1 {
						t.Errorf("asked to settle %q %d times", id, n)
					}
				}
			})
		})
	}
}

// Where the broker lets a backend have a thousand requests, it may hear of
// several at once that they have come.
func TestRequestsAreAcknowledgedTogetherOnlyWhereTheWindowIsLarge(t *testing.T) {
	for _, test := range []struct {
		name     string
		cfg      dasf.Config
		delivery func(transport.Delivery) transport.Delivery
		want     string
	}{
		{"non-persistent Pulsar", dasf.Config{}, nonPersistent, "ack later topic request"},
		{"where the broker redelivers", dasf.Config{}, nil, "ack topic request"},
		{"where it would", dasf.Config{Ack: dasf.AckOnReceipt}, nil, "ack topic request"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := watched()
				b.delivery, b.acksLater = test.delivery, true
				tb := startBackend(t, b, test.cfg)
				p := newRawPeer(t, b, "topic")
				p.send("request", "1", fmt.Sprintf(sleepJSON, 1.0))
				p.receive()
				tb.end(t)
				if got := b.noted(); !slices.Contains(got, test.want) {
					t.Errorf("no %q in %q", test.want, got)
				}
			})
		})
	}
}

func TestAckAfterResponseIsRefusedOnNonPersistentPulsar(t *testing.T) {
	b := watched()
	b.delivery = nonPersistent
	m := dasf.NewModule(dasf.Config{Topic: "topic", Ack: dasf.AckAfterResponse, Logger: quiet()})
	err := m.Run(t.Context(), b)
	if err == nil || !strings.Contains(err.Error(), "non-persistent") || !strings.Contains(err.Error(), "on-receipt") {
		t.Errorf("got %v", err)
	}
}

func TestPrefetchFollowsTheBroker(t *testing.T) {
	for name, test := range map[string]struct {
		delivery func(transport.Delivery) transport.Delivery
		want     string
	}{
		"Workers where requests wait in the broker":          {nil, "consume topic dasf-topic Shared 3"},
		"Pulsar's largest where a full window drops instead": {nonPersistent, "consume topic dasf-topic Shared 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			b := watched()
			b.delivery = test.delivery
			startBackend(t, b, dasf.Config{Workers: 3})
			var got string
			for _, e := range b.noted() {
				if strings.HasPrefix(e, "consume topic ") {
					got = e
				}
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestQueueOverflowIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		b.delivery = nonPersistent
		tb := startBackend(t, b, dasf.Config{Workers: 1, QueueSize: 2})
		p := newRawPeer(t, b, "topic")
		for i := range 5 {
			p.send("request", fmt.Sprint(i), fmt.Sprintf(sleepJSON, 10.0))
			synctest.Wait()
		}
		answers := map[string]string{}
		for range 5 {
			props, text := p.receive()
			answers[props["requestContext"]] = text
		}
		const busy = "request rejected due to queue overflow, try again later"
		want := map[string]string{"0": `"slept"`, "1": `"slept"`, "2": `"slept"`, "3": busy, "4": busy}
		if diff := cmp.Diff(want, answers); diff != "" {
			t.Error(diff)
		}
		tb.stop()
	})
}

func TestQueueIsBoundedInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		b.delivery = nonPersistent
		tb := startBackend(t, b, dasf.Config{Workers: 1, QueueBytes: 1000})
		p := newRawPeer(t, b, "topic")
		long := strings.Repeat("x", 2000)
		p.send("request", "0", `{"func_name":"sleep","seconds":5,"note":"`+long+`"}`) // alone: let in
		p.send("request", "1", `{"func_name":"echo","data":"`+long+`"}`)
		props, text := p.receive()
		if props["requestContext"] != "1" || !strings.Contains(text, "queue overflow") {
			t.Errorf("got %v %q", props, text)
		}
		if _, text = p.receive(); text != `"slept"` {
			t.Errorf("got %q", text)
		}
		tb.stop()
	})
}

func TestQueueBytesLetsRequestsWaitWhereTheBrokerRedelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := transport.Memory()
		tb := startBackend(t, b, dasf.Config{Workers: 3, QueueBytes: 1000})
		p := newRawPeer(t, b, "topic")
		long := strings.Repeat("x", 2000)
		for i := range 5 {
			p.send("request", fmt.Sprint(i), `{"func_name":"sleep","seconds":5,"note":"`+long+`"}`)
		}
		time.Sleep(time.Second)
		if n := tb.runs.Load(); n != 1 {
			t.Errorf("%d requests run at once, want 1", n)
		}
		for range 5 {
			if props, text := p.receive(); text != `"slept"` {
				t.Errorf("got %v %q", props, text)
			}
		}
		tb.stop()
	})
}

func TestAcknowledgedOnReceiptTheQueueOverflowsOnAnyBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := transport.Memory()
		tb := startBackend(t, b, dasf.Config{Workers: 1, QueueSize: 1, Ack: dasf.AckOnReceipt})
		p := newRawPeer(t, b, "topic")
		for i := range 3 {
			p.send("request", fmt.Sprint(i), fmt.Sprintf(sleepJSON, 5.0))
			synctest.Wait()
		}
		if props, text := p.receive(); props["requestContext"] != "2" || !strings.Contains(text, "queue overflow") {
			t.Errorf("got %v %q", props, text)
		}
		p.receive()
		p.receive()
		tb.stop()
	})
}
