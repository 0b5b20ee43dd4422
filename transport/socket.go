package transport

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/internal/nowait"
)

const (
	readBuffer      = 4 << 10  // 64 KiB would cost 60 kB a socket and are no faster
	handshakeBuffer = 256      // gorilla's, which keeps it
	writeBuffer     = 64 << 10 // from a pool, only while something is written
)

// buffers are shared by the sockets of one broker. An idle socket holds none.
type buffers struct {
	frames sync.Pool // *[]byte, for one incoming frame each
	wires  sync.Pool // *[]byte, of wireBuffer bytes
	parts  sync.Pool // *[]byte, for one frame of a large message each
	writes sync.Pool // for gorilla, which makes buffers where it is given none

	readers nowait.Group
}

func takeBuffer(pool *sync.Pool, size int) *[]byte {
	if b, ok := pool.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, 0, size)
	return &b
}

// A socket is one WebSocket. One goroutine at a time reads from it; see turns. What is to
// be written is queued, also pings and pongs. It is written by one goroutine at
// a time: by whoever flushes, as far as that need not wait, else by writeAll.
type socket struct {
	ws      *websocket.Conn
	wire    *wire
	buffers *buffers
	o       *Options
	probed  func() // called with the answer to each probe
	handle  func(text []byte)
	turns   turns

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
	s.turns.init(!w.mayInterrupt())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pinger = time.AfterFunc(o.PingInterval, s.tick)
	s.silence = time.AfterFunc(o.PongTimeout, s.judgeSilence)
	s.silence.Stop()
	return s
}

// readOne reads a message or a control frame, and hands a message to handle.
func (s *socket) readOne() error {
	err := s.wire.await()
	if err != nil {
		return err
	}
	b := takeBuffer(&s.buffers.frames, readBuffer) // only now: who waits holds none
	defer s.buffers.frames.Put(b)
	var kind byte
	*b, kind, err = s.readMessage((*b)[:0])
	switch {
	case err != nil:
		return err
	case kind == websocket.TextMessage:
		s.handle(*b)
	case kind == websocket.BinaryMessage:
		s.handle(nil)
	}
	return nil
}

// reason turns the error of a read into why the socket ended.
func (s *socket) reason(err error) error {
	err = closeReason(err)
	if _, ok := errors.AsType[*closedByBroker](err); ok {
		return err // says more than the write that may have failed before
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	return err
}

// closeReason makes readable how the broker ended a connection.
func closeReason(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
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
