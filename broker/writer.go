package broker

import (
	"net"
	"time"

	"github.com/dasf-go/dasf/internal/envelope"
)

const (
	// writeBuffer is how much is collected before it is written.
	writeBuffer = 64 << 10
	// copyLimit is the longest payload that is copied to stand among other
	// frames; a longer one is written from where it is.
	copyLimit = 8 << 10
	// quickLimit is how much a goroutine writes that should read.
	quickLimit = 48 << 10
	// writeStep is how much the peer must accept within WriteTimeout.
	writeStep = 256 << 10
)

// A writer holds the buffers of a socket while it has something to write.
type writer struct {
	buffer     []byte // collects frames
	frames     []byte // what is being written, and what waits after it
	nextFrames []byte
	deliveries []delivery
	nextDeliv  []delivery
	rest       []byte // of what tryWrite could not write
	vector     [2][]byte
}

func newWriter() *writer {
	return &writer{buffer: make([]byte, 0, 4<<10)}
}

// tidy makes the writer ready for another socket.
func (w *writer) tidy() {
	if cap(w.frames) > writeBuffer {
		w.frames = nil
	}
	if cap(w.nextFrames) > writeBuffer {
		w.nextFrames = nil
	}
	const manyDeliveries = 4096
	if cap(w.deliveries) > manyDeliveries {
		w.deliveries = nil
	}
	if cap(w.nextDeliv) > manyDeliveries {
		w.nextDeliv = nil
	}
	if cap(w.buffer) > 2*writeBuffer {
		w.buffer = nil
	}
	w.vector, w.rest = [2][]byte{}, nil
}

// write sends everything that was queued: deliveries first, so that the answer
// to a ping says that those before it have been sent.
func (w *writer) write(s *socket) error {
	if len(w.deliveries) == 0 {
		return w.send(s, w.frames)
	}
	if err := w.compose(s); err != nil {
		return err
	}
	return w.flush(s)
}

// tryWrite is write without waiting. What is queued must be short. If done is
// false, writeRest has to follow.
func (w *writer) tryWrite(s *socket) (done bool, err error) {
	text := w.frames
	if len(w.deliveries) > 0 {
		if err := w.compose(s); err != nil {
			return false, err
		}
		text = w.buffer
	}
	n, err := s.quick.TryWrite(text)
	w.rest = text[n:]
	return len(w.rest) == 0, err
}

func (w *writer) writeRest(s *socket) error {
	rest := w.rest
	w.rest = nil
	if len(rest) == 0 {
		return nil
	}
	return w.send(s, rest)
}

// compose puts all that was queued into the buffer. Before that gets too large
// it is written.
func (w *writer) compose(s *socket) error {
	w.buffer = w.buffer[:0]
	for i := range w.deliveries {
		d := &w.deliveries[i]
		c, err := d.entry.msg.open(s.broker)
		if err != nil {
			s.topic.unreadable(d.entry, err)
			continue
		}
		if err := w.message(s, d, c); err != nil {
			return err
		}
		d.entry.msg.evict(s.broker)
		d.memory.giveBack(s.broker)
	}
	s.broker.deliveredCount.Add(int64(len(w.deliveries)))
	clear(w.deliveries)
	w.buffer = append(w.buffer, w.frames...)
	return nil
}

// message writes one delivery, or leaves it in the buffer.
func (w *writer) message(s *socket, d *delivery, c *content) error {
	m := d.entry.msg
	start := len(w.buffer)
	w.buffer = openFrame(w.buffer, opText)
	if len(c.payload) <= copyLimit || !c.plain {
		w.buffer = m.appendText(w.buffer, c, s.form, d.redelivered)
		w.buffer = seal(w.buffer, start, 0)
		if len(w.buffer) < writeBuffer-copyLimit {
			return nil
		}
		return w.flush(s)
	}
	w.buffer = m.appendHead(w.buffer, c, s.form, d.redelivered)
	w.buffer = seal(w.buffer, start, len(c.payload)+len(envelope.Tail))
	for rest := c.payload; len(rest) > 0; {
		piece := rest[:min(len(rest), writeStep)]
		rest = rest[len(piece):]
		if err := w.send(s, w.buffer, piece); err != nil {
			return err
		}
		w.buffer = w.buffer[:0]
	}
	w.buffer = append(w.buffer, envelope.Tail...)
	return nil
}

func (w *writer) flush(s *socket) error {
	if len(w.buffer) == 0 {
		return nil
	}
	err := w.send(s, w.buffer)
	w.buffer = w.buffer[:0]
	return err
}

// send writes its pieces with one system call where the connection can.
func (w *writer) send(s *socket, pieces ...[]byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.broker.config.WriteTimeout)); err != nil {
		return err
	}
	if len(pieces) == 1 || len(pieces[0]) == 0 {
		_, err := s.conn.Write(pieces[len(pieces)-1])
		return err
	}
	n := copy(w.vector[:], pieces)
	buffers := net.Buffers(w.vector[:n])
	_, err := buffers.WriteTo(s.conn)
	return err
}
