package dasf_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/heaptest"
	"github.com/dasf-go/dasf/transport"
)

// propertiesOf are properties of a request, with more.
func propertiesOf(p *rawPeer, id string, more map[string]string) map[string]string {
	all := map[string]string{"response_topic": p.reply, "requestContext": id, "messageType": "request"}
	for name, value := range more {
		all[name] = strings.Clone(value)
	}
	return all
}

func TestRequestWithUselessPropertiesIsRefused(t *testing.T) {
	many := map[string]string{}
	for i := range 20_000 {
		many[fmt.Sprint(i)] = ""
	}
	for _, test := range []struct {
		name string
		more map[string]string
		want string
	}{
		{"many", many, "error validating request: the message has 20003 properties, at most 1000 are taken; put data into the payload"},
		{"a long name", map[string]string{strings.Repeat("n", 500_000): ""}, "error validating request: the name of a property has 500000 bytes, at most 1024 are taken"},
		{"a long value", map[string]string{"note": strings.Repeat("v", 500_000)}, `"x"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := watched()
				tb := startBackend(t, b, dasf.Config{})
				p := newRawPeer(t, b, "topic")
				out, err := b.Produce(t.Context(), "topic")
				if err != nil {
					t.Fatal(err)
				}
				m := &transport.Message{Properties: propertiesOf(p, "1", test.more)}
				m.SetBytes([]byte(`{"func_name":"echo","data":"x"}`))
				if err := out.Send(t.Context(), m); err != nil {
					t.Fatal(err)
				}
				if props, text := p.receive(); text != test.want {
					t.Errorf("got %q, properties %v", text, props)
				}
				out.Close()
				tb.stop()
			})
		})
	}
}

// Who names a response topic of a megabyte can't be answered, and is ignored.
func TestMessageThatNamesTooMuchIsIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := watched()
		tb := startBackend(t, b, dasf.Config{})
		p := newRawPeer(t, b, "topic")
		p.send("request", strings.Repeat("1", 500_000), `{"func_name":"echo","data":"x"}`)
		p.send("ping", strings.Repeat("1", 500_000), "")
		p.send("request", "2", `{"func_name":"echo","data":"y"}`)
		if props, text := p.receive(); text != `"y"` || props["requestContext"] != "2" {
			t.Errorf("got %q to %.20s", text, props["requestContext"])
		}
		tb.stop()
	})
}

// What counts against QueueBytes is what the requests take, whatever they
// consist of.
func TestQueueBytesBoundsTheHeap(t *testing.T) {
	const most = 24 << 20
	properties := map[string]string{}
	for i := range 300 {
		properties[fmt.Sprint("property_", i)] = ""
	}
	for _, test := range []struct {
		name    string
		payload string
		more    map[string]string
	}{
		{"small", `{"func_name":"sleep","seconds":3600}`, nil},
		{"large", `{"func_name":"sleep","seconds":3600,"text":"` + strings.Repeat("x", 100_000) + `"}`, nil},
		{"with a long property", `{"func_name":"sleep","seconds":3600}`, map[string]string{"note": strings.Repeat("v", 50_000)}},
		{"with many properties", `{"func_name":"sleep","seconds":3600}`, properties},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := watched()
			b.delivery = nonPersistent
			tb := startBackend(t, b, dasf.Config{Workers: 1, QueueSize: 1e6, QueueBytes: most, Grace: dasf.Seconds(0)})
			p := newRawPeer(t, b, "topic")
			refused := make(chan struct{})
			go func() {
				if _, err := p.in.Receive(t.Context()); err == nil {
					close(refused)
				}
			}()
			out, err := b.Produce(t.Context(), "topic")
			if err != nil {
				t.Fatal(err)
			}
			sent := 0
			send := func() {
				m := &transport.Message{Properties: propertiesOf(p, fmt.Sprint(sent), test.more)}
				m.SetBytes([]byte(test.payload))
				if err := out.Send(t.Context(), m); err != nil {
					t.Fatal(err)
				}
				sent++
			}
			before := heaptest.Live()
			for full := false; !full; {
				for range 50 {
					send()
				}
				select {
				case <-refused:
					full = true
				case <-time.After(10 * time.Millisecond): // else it refuses later
				}
			}
			grown := heaptest.Live() - before
			t.Logf("%d requests were sent, and the heap grew by %d", sent, grown)
			if grown > most*5/4 || grown < most/4 {
				t.Errorf("the heap grew by %d, QueueBytes is %d", grown, most)
			}
			out.Close()
			tb.stop()
		})
	}
}
