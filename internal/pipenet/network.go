package pipenet

import (
	"context"
	"fmt"
	"net"
	"sync"
	"syscall"
)

// bufferSize is how much a connection holds in each direction, about what a
// socket of an operating system holds.
const bufferSize = 64 << 10

// A Network connects listeners and dialers by address. The zero value is ready
// for use; the methods may be called from any number of goroutines.
type Network struct {
	mu        sync.Mutex
	listeners map[string]*listener
	conns     map[*conn]struct{}
	held      bool
	dialled   int
}

// addr is the address of a listener, or of a dialer.
type addr string

func (addr) Network() string  { return "pipe" }
func (a addr) String() string { return string(a) }

// Listen returns a listener for the address, host:port. An address can be
// listened to again once its listener is closed.
func (n *Network) Listen(address string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners[address] != nil {
		return nil, opError("listen", address, syscall.EADDRINUSE)
	}
	if n.listeners == nil {
		n.listeners = make(map[string]*listener)
	}
	l := &listener{network: n, address: address, queue: make(chan *conn, 1024), closed: make(chan struct{})}
	n.listeners[address] = l
	return l, nil
}

// Dial connects to the listener of the address, and is refused if there is
// none. It has the signature of [net.Dialer.DialContext].
func (n *Network) Dial(ctx context.Context, _, address string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, opError("dial", address, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dialled++
	l := n.listeners[address]
	if l == nil {
		return nil, opError("dial", address, syscall.ECONNREFUSED)
	}
	client, server := n.pair(addr(fmt.Sprint("dialer:", n.dialled)), addr(address))
	select {
	case l.queue <- server:
		return client, nil
	default:
		client.Close()
		server.Close()
		return nil, opError("dial", address, syscall.ECONNREFUSED)
	}
}

// pair returns the two ends of a new connection.
func (n *Network) pair(dialer, listener addr) (client, server *conn) {
	there, back := newPipe(n.held), newPipe(n.held)
	client = &conn{network: n, in: back, out: there, local: dialer, remote: listener}
	server = &conn{network: n, in: there, out: back, local: listener, remote: dialer}
	if n.conns == nil {
		n.conns = make(map[*conn]struct{})
	}
	n.conns[client] = struct{}{}
	n.conns[server] = struct{}{}
	return client, server
}

// Dials returns how often Dial was called.
func (n *Network) Dials() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dialled
}

// Open returns how many ends of connections are not closed.
func (n *Network) Open() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.conns)
}

// Cut breaks every connection that is open, as if it had been reset: what is on
// its way is lost.
func (n *Network) Cut() {
	n.mu.Lock()
	conns := make([]*conn, 0, len(n.conns))
	for c := range n.conns {
		conns = append(conns, c)
	}
	n.mu.Unlock()
	for _, c := range conns {
		c.in.reset()
		c.out.reset()
	}
}

// Hold makes all connections, also those yet to come, keep what is written
// until Hold(false): nothing arrives, and nobody is told.
func (n *Network) Hold(hold bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.held = hold
	for c := range n.conns {
		c.in.setHeld(hold)
	}
}

func (n *Network) forget(c *conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.conns, c)
}

func opError(op, address string, err error) error {
	return &net.OpError{Op: op, Net: "pipe", Addr: addr(address), Err: err}
}

type listener struct {
	network *Network
	address string
	queue   chan *conn
	once    sync.Once
	closed  chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.closed: // before the queue, so that a closed listener accepts nothing
		return nil, opError("accept", l.address, net.ErrClosed)
	default:
	}
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.closed:
		return nil, opError("accept", l.address, net.ErrClosed)
	}
}

// Close frees the address and resets connections that were not accepted.
func (l *listener) Close() error {
	l.once.Do(func() {
		l.network.mu.Lock()
		delete(l.network.listeners, l.address)
		l.network.mu.Unlock()
		close(l.closed)
		for {
			select {
			case c := <-l.queue:
				c.in.reset()
				c.out.reset()
				c.Close()
			default:
				return
			}
		}
	})
	return nil
}

func (l *listener) Addr() net.Addr { return addr(l.address) }
