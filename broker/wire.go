package broker

import (
	"errors"
	"net"
	"os"
	"time"

	"github.com/dasf-go/dasf/internal/nowait"
)

// A wire is the connection as gorilla/websocket sees it. gorilla reads frames
// from it and makes the handshake; whatever it wants to write after that, and
// that is only the close frame of a protocol error, goes into the socket's
// queue as everything else does, so that the socket has one writer.
//
// It also keeps watch over the peer: a read deadline is set only when it has
// run out, never for each read.
type wire struct {
	net.Conn
	socket   *socket
	upgraded bool

	// Owned by the goroutine that reads.
	heard  time.Time
	pinged bool
	err    error
	reader nowait.Reader // without a group during the handshake
}

var errSilent = errors.New("the peer answers no ping")

func (w *wire) Read(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.reader.Rest()
	for {
		n, err := w.Conn.Read(p)
		if n > 0 {
			w.reader.Work()
			w.heard, w.pinged = time.Now(), false
			return n, nil
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = w.overdue()
		}
		if err != nil {
			w.err = err
			return 0, err
		}
	}
}

// overdue is called when the read deadline has passed: the peer has been quiet
// for long, or has only not been quiet since the deadline was set.
func (w *wire) overdue() error {
	c := &w.socket.broker.config
	now := time.Now()
	if quiet := now.Sub(w.heard); !w.pinged && quiet < c.PingInterval {
		return w.socket.setReadDeadline(w.heard.Add(c.PingInterval))
	}
	if w.pinged {
		return errSilent
	}
	w.pinged = true
	w.socket.queueControl(opPing, nil)
	return w.socket.setReadDeadline(now.Add(c.PongTimeout))
}

func (w *wire) Write(p []byte) (int, error) {
	if !w.upgraded {
		return w.Conn.Write(p)
	}
	w.socket.queueRaw(p)
	return len(p), nil
}

// SetWriteDeadline is gorilla's for each of its writes; the writer sets its own.
func (w *wire) SetWriteDeadline(t time.Time) error {
	if !w.upgraded {
		return w.Conn.SetWriteDeadline(t)
	}
	return nil
}
