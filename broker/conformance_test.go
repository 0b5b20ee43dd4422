package broker_test

import (
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/dasf-go/dasf/broker"
	"github.com/dasf-go/dasf/transport"
	"github.com/dasf-go/dasf/transport/transporttest"
)

// TestConformance runs the contract of transport.Broker over the broker, in
// both URL forms, in memory and with a store.
func TestConformance(t *testing.T) {
	plain := func(address string) transport.Broker {
		return transport.WebSocket("ws://"+address+"/ws/", transport.Options{})
	}
	pulsar := func(persistent bool) func(address string) transport.Broker {
		return func(address string) transport.Broker {
			return transport.Pulsar(address, transport.PulsarOptions{Persistent: persistent})
		}
	}
	for _, tt := range []struct {
		name    string
		durable bool
		stored  bool
		open    func(address string) transport.Broker
	}{
		{"plain", false, false, plain},
		{"non-persistent", false, false, pulsar(false)},
		{"persistent", true, false, pulsar(true)},
		{"plain, stored", false, true, plain},
		{"persistent, stored", true, true, pulsar(true)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // a negative acknowledgement takes a second
			l := &breakable{Listener: listen(t)}
			var c broker.Config
			messages := 1000
			if tt.stored {
				c.Dir, messages = t.TempDir(), 300
			}
			b := newBroker(t, c)
			server := &http.Server{Handler: b}
			served := make(chan error, 1)
			go func() { served <- server.Serve(l) }()
			t.Cleanup(func() {
				server.Close()
				<-served
			})
			transporttest.Run(t, func(t *testing.T) transport.Broker {
				return tt.open(l.Addr().String())
			}, transporttest.Caps{
				Cut: l.cut, Keeps: true, Nacks: true, Types: true, Durable: tt.durable, AnyName: true, Messages: messages,
			})
		})
	}
}

// TestConformanceAcrossRestarts is the contract over a broker that is ended and
// started anew wherever the contract breaks the connections.
func TestConformanceAcrossRestarts(t *testing.T) {
	for _, tt := range []struct {
		name       string
		persistent bool
	}{{"plain", false}, {"persistent", true}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			address := listen(t)
			r := &restartable{t: t, dir: t.TempDir(), address: address.Addr().String()}
			address.Close()
			r.start()
			t.Cleanup(r.stop)
			transporttest.Run(t, func(t *testing.T) transport.Broker {
				if tt.persistent {
					return transport.Pulsar(r.address, transport.PulsarOptions{Persistent: true})
				}
				return transport.WebSocket("ws://"+r.address+"/ws/", transport.Options{})
			}, transporttest.Caps{
				Cut:   func() { r.stop(); r.start() },
				Keeps: true, Nacks: true, Types: true, Durable: tt.persistent, AnyName: true, Messages: 300,
			})
		})
	}
}

// A restartable is a broker with a store, and the server before it.
type restartable struct {
	t       *testing.T
	dir     string
	address string
	broker  *broker.Broker
	server  *http.Server
	served  chan error
}

func (r *restartable) start() {
	b, err := broker.New(broker.Config{Dir: r.dir})
	if err != nil {
		r.t.Error(err)
		return
	}
	l, err := net.Listen("tcp", r.address)
	if err != nil {
		r.t.Error(err)
	}
	r.broker, r.server, r.served = b, &http.Server{Handler: b}, make(chan error, 1)
	go func() { r.served <- r.server.Serve(l) }()
}

func (r *restartable) stop() {
	r.server.Close()
	<-r.served
	if err := r.broker.Close(); err != nil {
		r.t.Error(err)
	}
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A breakable listener can break all of its connections.
type breakable struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func (l *breakable) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.mu.Lock()
		l.conns = append(l.conns, conn)
		l.mu.Unlock()
	}
	return conn, err
}

func (l *breakable) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.conns {
		conn.Close()
	}
	l.conns = nil
}
