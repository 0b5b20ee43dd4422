package broker

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/dasf-go/dasf/internal/envelope"
)

const (
	// firstRead is how much room a message gets before any of it has come,
	// whatever its header promises. More is counted against MaxBytes.
	firstRead = 16 << 10
	// nextRead is how much it gets when firstRead has come, if its header
	// promises that much.
	nextRead = 1 << 20
	// maxScratch is the largest buffer that is kept for reading.
	maxScratch = 2 << 20
	// consumerLimit is the longest frame that a consumer may send.
	consumerLimit = 64 << 10
	// keptText is the largest buffer that a quiet consumer keeps.
	keptText = 512
	// sameLength is by how much the pieces of one payload may differ.
	sameLength = 64
	// tailLength is how much of the end of an oversize message is looked at.
	tailLength = 4 << 10
)

// readAll reads frames and acts on them until the connection ends, and returns
// why it ended.
func (s *socket) readAll() error {
	for {
		hint, whole := nextLength(s.reader)
		kind, r, err := s.ws.NextReader()
		if err != nil {
			return err
		}
		if s.consumer != nil {
			err = s.readConsumer(kind, r)
		} else {
			err = s.readProducer(kind, r, hint, whole)
		}
		if err != nil {
			return err
		}
	}
}

// readProducer reads a message whose first frame has the length hint, and is
// whole.
func (s *socket) readProducer(kind int, r io.Reader, hint int, whole bool) error {
	if !whole && hint >= firstRead { // it may be as long as the last one, but for some digits
		hint = max(hint, min(s.length+sameLength, nextRead))
	}
	in := incoming{r: r, hint: hint, limit: s.broker.config.MaxMessage, broker: s.broker}
	defer in.release()
	text, err := in.read(make([]byte, 0, min(hint, firstRead)+1))
	if err != nil {
		return err
	}
	in.uncount()
	if !whole {
		s.length = len(text)
	}
	if isLoose(text) { // it came in several frames
		text = in.move(text)
	}
	if in.refusal != nil {
		head, rest := cutPayload(text)
		tail, err := readTail(r, rest)
		if err != nil {
			return err
		}
		s.reject(contextOf(head, tail), codeRefused, "%w", in.refusal)
	} else if !s.isClosing() {
		s.produce(kind, text, in.memory)
	}
	s.waitForRoom()
	return nil
}

func (s *socket) readConsumer(kind int, r io.Reader) error {
	in := incoming{r: r, limit: consumerLimit, broker: s.broker}
	defer in.release()
	text, err := in.read(s.text[:0])
	if err != nil {
		return err
	}
	if cap(text) <= keptText {
		s.text = text
	}
	if in.refusal != nil {
		s.ignore(in.refusal.Error())
		_, err := io.Copy(io.Discard, r)
		return err
	}
	// Also when the broker has said goodbye: what was acknowledged before the
	// peer reads that must not come again after a restart.
	s.consume(kind, text)
	s.waitForRoom()
	return nil
}

// incoming is a message while it is read.
type incoming struct {
	r       io.Reader
	hint    int // its length, if that could be told
	limit   int
	broker  *Broker
	counted int64 // against MaxBytes, until it is read
	refusal error // why only its beginning was read
	scratch *[]byte
	memory  *memory // what the result lies in, if that is used again
}

// read appends the message to buffer. It stops when the message must be
// refused.
func (in *incoming) read(buffer []byte) ([]byte, error) {
	for {
		if len(buffer) > in.limit {
			in.refusal = fmt.Errorf("the message is longer than %d bytes", in.limit)
			return buffer, nil
		}
		if len(buffer) == cap(buffer) {
			size := in.grown(cap(buffer))
			if !in.count(size) {
				in.refusal = &fullError{"the broker", "", "too many large messages at once"}
				return buffer, nil
			}
			buffer = in.enlarge(buffer, size)
		}
		n, err := in.r.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		if err == io.EOF {
			if in.scratch != nil {
				buffer = in.move(buffer)
				in.putScratch()
			}
			return buffer, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// enlarge moves what was read into a larger buffer. While it can't be told how
// long the message will be, since it comes in several frames, that is one that
// others have used before: to make one after the other took more time than to
// copy the message at its end.
func (in *incoming) enlarge(buffer []byte, size int) []byte {
	if in.hint >= size-1 || size <= firstRead {
		return in.place(buffer, size)
	}
	last := in.scratch
	in.scratch = in.broker.scratch.Get().(*[]byte)
	if cap(*in.scratch) < size {
		*in.scratch = make([]byte, 0, size)
	}
	buffer = append((*in.scratch)[:0], buffer...)
	if last != nil {
		in.broker.scratch.Put(last)
	}
	return buffer
}

// place copies what was read to where there is room for size bytes.
func (in *incoming) place(buffer []byte, size int) []byte {
	last := in.memory
	defer last.giveBack(in.broker)
	in.memory = nil
	if size < smallestReused {
		return append(make([]byte, 0, size), buffer...)
	}
	in.memory = in.broker.takeMemory(size)
	in.memory.text = append(in.memory.text[:0], buffer...)
	return in.memory.text
}

// move is place for a message that is all there.
func (in *incoming) move(text []byte) []byte { return in.place(text, len(text)) }

// grown is the next capacity. It trusts the length that a header gave only as
// far as data has come: a few bytes from a peer must not make the broker
// reserve megabytes.
func (in *incoming) grown(size int) int {
	if in.hint >= size {
		return min(in.hint, max(4*size, nextRead), in.limit) + 1
	}
	return min(max(2*size, 128), in.limit+1)
}

// count counts a buffer of that size and reports whether the broker has room.
func (in *incoming) count(size int) bool {
	if size <= firstRead+1 {
		return true
	}
	more := int64(size) - in.counted
	in.counted += more
	return in.broker.bytes.Add(more) <= in.broker.config.MaxBytes
}

// uncount ends the counting once the message is read.
func (in *incoming) uncount() {
	if in.counted > 0 {
		in.broker.bytes.Add(-in.counted)
		in.counted = 0
	}
}

// release gives back what was needed to read, also what a refused message lies
// in.
func (in *incoming) release() {
	in.uncount()
	in.putScratch()
	in.memory.giveBack(in.broker)
}

func (in *incoming) putScratch() {
	if in.scratch != nil && cap(*in.scratch) <= maxScratch {
		in.broker.scratch.Put(in.scratch)
	}
	in.scratch = nil
}

// cutPayload cuts the beginning of a message behind the quote before its
// payload. Without one all of it is head.
func cutPayload(text []byte) (head, rest []byte) {
	const name = `"payload"`
	start := bytes.Index(text, []byte(name))
	if start < 0 {
		return text, nil
	}
	start += len(name)
	quote := bytes.IndexByte(text[start:], '"')
	if quote < 0 {
		return text, nil
	}
	return text[:start+quote+1], text[start+quote+1:]
}

// readTail reads the rest of a message and returns the end of rest and what was
// read.
func readTail(r io.Reader, rest []byte) ([]byte, error) {
	tail := bytes.Clone(rest[max(0, len(rest)-tailLength):])
	var chunk [tailLength]byte
	for {
		n, err := r.Read(chunk[:])
		tail = append(tail, chunk[:n]...)
		if len(tail) > 4*tailLength {
			tail = append(tail[:0], tail[len(tail)-tailLength:]...)
		}
		if err == io.EOF {
			return tail, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// contextOf finds the context of a message of which only the two ends were
// read, for without it Python's client can't tell whose the answer is and waits
// for ever. What lies between is taken to be in the payload, which has no quotes.
func contextOf(head, tail []byte) []byte {
	end := bytes.IndexByte(tail, '"')
	if end < 0 {
		return nil
	}
	var f envelope.Frame
	if envelope.Scan(append(bytes.Clone(head), tail[end:]...), &f) != nil {
		return nil
	}
	return f.Context
}

// checkText closes the connection on what is no UTF-8. RFC 6455 wants that,
// and a consumer that got such a text would close its own.
func (s *socket) checkText(text []byte) bool {
	if utf8.Valid(text) {
		return true
	}
	s.disconnect(closeBadText, "Invalid UTF-8")
	return false
}
