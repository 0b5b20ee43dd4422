package transport

import (
	"context"
	"runtime"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// maxQueued is how many bytes a socket queues before sendWhenRoom waits.
	maxQueued = 256 << 10
	// maxSpare is the capacity, in frames, of a queue that is kept for later.
	maxSpare = 64
)

// An outgoing is one frame. The payload, which may be large, is not copied.
type outgoing struct {
	head    []byte
	payload []byte
	tail    string
	close   int // a close frame with this code, if not 0
}

func (f *outgoing) size() int { return len(f.head) + len(f.payload) + len(f.tail) }

// send queues a frame and sees to it that it is written. It does not wait.
func (s *socket) send(f outgoing) {
	if s.queueFrame(f) {
		s.flushSoon()
	}
}

// queueFrame is send for callers that hold a lock: if it returns true, they
// have to call flushSoon once they do not.
func (s *socket) queueFrame(f outgoing) (mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sendLocked(f)
}

// sendLocked queues a frame, unless the socket is broken or closing. If it
// returns true, the caller has to flush.
func (s *socket) sendLocked(f outgoing) (mine bool) {
	if s.closing || s.err != nil {
		return false
	}
	s.queueLocked(f)
	return s.claim()
}

// claim reports whether the caller has to flush, since nobody else is about to.
func (s *socket) claim() (mine bool) {
	if s.writing || s.due {
		return false
	}
	s.due = true
	return !s.buffers.readers.Leaves(s)
}

// sendWhenRoom is send, but waits while much is queued already, so that a
// broker that does not read is felt. A broken socket swallows the frame.
func (s *socket) sendWhenRoom(ctx context.Context, f outgoing) error {
	for {
		room := s.trySend(f)
		if room == nil {
			return nil
		}
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// trySend returns nil, or what to wait for.
func (s *socket) trySend(f outgoing) <-chan struct{} {
	s.mu.Lock()
	if s.queued < maxQueued || s.closing || s.err != nil {
		mine := s.sendLocked(f)
		s.mu.Unlock()
		if mine {
			s.flushSoon()
		}
		return nil
	}
	defer s.mu.Unlock()
	if s.room == nil {
		s.room = make(chan struct{})
	}
	return s.room
}

// flushLate is run by the timer that flushIn starts.
func (s *socket) flushLate() {
	s.leaveWord(func() { s.late = false })
}

// leaveWord changes what is to be written besides the queue.
func (s *socket) leaveWord(change func()) {
	s.mu.Lock()
	mine := false
	if s.err == nil {
		change()
		mine = s.moreLocked() && s.claim()
	}
	s.mu.Unlock()
	if mine {
		s.Flush(true)
	}
}

// waitWriter returns once nobody writes.
func (s *socket) waitWriter() {
	s.mu.Lock()
	for s.writing || s.due {
		if s.idle == nil {
			s.idle = make(chan struct{})
		}
		idle := s.idle
		s.mu.Unlock()
		<-idle
		s.mu.Lock()
	}
	s.mu.Unlock()
}

// flushSoon flushes after those that run next, who may have more. To let them
// run costs as much as to write a frame, so that it is only done where it has
// brought something lately.
func (s *socket) flushSoon() {
	if s.expectsMore() {
		runtime.Gosched()
	}
	s.Flush(true)
}

const (
	manyAlone  = 16 // frames in a row that leave alone until others are not expected
	triedAgain = 32 // of which one waits for others nevertheless
)

func (s *socket) expectsMore() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.alone < manyAlone || s.alone%triedAgain == 0
}

// Flush implements [nowait.Flusher].
func (s *socket) Flush(here bool) {
	s.mu.Lock()
	s.due = false
	if s.writing || s.err != nil || !s.moreLocked() {
		s.beIdle()
		s.mu.Unlock()
		return
	}
	s.writing = true
	s.mu.Unlock()
	b := takeBuffer(&s.buffers.wires, wireBuffer)
	for {
		var batch []outgoing
		if here {
			batch, here = s.takeShort()
		}
		if !here {
			go s.writeAll(b, nil)
			return
		}
		err := s.composeShort(b, batch)
		n := 0
		if err == nil {
			n, err = s.wire.quick.TryWrite(*b)
		}
		if err == nil && n < len(*b) {
			go s.writeAll(b, (*b)[n:])
			return
		}
		if s.rest(err) {
			s.buffers.wires.Put(b)
			return
		}
	}
}

// takeShort takes what is queued if it is little enough to be written without
// waiting.
func (s *socket) takeShort() (batch []outgoing, short bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wire.quick == nil || s.closing || s.queued+frameOverhead*len(s.queue)+wordLength > wireBuffer {
		return nil, false
	}
	return s.takeLocked(), true
}

// composeShort puts the word that was left, and frames, into b.
func (s *socket) composeShort(b *[]byte, batch []outgoing) error {
	s.wire.cork((*b)[:0])
	err := s.writePong()
	*b = s.wire.take()
	for i := range batch {
		*b = appendFrame(*b, &batch[i])
	}
	s.noteWritten(batch)
	if err == nil {
		s.wire.cork(*b)
		err = s.writePing()
		*b = s.wire.take()
	}
	return err
}

const (
	frameOverhead = 16  // at least what the header of a frame takes
	wordLength    = 512 // at least what a ping and a pong take
)

// writeAll is a goroutine that writes until there is nothing left to write,
// first what Flush has left in the buffer.
func (s *socket) writeAll(b *[]byte, left []byte) {
	defer s.buffers.wires.Put(b)
	var err error
	if len(left) > 0 {
		err = s.wire.writeNow(left)
	}
	s.wire.cork((*b)[:0])
	for {
		if err == nil {
			err = s.writeQueue()
		}
		if err == nil && s.more() {
			continue
		}
		if err == nil { // those that run next may have more
			runtime.Gosched()
			if s.more() {
				continue
			}
		}
		var uncorked error
		*b, uncorked = s.wire.uncork()
		if err == nil {
			err = uncorked
		}
		if s.rest(err) {
			return
		}
		s.wire.cork((*b)[:0])
	}
}

// more reports whether something has come for the writer.
func (s *socket) more() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.moreLocked()
}

func (s *socket) moreLocked() bool { return len(s.queue) > 0 || s.ping != nil || s.pong != nil }

// rest ends the writer's turn, unless something has come meanwhile.
func (s *socket) rest(err error) bool {
	if err != nil {
		s.failWriting(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil && s.moreLocked() {
		return false
	}
	s.writing = false
	s.beIdle()
	return true
}

// beIdle lets those go on who wait in waitWriter.
func (s *socket) beIdle() {
	if s.idle != nil && !s.writing && !s.due {
		close(s.idle)
		s.idle = nil
	}
}

// writeQueue writes what is queued now.
func (s *socket) writeQueue() error {
	s.mu.Lock()
	batch := s.takeLocked()
	s.mu.Unlock()
	return s.writeBatch(batch)
}

func (s *socket) takeLocked() []outgoing {
	batch := s.queue
	s.queue, s.spare, s.queued, s.acks = s.spare[:0], nil, 0, acknowledgements{}
	s.batch = len(batch)
	if s.batch > 1 {
		s.alone = 0
	} else {
		s.alone++
	}
	s.makeRoom()
	return batch
}

// writeBatch writes the word that was left, and the frames. A ping comes last:
// its answer says that the broker has read them.
func (s *socket) writeBatch(batch []outgoing) error {
	if err := s.writePong(); err != nil {
		return err
	}
	for i := range batch {
		if err := s.writeFrame(&batch[i]); err != nil {
			return err
		}
	}
	s.noteWritten(batch)
	return s.writePing()
}

// noteWritten is the end of what takeLocked began.
func (s *socket) noteWritten(batch []outgoing) {
	clear(batch)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.batch > 0 {
		s.batch, s.written = 0, time.Now()
	}
	if cap(batch) <= maxSpare {
		s.spare = batch // what a burst has left behind is not kept
	}
}

// sinceWritten is the time since a frame was written, 0 while one is.
func (s *socket) sinceWritten() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.batch > 0 || len(s.queue) > 0 {
		return 0
	}
	return time.Since(s.written)
}

// makeRoom lets those go on who wait in sendWhenRoom.
func (s *socket) makeRoom() {
	if s.room != nil {
		close(s.room)
		s.room = nil
	}
}

// writeWord writes a pong and a ping, if word was left.
func (s *socket) writeWord() error {
	if err := s.writePong(); err != nil {
		return err
	}
	return s.writePing()
}

func (s *socket) writePong() error {
	_, err := s.writeControl(websocket.PongMessage, &s.pong)
	return err
}

func (s *socket) writePing() error {
	written, err := s.writeControl(websocket.PingMessage, &s.ping)
	if written && err == nil {
		s.expectPong()
	}
	return err
}

// writeControl writes the word that was left, if there is one.
func (s *socket) writeControl(kind int, word *[]byte) (written bool, err error) {
	s.mu.Lock()
	text, farewell := *word, s.farewell
	*word = nil
	s.mu.Unlock()
	if text == nil || farewell {
		return false, nil
	}
	return true, s.ws.WriteControl(kind, text, time.Now().Add(s.o.WriteTimeout))
}

// writeFrame writes one message, a large one in several frames. Between them it
// looks for pings, which would otherwise be late on a slow network.
func (s *socket) writeFrame(f *outgoing) error {
	if f.close != 0 {
		return s.writeFarewell(f.close)
	}
	b := takeBuffer(&s.buffers.parts, writeBuffer+frameOverhead)
	defer s.buffers.parts.Put(b)
	for m := cut(f); ; {
		*b = m.appendNext((*b)[:0], writeBuffer)
		if _, err := s.wire.Write(*b); err != nil {
			return err
		}
		if m.size() == 0 {
			return nil
		}
		if err := s.writeWord(); err != nil {
			return err
		}
	}
}

func (s *socket) writeFarewell(code int) error {
	s.mu.Lock()
	s.farewell = true
	s.mu.Unlock()
	text := websocket.FormatCloseMessage(code, "")
	return s.ws.WriteControl(websocket.CloseMessage, text, time.Now().Add(closeWait))
}
