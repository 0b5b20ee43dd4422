package transport

import (
	"time"

	"github.com/dasf-go/dasf/internal/envelope"
)

// acknowledgements are those that leave together.
type acknowledgements struct {
	count int
	frees int64 // bytes that the broker holds until it gets them
	one   bool  // they are in one frame, the last of the queue
}

// acknowledgeLater acknowledges a message when something is sent next, or when
// there is enough to be acknowledged, or it frees enough memory, or after wait.
// together says that the broker takes several in one frame.
func (s *socket) acknowledgeLater(id string, frees int64, together bool, wait time.Duration) {
	s.mu.Lock()
	mine := false
	if !s.closing && s.err == nil {
		s.queueAck(id, together)
		s.acks.count++
		s.acks.frees += frees
		if s.acks.count >= enoughAcks || s.acks.frees >= enoughToFree {
			mine = s.claim()
		} else {
			s.flushIn(wait)
		}
	}
	s.mu.Unlock()
	if mine {
		s.flushSoon()
	}
}

const (
	enoughAcks    = 16
	mostAcks      = 512 // in one frame, while others are written
	enoughToFree  = 256 << 10
	laterTime     = 5 * time.Millisecond
	muchLaterTime = 500 * time.Millisecond
)

func (s *socket) queueAck(id string, together bool) {
	switch last := len(s.queue) - 1; {
	case !together:
		s.queueLocked(outgoing{head: envelope.AppendAck(make([]byte, 0, ackLength), id)})
	case s.acks.one && last >= 0 && s.acks.count%mostAcks != 0:
		f := &s.queue[last]
		s.queued -= len(f.head)
		f.head = envelope.AppendNextAck(f.head, id)
		s.queued += len(f.head)
	default:
		s.queueLocked(outgoing{head: envelope.AppendFirstAck(make([]byte, 0, 4*ackLength), id), tail: envelope.AcksTail})
		s.acks.one = true
	}
}

func (s *socket) queueLocked(f outgoing) {
	s.queue = append(s.queue, f)
	s.queued += f.size()
	s.acks.one = false
}

// flushIn has what is queued flushed after wait.
func (s *socket) flushIn(wait time.Duration) {
	switch {
	case s.later == nil:
		s.later = time.AfterFunc(wait, s.flushLate)
	case !s.late || wait < s.latest:
		s.later.Reset(wait)
	default:
		return
	}
	s.late, s.latest = true, wait
}
