package transport

import (
	"errors"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// closeWait bounds how long a socket that is closed well may take to
	// write what is queued and to get the broker's close frame.
	closeWait = 5 * time.Second
	// lastWords is how long a socket that can't write any more listens for
	// the close frame that says why.
	lastWords = time.Second
	// probe is what a ping carries that was asked for by probeNow.
	probe = "probe"
)

var (
	errNoPong     = errors.New("broker did not answer a ping")
	errClosedByUs = errors.New("connection was closed")
)

// tick is run by the timer for pings.
func (s *socket) tick() {
	s.leaveWord(func() {
		if s.closing {
			return
		}
		if s.ping == nil {
			s.ping = []byte{}
		}
		s.pinger.Reset(s.o.PingInterval)
	})
}

// probeNow sends a ping whose answer is told to probed.
func (s *socket) probeNow() {
	s.leaveWord(func() { s.ping = []byte(probe) })
}

// expectPong starts the time in which something must arrive, unless it runs.
func (s *socket) expectPong() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil && !s.waiting {
		s.waiting = true
		s.heard = s.wire.reads.Load()
		s.silence.Reset(s.o.PongTimeout)
	}
}

// judgeSilence is run by the timer that expectPong starts.
func (s *socket) judgeSilence() {
	s.mu.Lock()
	dead := s.waiting && !s.paused && s.wire.reads.Load() == s.heard
	s.waiting = false
	s.mu.Unlock()
	if dead {
		s.fail(errNoPong)
	}
}

// pause says that the reader waits for the program, and that silence means
// nothing therefore.
func (s *socket) pause(paused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused = paused
}

// fail breaks the socket. The first reason counts.
func (s *socket) fail(err error) {
	s.broken(err)
	s.wire.Close()
}

// failWriting breaks the socket but lets the reader find out why: a broker
// that closes because of a message often does so while it is being written.
func (s *socket) failWriting(err error) {
	if s.broken(err) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.endIn(lastWords)
	}
}

// broken notes why the socket is broken, if nothing was noted before.
func (s *socket) broken(err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return false
	}
	s.err = err
	s.queue, s.spare = nil, nil
	s.makeRoom()
	s.pinger.Stop()
	s.silence.Stop()
	if s.later != nil {
		s.later.Stop()
	}
	return true
}

// endIn closes the connection after d, if it is still there.
func (s *socket) endIn(d time.Duration) {
	if s.ending == nil {
		s.ending = time.AfterFunc(d, func() { s.fail(errClosedByUs) })
	}
}

// shutdown ends the socket well: what is queued is written, then a close frame,
// and readAll returns when the broker has answered that, or closeWait is over.
func (s *socket) shutdown(code int) {
	s.mu.Lock()
	mine := false
	if !s.closing && s.err == nil {
		mine = s.sendLocked(outgoing{close: code})
		s.closing = true
		s.pinger.Stop()
		s.endIn(closeWait)
	}
	s.mu.Unlock()
	if mine {
		s.Flush(true)
	}
}

// finish frees what the socket holds, once readAll has returned err. A close
// frame of the broker's is answered, and what is none of WebSocket's is too.
func (s *socket) finish(err error) {
	if code := farewellCode(err); code != 0 {
		s.mu.Lock()
		s.queue, s.queued = nil, 0
		s.mu.Unlock()
		s.shutdown(code)
		s.waitWriter()
	}
	s.fail(err)
	s.waitWriter()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending != nil {
		s.ending.Stop()
	}
}

// farewellCode is the code with which to close after a reader's error, 0 where
// that is of no use any more.
func farewellCode(err error) int {
	if c, ok := errors.AsType[*closedByBroker](err); ok {
		if c.code == websocket.CloseNoStatusReceived {
			return websocket.CloseNormalClosure
		}
		return c.code
	}
	if b, ok := errors.AsType[*brokenProtocol](err); ok {
		return b.code
	}
	return 0
}
