package transport

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/internal/nowait"
)

const (
	readBuffer  = 4 << 10  // 64 KiB would cost 60 kB a socket and are no faster
	writeBuffer = 64 << 10 // from a pool, only while something is written
)

// buffers are shared by the sockets of one broker. An idle socket holds none.
type buffers struct {
	frames sync.Pool // *[]byte, for one incoming frame each
	wires  sync.Pool // *[]byte, of wireBuffer bytes
	parts  sync.Pool // *[]byte, for one frame of a large message each
	writes sync.Pool // for gorilla, which makes buffers where it is given none

	readers nowait.Group
	calls   nowait.Calls
}

func takeBuffer(pool *sync.Pool, size int) *[]byte {
	if b, ok := pool.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, 0, size)
	return &b
}

// A socket is one WebSocket. The goroutine in readAll owns its reads. What is to
// be written is queued, also pings and pongs. It is written by one goroutine at
// a time: by whoever flushes, as far as that need not wait, else by writeAll.
type socket struct {
	ws      *websocket.Conn
	wire    *wire
	buffers *buffers
	o       *Options
	probed  func() // called with the answer to each probe

	mu       sync.Mutex
	queue    []outgoing
	spare    []outgoing       // the other half of the queue, while one is written
	queued   int              // bytes in queue
	acks     acknowledgements // in queue
	batch    int              // frames that are being written
	alone    int              // batches of one frame in a row
	written  time.Time        // when the last of a batch was
	room     chan struct{}    // closed when the queue has been taken
	due      bool             // somebody is about to flush
	writing  bool             // somebody writes
	idle     chan struct{}    // closed when neither is; nil while nobody waits for it
	ping     []byte           // what to send in a ping, nil for none
	pong     []byte           // what to send in a pong, nil for none
	closing  bool             // nothing is taken any more
	farewell bool             // our close frame has left
	err      error            // why the socket is broken
	paused   bool             // the reader waits for the program, not for the broker

	later   *time.Timer   // runs while late; nil before flushIn
	late    bool          // something in queue waits for later
	latest  time.Duration // with which later was started
	pinger  *time.Timer   // runs until the next ping
	silence *time.Timer   // runs while a ping has no answer
	waiting bool          // silence runs
	heard   uint64        // value of wire.reads when it was started
	ending  *time.Timer   // bounds a shutdown
}

func newSocket(ws *websocket.Conn, w *wire, b *buffers, o *Options, probed func()) *socket {
	s := &socket{ws: ws, wire: w, buffers: b, o: o, probed: probed}
	w.reader.Group = &b.readers
	ws.SetReadLimit(o.ReadLimit)
	ws.SetCloseHandler(func(int, string) error { return nil }) // finish answers
	ws.SetPingHandler(func(data string) error {
		s.leaveWord(func() { s.pong = []byte(data) })
		return nil
	})
	ws.SetPongHandler(func(data string) error {
		if data == probe {
			s.probed()
		}
		return nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pinger = time.AfterFunc(o.PingInterval, s.tick)
	s.silence = time.AfterFunc(o.PongTimeout, s.judgeSilence)
	s.silence.Stop()
	return s
}

// readAll hands each text frame to handle until the socket ends, and returns
// why. The text is valid only during the call; it is nil for a binary frame,
// which no broker sends.
func (s *socket) readAll(handle func(text []byte)) error {
	defer s.wire.reader.Rest()
	for {
		kind, r, err := s.ws.NextReader()
		if err != nil {
			return s.reason(err)
		}
		b := takeBuffer(&s.buffers.frames, readBuffer)
		*b, err = readFrame(r, (*b)[:0])
		if err == nil {
			text := *b
			if kind != websocket.TextMessage {
				text = nil
			}
			handle(text)
		}
		s.buffers.frames.Put(b)
		if err != nil {
			return s.reason(err)
		}
	}
}

// readFrame reads all of r into buf, which it returns, grown if need be.
func readFrame(r io.Reader, buf []byte) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, max(readBuffer, cap(buf)))
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}

// reason turns the error of a read into why the socket ended.
func (s *socket) reason(err error) error {
	err = closeReason(err)
	if _, ok := errors.AsType[*closedByBroker](err); ok {
		return err // says more than the write that may have failed before
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return s.err
	case errors.Is(err, websocket.ErrReadLimit):
		return fmt.Errorf("broker sent an envelope of more than %d bytes, which is the ReadLimit", s.o.ReadLimit)
	}
	return err
}

// closeReason makes readable how the broker ended a connection.
func closeReason(err error) error {
	c, ok := errors.AsType[*websocket.CloseError](err)
	switch {
	case ok && c.Code != websocket.CloseAbnormalClosure:
		return &closedByBroker{code: c.Code, text: c.Text}
	case ok || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("broker ended the connection without a close frame")
	}
	return err
}

// A closedByBroker is a close frame.
type closedByBroker struct {
	code int
	text string
}

func (e *closedByBroker) Error() string {
	if e.text == "" {
		return fmt.Sprintf("broker closed the connection with code %d", e.code)
	}
	return fmt.Sprintf("broker closed the connection with code %d: %s", e.code, e.text)
}

// overMessage reports whether the broker closed because of what it was sent.
func (e *closedByBroker) overMessage() bool {
	switch e.code {
	case websocket.CloseProtocolError, websocket.CloseUnsupportedData, websocket.CloseInvalidFramePayloadData,
		websocket.ClosePolicyViolation, websocket.CloseMessageTooBig, websocket.CloseInternalServerErr:
		return true
	}
	return false
}
