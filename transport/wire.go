package transport

import (
	"bytes"
	"crypto/tls"
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
	quick   nowait.Writer // to Conn, nil where there is none
	reads   atomic.Uint64

	// Of the goroutine that reads.
	reader nowait.Reader // without a group during the handshake
	come   []byte        // read, and not taken yet; lies in buffer
	buffer []byte
	header [8]byte // of a frame, while it is read

	mu     sync.Mutex
	corked bool
	buf    []byte
}

// Read is for the handshake. It gives no more than a line, so that gorilla does
// not take what may follow: the frames are read by readMessage.
func (w *wire) Read(p []byte) (int, error) {
	if err := w.await(); err != nil {
		return 0, err
	}
	line := bytes.IndexByte(w.come, '\n') + 1
	if line == 0 {
		line = len(w.come)
	}
	n := copy(p, w.come[:line])
	w.come = w.come[n:]
	return n, nil
}

// await returns once something is there to be taken.
func (w *wire) await() error {
	if len(w.come) > 0 {
		return nil
	}
	if w.buffer == nil {
		w.buffer = make([]byte, readBuffer)
	}
	n, err := w.receive(w.buffer)
	w.come = w.buffer[:n]
	return err
}

// receive reads what there is into p, at least a byte.
func (w *wire) receive(p []byte) (int, error) {
	w.reader.Rest()
	for range 100 { // as bufio does
		n, err := w.Conn.Read(p)
		if n > 0 {
			w.reader.Work()
			w.reads.Add(1)
			return n, nil
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, io.ErrNoProgress
}

// fill reads all of p.
func (w *wire) fill(p []byte) error {
	for len(p) > 0 {
		if len(w.come) == 0 && len(p) >= readBuffer {
			n, err := w.receive(p)
			if err != nil {
				return err
			}
			p = p[n:]
			continue
		}
		if err := w.await(); err != nil {
			return err
		}
		n := copy(p, w.come)
		w.come, p = w.come[n:], p[n:]
	}
	return nil
}

// interrupt ends an await, now or when it comes to it, with
// [os.ErrDeadlineExceeded].
func (w *wire) interrupt() {
	_ = w.Conn.SetReadDeadline(time.Unix(1, 0)) // of a closed connection await ends anyhow
}

// resume is the end of an interrupt.
func (w *wire) resume() { _ = w.Conn.SetReadDeadline(time.Time{}) }

// mayInterrupt reports whether the connection is known to heed deadlines and to
// go on after one. What [Options.Dial] returns may do neither, and not say so.
func (w *wire) mayInterrupt() bool {
	conn := w.Conn
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if _, ok := conn.(*net.TCPConn); ok {
		return true
	}
	_, ok := conn.(nowait.Writer) // one of ours
	return ok
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
