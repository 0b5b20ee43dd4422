package broker

import (
	"crypto/rand"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/dasf-go/dasf/internal/envelope"
	"github.com/dasf-go/dasf/internal/nowait"
)

const (
	// lateTime is by how much the answer to a late message may be late: so much
	// that several calls of a client that calls a few times a second are
	// answered at once.
	lateTime = 250 * time.Millisecond
	// enoughLate is how many of them are answered at once, without more delay.
	enoughLate = 32
	// enoughFlushed is how many sockets are written to in one go.
	enoughFlushed = 32
)

// lateAnswers are the contexts of messages in a row that were taken and whose
// sender does not wait for the answer. They are answered with one frame.
type lateAnswers struct {
	first, last uint64
	count       int
	settled     bool
	hurried     bool // the peer waits for those of messages that wait for the disk
	due         bool // the broker will flush them
}

// answerLate is answer for a message that was taken and says that it may be
// late.
func (s *socket) answerLate(f *envelope.Frame, settled bool) {
	n, err := strconv.ParseUint(string(f.ContextText()), 10, 63)
	if err != nil {
		s.answer(&envelope.Answer{Result: "ok", Context: f.Context, Settled: settled})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.broken {
		return
	}
	l := &s.late
	if l.count > 0 && (n != l.last+1 || settled != l.settled) {
		s.begin()
		s.kick()
	}
	if l.count == 0 {
		l.first, l.settled = n, settled
	}
	l.last = n
	l.count++
	switch {
	case l.count >= enoughLate || l.hurried:
		s.begin()
		s.kick()
	case !l.due:
		l.due = true
		s.broker.lateness.add(s)
	}
}

// hurry is called for a ping: the pong brings the late answers along, but not
// those of messages that are not on the disk yet.
func (s *socket) hurry() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late.hurried = s.awaited > 0
}

// appendLate puts the late answers before what is queued next; s.mu is held.
func (s *socket) appendLate() {
	l := &s.late
	if l.count == 0 || s.writer == nil {
		return
	}
	a := envelope.Answer{Result: "ok", Context: quotedNumber(l.last), Settled: l.settled}
	if l.count > 1 {
		a.From = quotedNumber(l.first)
	}
	l.count = 0
	s.appendAnswer(&a)
}

func quotedNumber(n uint64) []byte {
	return append(strconv.AppendUint([]byte{'"'}, n, 10), '"')
}

// flushLate is called when the late answers have waited long enough.
func (s *socket) flushLate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late.due = false
	if s.late.count > 0 && !s.ended && !s.broken {
		s.begin()
		s.kick()
	}
}

// A lateness has the sockets with late answers flush them.
type lateness struct {
	readers *nowait.Group

	mu      sync.Mutex
	sockets []*socket
	spare   []*socket
	timer   *time.Timer // runs while there are sockets; nil before the first
	ended   bool
}

func (l *lateness) add(s *socket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.sockets = append(l.sockets, s)
	switch {
	case l.timer == nil:
		l.timer = time.AfterFunc(lateTime, l.flush)
	case len(l.sockets) == 1:
		l.timer.Reset(lateTime)
	}
}

func (l *lateness) flush() {
	l.mu.Lock()
	list := l.sockets
	l.sockets, l.spare = l.spare[:0], nil
	l.mu.Unlock()
	// It is one of those who write what they bring about.
	reader := nowait.Reader{Group: l.readers}
	for part := range slices.Chunk(list, enoughFlushed) {
		reader.Work()
		for _, s := range part {
			s.flushLate()
		}
		reader.Rest()
	}
	clear(list)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.spare == nil && cap(list) <= 1024 {
		l.spare = list
	}
}

// end is called once all sockets have ended.
func (l *lateness) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if l.timer != nil {
		l.timer.Stop()
	}
}

// settlers are the consumers by the token that each has got at its handshake:
// who knows it can have what the consumer was sent acknowledged by a message.
type settlers struct{ sync.Map }

func (s *settlers) add(socket *socket) (token string) {
	token = rand.Text()
	s.Store(token, socket)
	return token
}

// settle acknowledges what a reference names, and reports whether it did: a
// consumer that is gone has nothing any more.
func (s *settlers) settle(reference []byte) bool {
	token, id, ok := envelope.CutReference(reference)
	if !ok {
		return false
	}
	found, ok := s.Load(string(token))
	if !ok {
		return false
	}
	socket := found.(*socket)
	seq, ok := socket.broker.identities.seq(id)
	return ok && socket.topic.ack(socket.consumer, seq)
}
