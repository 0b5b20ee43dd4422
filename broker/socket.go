package broker

import (
	"bufio"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/dasf-go/dasf/internal/envelope"
	"github.com/dasf-go/dasf/internal/nowait"
)

const (
	// readBuffer is what a quiet socket costs besides its goroutine.
	readBuffer = 4 << 10
	// maxQueued is how many bytes of answers a peer may leave unread before
	// nothing more is read from it.
	maxQueued = 256 << 10
	// maxAwaited is how many of its messages may be on their way to the disk.
	maxAwaited = 1024
	// closeGrace is how long a peer may take to answer a close frame.
	closeGrace = time.Second
)

// A socket is one WebSocket connection. One goroutine reads from it. What is
// queued for it is written by the goroutine that reads from whatever socket it
// follows from, or by one of its own if that would have to wait.
type socket struct {
	broker   *Broker
	form     envelope.Form
	domain   domain
	topic    *topic
	name     string    // a producer's, if it gave one
	consumer *consumer // nil for a producer
	attached bool      // to the topic
	python   bool      // see [leavesForGood]
	remote   string
	user     User
	usage    *usage // nil in a test
	since    time.Time

	subscription string // its name, of a consumer
	token        string // of a consumer, see [settlers]

	conn   net.Conn
	quick  nowait.Writer // to conn; nil where there is none
	wire   *wire
	ws     *websocket.Conn
	reader *bufio.Reader
	text   []byte // a consumer's last frame
	length int    // of a producer's last message that came in frames

	mu         sync.Mutex
	drained    sync.Cond // signalled when frames gets shorter
	writer     *writer   // nil while there is nothing to write
	ready      bool      // the handshake is done
	due        bool      // a reader is about to flush it
	writing    bool      // somebody writes
	frames     []byte    // whole frames: answers, control frames
	deliveries []delivery
	late       lateAnswers
	awaited    int // messages whose answers wait for the disk
	parting    *parting
	closing    bool // a close frame is queued, nothing may follow it
	ended      bool // the reader has ended
	broken     bool // the connection can't be written to
}

func newSocket(b *Broker, e endpoint, t *topic, remote string) *socket {
	s := &socket{broker: b, form: e.form, domain: e.domain, topic: t, remote: remote}
	s.drained.L = &s.mu
	return s
}

// open takes over a connection whose handshake is done.
func (s *socket) open(ws *websocket.Conn) {
	s.ws = ws
	s.wire.upgraded = true
	s.wire.reader.Group = &s.broker.readers
	s.wire.heard = time.Now()
	ws.SetReadLimit(hardLimit * int64(s.broker.config.MaxMessage))
	ws.SetPingHandler(func(text string) error {
		s.hurry()
		s.queueControl(opPong, []byte(text))
		return nil
	})
	ws.SetPongHandler(func(string) error { return nil })
	ws.SetCloseHandler(func(code int, text string) error {
		// Pulsar, too, gives code and reason back.
		if code == websocket.CloseNoStatusReceived {
			code = 0
		}
		// Who reads the answer may connect anew at once, and must not find
		// its place taken.
		s.detach()
		s.disconnect(code, text)
		return nil
	})
	s.setReadDeadline(s.wire.heard.Add(s.broker.config.PingInterval))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready = true
	s.kick()
}

// run reads until the connection ends.
func (s *socket) run() {
	defer s.broker.running.Done()
	err := s.readAll()
	s.wire.reader.Rest()
	s.settle() // also who has closed gets the answers to what was taken
	s.detach()
	if s.usage != nil {
		s.broker.leaveUsage(s.usage)
	}
	s.broker.exit(s)
	s.broker.release(s.topic)
	s.broker.log.info("disconnected", "remote", s.remote, "user", s.user.name(), "topic", s.topic.name, "reason", err)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	// Where the peer has closed in good order, what is queued still goes out.
	var closed *websocket.CloseError
	if !s.writing && !s.due || !s.closing && !errors.As(err, &closed) {
		s.conn.Close()
	}
}

// begin makes the queues ready for more; s.mu is held. A quiet socket has no
// buffers: they belong to the writer.
func (s *socket) begin() {
	s.beginWriter()
	s.appendLate()
}

func (s *socket) beginWriter() {
	if s.writer != nil || s.broken {
		return
	}
	w := s.broker.writers.Get().(*writer)
	s.frames, w.nextFrames = w.nextFrames[:0], nil
	if len(s.deliveries) == 0 {
		s.deliveries, w.nextDeliv = w.nextDeliv[:0], nil
	}
	s.writer = w
}

// kick sees to it that what is queued is written; s.mu is held.
func (s *socket) kick() {
	if s.writer == nil || s.writing || s.due || !s.ready {
		return
	}
	if s.broker.readers.Leaves(s) {
		s.due = true
		return
	}
	s.startWriting()
	go s.write(s.writer)
}

// startWriting makes the caller the one who writes; s.mu is held.
func (s *socket) startWriting() {
	s.writing = true
	s.broker.running.Add(1)
}

// Flush implements [nowait.Flusher].
func (s *socket) Flush(here bool) {
	if w := s.takeDue(); w != nil && !(here && s.writeHere(w)) {
		go s.write(w)
	}
}

// takeDue returns what has to be written with, nil if somebody writes or what
// was due is gone.
func (s *socket) takeDue() *writer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = false
	switch {
	case s.writing:
		return nil
	case s.writer == nil:
		if s.ended {
			s.conn.Close()
		}
		return nil
	}
	s.startWriting()
	return s.writer
}

// writeHere writes without waiting. It returns false if write has to go on.
func (s *socket) writeHere(w *writer) (done bool) {
	for s.isShort() {
		if !s.next(w) {
			s.stopWriting(w)
			return true
		}
		all, err := w.tryWrite(s)
		switch {
		case err != nil:
			s.fail()
			s.stopWriting(w)
			return true
		case !all:
			return false
		}
	}
	return false
}

// isShort reports whether what is queued is little enough to be written
// without waiting.
func (s *socket) isShort() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.quick == nil || len(s.frames) > quickLimit {
		return false
	}
	room := int64(quickLimit - len(s.frames))
	for i := range s.deliveries {
		m := s.deliveries[i].entry.msg
		c := m.content.Load()
		if room -= m.size; room < 0 || c == nil || len(c.payload) > copyLimit {
			return false
		}
	}
	return true
}

// write is the goroutine that writes. It ends when there is nothing left.
func (s *socket) write(w *writer) {
	defer s.stopWriting(w)
	err := w.writeRest(s)
	for err == nil && s.next(w) {
		err = w.write(s)
	}
	if err != nil {
		s.fail()
	}
}

// stopWriting is the end of startWriting, with what w did not need any more.
func (s *socket) stopWriting(w *writer) {
	w.tidy()
	s.broker.writers.Put(w)
	s.broker.running.Done()
}

// next hands the queues to the writer. It returns false, and takes the writer
// from the socket, when they are empty.
func (s *socket) next(w *writer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.frames) > 0 || len(s.deliveries) > 0 && !s.closing {
		w.frames, s.frames = s.frames, w.frames[:0]
		if !s.closing {
			w.deliveries, s.deliveries = s.deliveries, w.deliveries[:0]
		} else {
			w.deliveries = w.deliveries[:0]
		}
		s.drained.Broadcast()
		return true
	}
	s.retire(w)
	switch {
	case s.ended:
		s.conn.Close()
	case s.closing:
		// The peer's close frame, or its end, ends the reader.
		if half, ok := s.conn.(interface{ CloseWrite() error }); ok {
			half.CloseWrite()
		}
		s.conn.SetReadDeadline(time.Now().Add(closeGrace))
	}
	return false
}

// retire gives the queues back to the writer that is about to leave.
func (s *socket) retire(w *writer) {
	w.nextFrames, s.frames = s.frames[:0], nil
	if len(s.deliveries) == 0 {
		w.nextDeliv, s.deliveries = s.deliveries, nil
	}
	s.writer, s.writing = nil, false
}

// fail gives the connection up.
func (s *socket) fail() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = true
	s.writer, s.writing = nil, false
	s.frames = nil
	s.drained.Broadcast()
	s.conn.Close()
}

// deliver implements sink.
func (s *socket) deliver(d delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin()
	d.memory = d.entry.msg.memory
	d.memory.lend()
	s.deliveries = append(s.deliveries, d)
	if !s.closing {
		s.kick()
	}
}

// unsent implements sink.
func (s *socket) unsent() []*entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var entries []*entry
	for _, d := range s.deliveries {
		entries = append(entries, d.entry)
	}
	s.deliveries = nil
	return entries
}

// disconnect implements sink: it ends the connection with a close frame once
// everything queued before it is written.
func (s *socket) disconnect(code int, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.ended || s.broken {
		return
	}
	if s.awaited > 0 {
		if s.parting == nil {
			s.parting = &parting{code, reason}
		}
		s.drained.Broadcast()
		return
	}
	s.close(code, reason)
}

// A parting is a close frame that waits for the answers before it.
type parting struct {
	code   int
	reason string
}

// close queues the close frame; s.mu is held.
func (s *socket) close(code int, reason string) {
	s.begin()
	if !s.python || code != closeGoingAway && code != closePolicy {
		s.frames = appendControl(s.frames, opClose, closePayload(code, reason))
	}
	s.closing = true
	s.kick()
}

// queueControl queues a control frame and sees to it that it goes out.
func (s *socket) queueControl(opcode byte, payload []byte) {
	s.waitForRoom()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.broken {
		return
	}
	s.begin()
	s.frames = appendControl(s.frames, opcode, payload)
	s.kick()
}

// queueRaw queues a frame that gorilla has made: it reports a mistake of the
// peer and closes.
func (s *socket) queueRaw(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.broken {
		return
	}
	s.begin()
	s.frames = append(s.frames, frame...)
	s.closing = true
	s.kick()
}

// queueText queues a text frame and sees to it that it goes out.
func (s *socket) queueText(text string) {
	s.waitForRoom()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.broken {
		return
	}
	s.begin()
	start := len(s.frames)
	s.frames = openFrame(s.frames, opText)
	s.frames = append(s.frames, text...)
	s.frames = seal(s.frames, start, 0)
	s.kick()
}

// answer queues the acknowledgement of a producer's message.
func (s *socket) answer(a *envelope.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.broken {
		return
	}
	s.begin()
	s.appendAnswer(a)
	s.kick()
}

func (s *socket) appendAnswer(a *envelope.Answer) {
	start := len(s.frames)
	s.frames = openFrame(s.frames, opText)
	s.frames = envelope.AppendAnswer(s.frames, a, s.form)
	s.frames = seal(s.frames, start, 0)
}

// waitForRoom holds the reader up while the peer does not read what it has asked
// for: answers, or the same messages handed back again and again.
func (s *socket) waitForRoom() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holdUp(func() bool {
		most := 2 * s.broker.config.QueueMessages
		return (len(s.frames) > maxQueued || len(s.deliveries) > most || s.awaited >= maxAwaited) && !s.broken && !s.closing
	})
}

// holdUp has the reader wait until blocked is false; s.mu is held, but not while
// what other sockets are due is written.
func (s *socket) holdUp(blocked func() bool) {
	if !blocked() {
		return
	}
	s.mu.Unlock()
	defer s.mu.Lock()
	s.wire.reader.During(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for blocked() {
			s.kick()
			s.drained.Wait()
		}
	})
}

// isClosing reports whether what the peer still sends is of no account.
func (s *socket) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing || s.parting != nil
}

// expect counts one more answer that waits for the disk. Who leaves meanwhile
// leaves after the last of them. It returns false when nothing is answered any
// more, so that nothing must be stored.
func (s *socket) expect() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.parting != nil {
		return false
	}
	s.awaited++
	return true
}

// unexpect is the end of what expect has begun.
func (s *socket) unexpect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.awaited--
	s.late.hurried = s.late.hurried && s.awaited > 0
	s.drained.Broadcast()
	if p := s.parting; p != nil && s.awaited == 0 {
		s.parting = nil
		if !s.closing && !s.broken {
			s.close(p.code, p.reason)
		}
	}
}

// settle waits until no answer waits for the disk.
func (s *socket) settle() {
	if s.broker.store == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holdUp(func() bool { return s.awaited > 0 })
}

// setReadDeadline leaves the deadline of a socket that is closing alone. The
// error is that of a peer that did not answer the close frame.
func (s *socket) setReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return errSilent
	}
	return s.conn.SetReadDeadline(t)
}
