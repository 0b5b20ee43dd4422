package transport

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dasf-go/dasf/internal/nowait"
)

// wireBuffer is how much a wire collects before it writes.
const wireBuffer = 32 << 10

// A wire is the connection below a WebSocket. It counts what comes in, so that
// silence is noticed without a timer for each message, and it collects small
// frames while the writer has more of them, so that they leave together.
type wire struct {
	net.Conn
	timeout time.Duration // for one write
	in      io.Reader     // of Conn
	quick   nowait.Writer // to Conn, nil where there is none
	reads   atomic.Uint64

	reader nowait.Reader // without a group during the handshake

	mu     sync.Mutex
	corked bool
	buf    []byte
}

func (w *wire) Read(p []byte) (int, error) {
	w.reader.Rest()
	n, err := w.in.Read(p)
	if n > 0 {
		w.reader.Work()
		w.reads.Add(1)
	}
	return n, err
}

func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.buf)+len(p) > cap(w.buf) {
		if err := w.flush(); err != nil {
			return 0, err
		}
	}
	if !w.corked || len(p) > cap(w.buf) {
		return w.write(p)
	}
	w.buf = append(w.buf, p...)
	return len(p), nil
}

// write gives each piece of a large frame its own deadline, so that a slow
// network is not taken for a dead one.
func (w *wire) write(p []byte) (int, error) {
	if err := w.Conn.SetWriteDeadline(time.Now().Add(w.timeout)); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}

func (w *wire) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	_, err := w.write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// writeNow is Write for what is not to be collected.
func (w *wire) writeNow(p []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.write(p)
	return err
}

// take returns what was collected, and ends collecting.
func (w *wire) take() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	buf := w.buf
	w.corked, w.buf = false, nil
	return buf
}

// cork starts collecting, after what is in buf.
func (w *wire) cork(buf []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.corked, w.buf = true, buf
}

// uncork writes what was collected and ends collecting. It returns the buffer.
func (w *wire) uncork() ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.flush()
	buf := w.buf
	w.corked, w.buf = false, nil
	return buf, err
}

// SetWriteDeadline does nothing: write sets its own.
func (w *wire) SetWriteDeadline(time.Time) error { return nil }
