package transport_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/internal/envelope"
	"github.com/dasf-go/dasf/transport"
)

// A server is a broker behind WebSockets, in both URL forms: transport.Memory
// with sockets in front of it. It is as small as it can be and still pass the
// suite.
type server struct {
	memory transport.Broker
	header string // value of Dasf-Broker, empty for none
	ctx    context.Context

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// newServer starts a server over TCP.
func newServer(t *testing.T) (*server, *httptest.Server) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{
		memory: transport.Memory(), header: "1; redelivers=true; max-frame=1048576",
		ctx: ctx, conns: make(map[net.Conn]struct{}),
	}
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		cancel()
		s.cut()
		h.Close()
	})
	return s, h
}

func wsURL(h *httptest.Server) string {
	return "ws" + strings.TrimPrefix(h.URL, "http") + "/ws/"
}

// cut breaks all sockets without a close frame.
func (s *server) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		c.Close()
	}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var names []string
	for part := range strings.SplitSeq(strings.TrimPrefix(r.URL.EscapedPath(), "/ws/"), "/") {
		name, err := url.PathUnescape(part)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		names = append(names, name)
	}
	form := envelope.Plain
	if len(names) > 5 && names[0] == "v2" {
		form = envelope.Pulsar
		names = names[5:]
	}
	if len(names) == 2 {
		s.consumer(w, r, form, names[0], names[1])
	} else {
		s.producer(w, r, form, names[0])
	}
}

func (s *server) upgrade(w http.ResponseWriter, r *http.Request) (*websocket.Conn, func()) {
	header := make(http.Header)
	if s.header != "" {
		header.Set("Dasf-Broker", s.header)
	}
	c, err := new(websocket.Upgrader).Upgrade(w, r, header)
	if err != nil {
		return nil, nil
	}
	c.SetReadLimit(1 << 20)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c.NetConn()] = struct{}{}
	return c, func() {
		c.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, c.NetConn())
	}
}

func (s *server) producer(w http.ResponseWriter, r *http.Request, form envelope.Form, topic string) {
	p, err := s.memory.Produce(s.ctx, topic)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	defer p.Close()
	c, done := s.upgrade(w, r)
	if c == nil {
		return
	}
	defer done()
	for {
		_, text, err := c.ReadMessage()
		if err != nil {
			return
		}
		if err := c.WriteMessage(websocket.TextMessage, answer(s.ctx, p, text, form)); err != nil {
			return
		}
	}
}

// answer publishes a frame and returns the broker's answer.
func answer(ctx context.Context, p transport.Producer, text []byte, form envelope.Form) []byte {
	var f envelope.Frame
	if err := envelope.Scan(text, &f); err != nil {
		return envelope.AppendAnswer(nil, &envelope.Answer{Result: "send-error:3", ErrorMsg: err.Error()}, form)
	}
	a := envelope.Answer{Result: "ok", MessageID: "none", Context: f.Context}
	properties, err := envelope.PropertyMap(f.Properties)
	if err == nil {
		err = p.Send(ctx, &transport.Message{Properties: properties, Key: string(f.Key), Payload: f.Payload})
	}
	if refused, ok := errors.AsType[*transport.SendError](err); ok {
		a.Result, a.ErrorMsg = refused.Result, refused.Message
	} else if err != nil {
		a.Result, a.ErrorMsg = "send-error:8", err.Error()
	}
	return envelope.AppendAnswer(nil, &a, form)
}

func (s *server) consumer(w http.ResponseWriter, r *http.Request, form envelope.Form, topic, subscription string) {
	q := r.URL.Query()
	prefetch, _ := strconv.Atoi(q.Get("receiverQueueSize"))
	consumer, err := s.memory.Consume(s.ctx, topic, transport.ConsumeOptions{
		Subscription: subscription, Type: transport.SubscriptionType(q.Get("subscriptionType")),
		Prefetch: prefetch, NonDurable: q.Get("subscriptionMode") == "NonDurable",
	})
	if refused, ok := errors.AsType[*transport.HandshakeError](err); ok {
		http.Error(w, refused.Body, refused.Status)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	defer consumer.Close()
	c, done := s.upgrade(w, r)
	if c == nil {
		return
	}
	defer done()
	var given sync.Map // *transport.Message by messageId
	var writer sync.WaitGroup
	writer.Go(func() {
		for {
			m, err := consumer.Receive(s.ctx)
			if err != nil {
				return
			}
			given.Store(m.ID, m)
			if c.WriteMessage(websocket.TextMessage, delivery(m, form)) != nil {
				return
			}
		}
	})
	defer writer.Wait()
	defer consumer.Close()
	for {
		_, text, err := c.ReadMessage()
		if err != nil {
			return
		}
		var f envelope.Frame
		if envelope.Scan(text, &f) != nil {
			continue
		}
		m, ok := given.LoadAndDelete(string(f.MessageID))
		switch {
		case !ok:
		case string(f.Type) == "negativeAcknowledge":
			consumer.Nack(s.ctx, m.(*transport.Message))
		default:
			consumer.Ack(s.ctx, m.(*transport.Message))
		}
	}
}

// delivery is what a consumer gets for m.
func delivery(m *transport.Message, form envelope.Form) []byte {
	var f envelope.Frame
	if err := envelope.Scan(envelope.AppendMessage(nil, m.Properties, m.Key, "", m.Payload), &f); err != nil {
		panic(err)
	}
	return envelope.AppendDelivery(nil, &f, &envelope.Delivery{
		MessageID: m.ID, PublishTime: m.PublishTime, RedeliveryCount: m.RedeliveryCount, Form: form,
	})
}
