package netcdf

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/dasf-go/dasf/internal/envelope"
)

// base64Writer appends the base64 text of what is written.
type base64Writer struct {
	text []byte
	rest []byte // at most two bytes that no group of three took yet
}

func (w *base64Writer) Write(p []byte) (int, error) {
	n := len(p)
	for len(w.rest) > 0 && len(p) > 0 {
		w.rest, p = append(w.rest, p[0]), p[1:]
		if len(w.rest) == 3 {
			w.close()
		}
	}
	whole := len(p) / 3 * 3
	w.text = envelope.AppendBase64(w.text, p[:whole])
	w.rest = append(w.rest, p[whole:]...)
	return n, nil
}

// close ends the text with what is left, padded.
func (w *base64Writer) close() {
	w.text = envelope.AppendBase64(w.text, w.rest)
	w.rest = w.rest[:0]
}

// base64Reader gives the bytes that a base64 text stands for, decoding those
// that are asked for: a dataset is read from its text without a copy of the
// file in between. It must not be used concurrently.
type base64Reader struct {
	text []byte
	size int64
	buf  []byte // the groups of three around what was asked for last
}

func newBase64Reader(text []byte) (*base64Reader, error) {
	if len(text)%4 != 0 {
		return nil, fmt.Errorf("the text is no base64: its length of %d is no multiple of four", len(text))
	}
	r := &base64Reader{text: text, size: int64(len(text)) / 4 * 3}
	for i := len(text) - 1; i >= 0 && i > len(text)-3 && text[i] == '='; i-- {
		r.size--
	}
	return r, nil
}

// ReadAt implements [io.ReaderAt].
func (r *base64Reader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	end := min(off+int64(len(p)), r.size)
	if off >= end {
		return 0, io.EOF
	}
	first := off / 3 * 4
	last := (end + 2) / 3 * 4
	var err error
	if r.buf, err = envelope.DecodeBase64(r.buf[:0], r.text[first:last]); err != nil {
		return 0, fmt.Errorf("the text is no base64 behind character %d: %w", first, err)
	}
	n := copy(p[:end-off], r.buf[min(off%3, int64(len(r.buf))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// dropSpace takes away the line breaks that base64 text of mails has.
func dropSpace(text string) []byte {
	return []byte(strings.Map(func(c rune) rune {
		if strings.ContainsRune(" \t\r\n", c) {
			return -1
		}
		return c
	}, text))
}
