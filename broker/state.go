package broker

import (
	"encoding/binary"
	"errors"
	"time"
)

// Flags of a message's state.
const (
	stateKeepUnknown = 1 << iota
	stateAcked
	stateOwed
	stateRehomed
	stateKey
	stateCacheAll
	stateForever
)

// appendState appends what the store is told of a message, which is all that is
// needed to go on with it: subscriptions that are not durable end with the
// process as if their sockets had closed.
func (m *message) appendState(dst []byte, subscriptions []*subscription) []byte {
	var flags byte
	set := func(flag byte, on bool) {
		if on {
			flags |= flag
		}
	}
	redelivered, holders := m.redelivered, 0
	owed := false
	for e := m.held; e != nil; e = e.next {
		if e.sub.stored {
			holders++
			continue
		}
		redelivered = max(redelivered, e.redelivered)
		owed = owed || e.sub.sharesWork()
	}
	set(stateKeepUnknown, m.keepUnknown)
	set(stateAcked, m.acked)
	set(stateOwed, m.acked && owed && !m.rehomed)
	set(stateRehomed, m.rehomed)
	set(stateKey, m.keyHash != 0)
	set(stateCacheAll, m.mode == StoreCacheAll)
	set(stateForever, m.mode == StoreForever)
	dst = append(dst, flags, byte(m.class))
	dst = binary.AppendVarint(dst, m.published.UnixNano())
	dst = binary.AppendUvarint(dst, uint64(m.size))
	if m.keyHash != 0 {
		dst = binary.BigEndian.AppendUint64(dst, m.keyHash)
	}
	dst = binary.AppendUvarint(dst, uint64(redelivered))
	if m.saved == nil {
		// It is not published yet: all durable subscriptions will hold it.
		for _, s := range subscriptions {
			if s.stored {
				holders++
			}
		}
	}
	dst = binary.AppendUvarint(dst, uint64(holders))
	for _, s := range subscriptions {
		if !s.stored {
			continue
		}
		for e := m.held; e != nil; e = e.next {
			if e.sub == s {
				dst = binary.AppendUvarint(dst, s.id)
				dst = binary.AppendUvarint(dst, uint64(e.redelivered))
			}
		}
		if m.saved == nil {
			dst = binary.AppendUvarint(dst, s.id)
			dst = binary.AppendUvarint(dst, 0)
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(m.ackedBy)))
	for _, user := range m.ackedBy {
		dst = binary.AppendUvarint(dst, uint64(len(user)))
		dst = append(dst, user...)
	}
	return dst
}

// sharesWork reports whether a subscription's end leaves its messages to the
// next one, whoever else has acknowledged them.
func (s *subscription) sharesWork() bool {
	return s.kind == Shared || s.kind == Failover || s.kind == KeyShared
}

// A messageState is what the store has of a message.
type messageState struct {
	message
	owed    bool
	holders []holding
}

type holding struct {
	subscription uint64
	redelivered  int
}

var errState = errors.New("the state of a message is damaged")

// parseState reads what appendState wrote.
func parseState(text []byte, s *messageState) error {
	r := stateReader{text: text}
	flags := r.byte()
	s.class = class(r.byte())
	s.published = time.Unix(0, r.varint())
	s.size = int64(r.uvarint())
	if flags&stateKey != 0 {
		s.keyHash = r.eight()
	}
	s.redelivered = r.number()
	for n := r.number(); n > 0 && r.err == nil; n-- {
		s.holders = append(s.holders, holding{r.uvarint(), r.number()})
	}
	for n := r.number(); n > 0 && r.err == nil; n-- {
		s.ackedBy = append(s.ackedBy, r.string())
	}
	if r.err == nil && (len(r.text) > 0 || s.class > control || s.size < messageOverhead) {
		return errState
	}
	s.keepUnknown = flags&stateKeepUnknown != 0
	s.acked = flags&stateAcked != 0
	s.owed = flags&stateOwed != 0
	s.rehomed = flags&stateRehomed != 0
	s.mode = StoreCache
	switch {
	case flags&stateCacheAll != 0:
		s.mode = StoreCacheAll
	case flags&stateForever != 0:
		s.mode = StoreForever
	}
	return r.err
}

// A stateReader reads numbers; after an error all are 0.
type stateReader struct {
	text []byte
	err  error
}

func (r *stateReader) take(n int) []byte {
	if n < 0 || n > len(r.text) {
		r.text, r.err = nil, errState
		return make([]byte, min(max(n, 0), 8))
	}
	head := r.text[:n]
	r.text = r.text[n:]
	return head
}

func (r *stateReader) byte() byte    { return r.take(1)[0] }
func (r *stateReader) eight() uint64 { return binary.BigEndian.Uint64(r.take(8)) }

func (r *stateReader) uvarint() uint64 { return readVarint(r, binary.Uvarint) }
func (r *stateReader) varint() int64   { return readVarint(r, binary.Varint) }

func readVarint[T int64 | uint64](r *stateReader, read func([]byte) (T, int)) T {
	v, n := read(r.text)
	if n <= 0 {
		r.text, r.err = nil, errState
		return 0
	}
	r.text = r.text[n:]
	return v
}

// number reads one that counts something.
func (r *stateReader) number() int {
	v := r.uvarint()
	if v > 1<<31-1 {
		r.text, r.err = nil, errState
		return 0
	}
	return int(v)
}

func (r *stateReader) string() string {
	n := r.number()
	if n > len(r.text) {
		r.text, r.err = nil, errState
		return ""
	}
	return string(r.take(n))
}
