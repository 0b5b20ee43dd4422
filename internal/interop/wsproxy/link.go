package wsproxy

import (
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// controlTimeout is how long a ping, pong or close may wait for the socket.
const controlTimeout = 5 * time.Second

// A link is a client's connection and the one to the broker that belongs to it.
type link struct {
	proxy          *Proxy
	id             int
	path           string
	client, broker *websocket.Conn
	once           sync.Once
}

// run relays until one side ends, and then ends the other in the same way.
func (l *link) run() {
	defer l.proxy.remove(l)
	if f := l.proxy.config.Opened; f != nil {
		f(l.id, l.path)
	}
	var wg sync.WaitGroup
	wg.Go(func() { l.relay(l.client, l.broker, ToBroker) })
	wg.Go(func() { l.relay(l.broker, l.client, ToClient) })
	wg.Wait()
}

func (l *link) relay(from, to *websocket.Conn, d Direction) {
	// Pings and pongs go through, so that each side hears the other and not the proxy.
	from.SetPingHandler(func(data string) error {
		l.proxy.gate()
		return ignoreClosed(to.WriteControl(websocket.PingMessage, []byte(data), deadline()))
	})
	from.SetPongHandler(func(data string) error {
		l.proxy.gate()
		return ignoreClosed(to.WriteControl(websocket.PongMessage, []byte(data), deadline()))
	})
	// The close frame is answered by the other side, not here.
	from.SetCloseHandler(func(int, string) error { return nil })
	err := l.copy(from, to, d)
	l.end(to, d, err)
}

// copy passes messages on until from ends. Where to is broken, it goes on
// reading and throws away: why to ended is for the relay of the other way to
// tell, which may still have a close frame to bring.
func (l *link) copy(from, to *websocket.Conn, d Direction) error {
	broken := false
	for {
		kind, data, err := from.ReadMessage()
		if err != nil {
			return err
		}
		l.proxy.gate()
		var a Action
		if f := l.proxy.config.Intercept; f != nil {
			a = f(Frame{Conn: l.id, Path: l.path, Direction: d, Type: kind, Data: data})
		}
		if a.Delay > 0 {
			time.Sleep(a.Delay)
		}
		switch {
		case a.Cut:
			return errors.Join(errHalf, half(to, d, kind, data))
		case !a.Drop && !broken:
			broken = to.WriteMessage(kind, data) != nil
		}
	}
}

// half sends the head of a frame that promises all of the data, and the first
// half of it. It writes past the library, which has no way to do something so wrong.
func half(to *websocket.Conn, d Direction, kind int, data []byte) error {
	const final, masked, length64 = 0x80, 0x80, 127
	head := []byte{final | byte(kind), length64}
	head = binary.BigEndian.AppendUint64(head, uint64(len(data)))
	if d == ToBroker {
		head[1] |= masked
		head = append(head, 0, 0, 0, 0) // a mask that changes nothing
	}
	_, err := to.NetConn().Write(append(head, data[:len(data)/2]...))
	return err
}

// end tells the other side why the connection is over: with the close frame
// that came, or by cutting it off.
func (l *link) end(to *websocket.Conn, by Direction, err error) {
	var closed *websocket.CloseError
	first := false
	l.once.Do(func() { first = true })
	if first && l.proxy.config.Closed != nil {
		l.proxy.config.Closed(l.id, l.path, by, err)
	}
	switch {
	case errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure:
		l.proxy.gate()
		err := to.WriteControl(websocket.CloseMessage, closeFrame(closed), deadline())
		if err == nil && first {
			return // the other side answers, and its relay ends both
		}
		l.close()
	case errors.Is(err, errHalf):
		l.close()
	default:
		l.cut()
	}
}

func closeFrame(c *websocket.CloseError) []byte {
	if c.Code == websocket.CloseNoStatusReceived {
		return nil
	}
	return websocket.FormatCloseMessage(c.Code, c.Text)
}

// close ends both connections after what was written has gone out.
func (l *link) close() {
	l.client.Close()
	l.broker.Close()
}

// cut ends both connections with a reset.
func (l *link) cut() {
	reset(l.client.NetConn())
	reset(l.broker.NetConn())
}

// ignoreClosed keeps the reader going when the other side is gone: the relay of
// that side says so in its own way.
func ignoreClosed(err error) error {
	if errors.Is(err, websocket.ErrCloseSent) {
		return nil
	}
	return err
}

func deadline() time.Time { return time.Now().Add(controlTimeout) }
