package dasf_test

import (
	"context"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/transport"
)

// hostileTime is how long a peer may take over a message that is nonsense.
const hostileTime = 5 * time.Second

// message makes one of what a fuzzer found. Empty properties are left out.
func message(payload []byte, properties map[string]string) *transport.Message {
	m := &transport.Message{Properties: map[string]string{}, Payload: payload}
	for name, value := range properties {
		if value != "" {
			m.Properties[name] = value
		}
	}
	return m
}

// FuzzBackend sends a backend whatever may come on its topic. It must go on
// answering others.
func FuzzBackend(f *testing.F) {
	f.Add("request", "1", "topic_x", "", "", "", "1", "", []byte(`eyJmdW5jX25hbWUiOiJlY2hvIn0=`))
	f.Add("request", "1", "topic_x", "0", "2", "5", "1", "1", []byte("eyJm"))
	f.Add("request", "-1", "topic_x", "1", "999999999", "-5", "", "", []byte("!"))
	f.Add("cancel", "1", "", "", "", "", "1", "", []byte(nil))
	f.Add("resend", "1", "topic_x", "", "", "", "1", "0,1,-1,99999999999999999999", []byte(nil))
	f.Add("alive", "", "", "", "", "", "1", "1", []byte(nil))
	f.Add("ping", "a b\x00", "no such/topic", "", "", "", "", "", []byte(nil))
	b := transport.Memory()
	module := dasf.NewModule(dasf.Config{Topic: "topic", Logger: quiet(), Workers: 2, ProducerKeepAlive: dasf.Seconds(0),
		ProducerConnectionTimeout: time.Second, AssemblyBytes: 1 << 20, AssemblyCount: 4, CancelOnDisconnect: true},
		dasf.Func("echo", func(_ context.Context, r echoRequest) (string, error) { return r.Data, nil }))
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- module.Run(ctx, b) }()
	c, err := dasf.Dial(ctx, b, "topic", dasf.WithLogger(quiet()))
	if err != nil {
		f.Fatal(err)
	}
	out, err := b.Produce(ctx, "topic")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		out.Close()
		c.Close()
		stop()
		<-ended
	})
	f.Fuzz(func(t *testing.T, kind, call, response, fragment, count, timeout, extended, more string, payload []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), hostileTime)
		defer cancel()
		// Without the property again, which has a worker wait for a second. What
		// can't be sent at all is no matter of the backend.
		_ = out.Send(ctx, message(payload, map[string]string{
			"messageType": kind, "requestContext": call, "response_topic": response, "fragment": fragment, "num_fragments": count,
			"timeout": timeout, "dasf": extended, "missing": more, "log": more, "watch": more, "waiting": more, "traceparent": more,
		}))
		if got, err := dasf.Call[string](ctx, c, "echo", echoRequest{"well"}); err != nil || got != "well" {
			t.Fatalf("the next call: %q, %v", got, err)
		}
	})
}

// FuzzClient sends a client whatever may come on its response topic while it
// waits. Its call ends, and the next one succeeds.
func FuzzClient(f *testing.F) {
	f.Add("response", "success", "", "", "", "1", []byte(`IngI=`))
	f.Add("response", "error", "", "", "busy", "", []byte("eA"))
	f.Add("response", "success", "3", "2", "", "topic_inbox", []byte("eA"))
	f.Add("response", "success", "0", "1000000000", "", "", []byte("eA"))
	f.Add("progress", "running", "", "", "", "", []byte("e30="))
	f.Add("alive", "", "", "", "0,1,2,,x", "topic_inbox", []byte(nil))
	f.Add("accepted", "", "", "", "", "no/such topic", []byte(nil))
	f.Add("resend", "", "", "", "-1,0,7", "topic_inbox", []byte(nil))
	f.Add("log", "", "", "", "", "", []byte("e30K"))
	b := transport.Memory()
	ctx, stop := context.WithCancel(context.Background())
	in, err := b.Consume(ctx, "topic", transport.ConsumeOptions{Subscription: "s"})
	if err != nil {
		f.Fatal(err)
	}
	c, err := dasf.Dial(ctx, b, "topic", dasf.WithLogger(quiet()), dasf.WithAssembly(1<<20, 4, time.Second))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		c.Close()
		in.Close()
		stop()
	})
	f.Fuzz(func(t *testing.T, kind, status, fragment, count, more, inbox string, payload []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), hostileTime)
		defer cancel()
		for _, hostile := range []bool{true, false} {
			call, giveUp := context.WithCancel(ctx)
			done := make(chan error, 1)
			go func() {
				_, err := dasf.Call[string](call, c, "echo", echoRequest{"x"}, dasf.OnProgress(func(*dasf.ProgressReport) {}))
				done <- err
			}()
			var request *transport.Message
			for request == nil || request.Properties["messageType"] != "request" {
				if request, err = in.Receive(ctx); err != nil {
					t.Fatal(err)
				}
				_ = in.Ack(ctx, request)
			}
			out, err := b.Produce(ctx, request.Properties["response_topic"])
			if err != nil {
				t.Fatal(err)
			}
			id := request.Properties["requestContext"]
			if hostile {
				_ = out.Send(ctx, message(payload, map[string]string{
					"messageType": kind, "requestContext": id, "status": status, "fragment": fragment, "num_fragments": count,
					"code": more, "contexts": more, "missing": more, "inbox": inbox, "dasf": "1", "watch": more,
				}))
			} else {
				m := message(nil, map[string]string{"messageType": "response", "requestContext": id, "status": "success"})
				m.SetBytes([]byte(`"x"`))
				_ = out.Send(ctx, m)
			}
			if hostile {
				giveUp() // it may be no answer at all
			}
			if err := <-done; !hostile && err != nil {
				t.Fatalf("the call after a hostile message: %v", err)
			}
			giveUp()
			out.Close()
		}
	})
}
