package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// kind is what a record does to its key.
type kind byte

const (
	put    kind = 1 + iota // a new key, with a body
	set                    // the value of a key; its body stays
	remove                 // the key
	move                   // the body of a key, to here
)

const (
	headerLen    = 24 // of a segment
	recordHeader = 8
	magic        = "dasfseg\x01"
	// maxRecord is more than any message that the broker takes.
	maxRecord = 1 << 30
)

// castagnoli is made at the first call: most programs with a broker in them run
// none that stores.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// A record is one change in the log. Its slices point into the text that it
// was read from.
type record struct {
	kind  kind
	key   []byte
	value []byte
	body  []byte
}

// appendRecord appends r as it stands in the segment.
func appendRecord(dst []byte, segment uint32, r *record) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, recordHeader)...)
	dst = append(dst, byte(r.kind))
	dst = binary.AppendUvarint(dst, uint64(len(r.key)))
	dst = binary.AppendUvarint(dst, uint64(len(r.value)))
	dst = append(dst, r.key...)
	dst = append(dst, r.value...)
	dst = append(dst, r.body...)
	binary.LittleEndian.PutUint32(dst[start+4:], uint32(len(dst)-start-recordHeader))
	binary.LittleEndian.PutUint32(dst[start:], checksum(segment, dst[start+4:]))
	return dst
}

// recordSize is the length of what appendRecord appends.
func recordSize(r *record) int64 {
	return int64(recordHeader + 1 + uvarintLen(len(r.key)) + uvarintLen(len(r.value)) + len(r.key) + len(r.value) + len(r.body))
}

func uvarintLen(n int) int {
	var b [binary.MaxVarintLen64]byte
	return binary.PutUvarint(b[:], uint64(n))
}

// checksum begins with the segment's number, so that a record of another
// segment is not taken for one of this.
func checksum(segment uint32, text []byte) uint32 {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], segment)
	return crc32.Update(crc32.Checksum(b[:], castagnoli()), castagnoli(), text)
}

var (
	// errEnd is a log that ends where one expects it to.
	errEnd = errors.New("the end of the log")
	// errTorn is a record that was not written completely.
	errTorn = errors.New("the record is not complete")
)

// payloadLen reads the header of a record: how many bytes follow it.
func payloadLen(header []byte) (int, error) {
	sum, n := binary.LittleEndian.Uint32(header), binary.LittleEndian.Uint32(header[4:])
	switch {
	case sum == 0 && n == 0:
		return 0, errEnd
	case n < 3 || n > maxRecord:
		return 0, errTorn
	}
	return int(n), nil
}

// parseRecord reads the whole record that text is.
func parseRecord(segment uint32, text []byte) (record, error) {
	if len(text) < recordHeader {
		return record{}, errTorn
	}
	n, err := payloadLen(text)
	if err != nil {
		return record{}, err
	}
	if n != len(text)-recordHeader || binary.LittleEndian.Uint32(text) != checksum(segment, text[4:]) {
		return record{}, errTorn
	}
	rest := text[recordHeader:]
	r := record{kind: kind(rest[0])}
	if r.kind < put || r.kind > move {
		return record{}, fmt.Errorf("unknown kind of record %d", rest[0])
	}
	rest = rest[1:]
	var lengths [2]int
	for i := range lengths {
		v, used := binary.Uvarint(rest)
		if used <= 0 || v > uint64(len(rest)-used) {
			return record{}, errors.New("a length in the record is too large")
		}
		lengths[i], rest = int(v), rest[used:]
	}
	if lengths[0]+lengths[1] > len(rest) {
		return record{}, errors.New("the lengths in the record are too large")
	}
	r.key, rest = rest[:lengths[0]:lengths[0]], rest[lengths[0]:]
	r.value, r.body = rest[:lengths[1]:lengths[1]], rest[lengths[1]:]
	return r, nil
}

// A location is where the record with a body is. The zero location is none.
type location struct {
	segment uint32
	offset  int64
	length  int64 // of the record
	body    int64
}

func appendIndexed(dst []byte, l location, value []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(l.segment))
	dst = binary.AppendUvarint(dst, uint64(l.offset))
	dst = binary.AppendUvarint(dst, uint64(l.length))
	dst = binary.AppendUvarint(dst, uint64(l.body))
	return append(dst, value...)
}

var errIndexed = fmt.Errorf("%w: a value of the index", ErrDamaged)

// parseIndexed reads a value of the index.
func parseIndexed(text []byte) (location, []byte, error) {
	var n [4]uint64
	for i := range n {
		v, used := binary.Uvarint(text)
		if used <= 0 {
			return location{}, nil, errIndexed
		}
		n[i], text = v, text[used:]
	}
	l := location{segment: uint32(n[0]), offset: int64(n[1]), length: int64(n[2]), body: int64(n[3])}
	if n[0] > 1<<32-1 || n[1] > 1<<62 || n[2] > maxRecord+recordHeader || n[3] > n[2] {
		return location{}, nil, errIndexed
	}
	return l, text, nil
}

func appendHeader(dst []byte, id [8]byte, segment uint32) []byte {
	start := len(dst)
	dst = append(dst, magic...)
	dst = append(dst, id[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, segment)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli()))
}

// checkHeader reports whether a segment is the one that its name says, of this
// store.
func checkHeader(header []byte, id [8]byte, segment uint32) error {
	if string(header) != string(appendHeader(nil, id, segment)) {
		return errors.New("its header is not that of this segment and this store")
	}
	return nil
}
