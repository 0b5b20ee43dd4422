package store

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// FuzzSegment reads any bytes as the log of a segment. What is read, written
// again, is the same bytes, and whatever follows the end is not looked at.
func FuzzSegment(f *testing.F) {
	log := appendRecord(nil, 3, &record{kind: put, key: []byte("key"), value: []byte("value"), body: []byte("body")})
	log = appendRecord(log, 3, &record{kind: set, key: []byte("key"), value: []byte{}})
	log = appendRecord(log, 3, &record{kind: remove, key: []byte("key")})
	f.Add(log, uint32(3))
	f.Add(append(bytes.Clone(log), make([]byte, 100)...), uint32(3))
	f.Add(log[:len(log)-1], uint32(3))
	f.Add(log, uint32(4))
	f.Add([]byte{1, 0, 0, 0, 0xff, 0xff, 0xff, 0x3f, 1}, uint32(0))
	f.Fuzz(func(t *testing.T, text []byte, number uint32) {
		var again []byte
		end, err := scan(bytes.NewReader(text), int64(len(text)), number, 0, func(offset int64, r *record, length int64) error {
			if offset != int64(len(again)) {
				t.Fatalf("a record at %d, want it at %d", offset, len(again))
			}
			before := len(again)
			again = appendRecord(again, number, r)
			if n := int64(len(again) - before); n != length || n != recordSize(r) {
				// A varint may be longer than it need be.
				again = append(again[:before], text[offset:offset+length]...)
			}
			return nil
		})
		if err == nil {
			t.Fatal("the end has no reason")
		}
		if end != int64(len(again)) || !bytes.Equal(text[:end], again) {
			t.Fatalf("the log ends at %d: %x, written again it is %x", end, text[:end], again)
		}
		if errors.Is(err, errEnd) && bytes.ContainsFunc(text[end:min(int(end)+recordHeader, len(text))], func(r rune) bool { return r != 0 }) {
			t.Fatalf("the log ends at %d, where %x follows", end, text[end:])
		}
	})
}

// FuzzIndexed reads any bytes as a value of the index.
func FuzzIndexed(f *testing.F) {
	f.Add(appendIndexed(nil, location{1, 24, 100, 50}, []byte("value")))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, text []byte) {
		l, value, err := parseIndexed(text)
		if err != nil {
			return
		}
		l2, value2, err := parseIndexed(appendIndexed(nil, l, value))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(l, l2, cmp.AllowUnexported(location{})) + cmp.Diff(value, value2, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("read, written and read again:\n%s", diff)
		}
	})
}
