package pylog

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"
)

// A sink is one of Python's handlers: it writes records somewhere.
type sink struct {
	level  slog.Level
	format *format
	stream string       // which stream it asked for; "" for a file
	to     string       // which stream it got
	tint   slog.Handler // writes instead of format, on a terminal
	json   bool

	mu      sync.Mutex
	w       io.Writer
	closer  io.Closer
	failed  bool
	onError func(error)
	buf     []byte
}

// shadowed reports whether one of the sinks before s has written to the stream
// that both write to only because two streams were made one: then a record
// would appear twice.
func (s *sink) shadowed(before []*sink, l slog.Level) bool {
	if s.stream == "" {
		return false
	}
	for _, b := range before {
		if b.to == s.to && b.stream != s.stream && l >= b.level {
			return true
		}
	}
	return false
}

func (s *sink) write(r *record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.writeLocked(r)
	if err != nil && !s.failed {
		s.failed = true // once: it will fail again and again
		s.onError(err)
	}
	return err
}

func (s *sink) writeLocked(r *record) error {
	if s.tint != nil {
		return s.tint.Handle(context.Background(), r.flat())
	}
	s.buf = s.buf[:0]
	if s.json {
		s.buf = r.appendJSON(s.buf)
	} else {
		s.buf = r.line(s.buf, s.format)
	}
	_, err := s.w.Write(s.buf)
	return err
}

func (s *sink) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closer == nil {
		return nil
	}
	return s.closer.Close()
}

// flat is the record with all attributes in it, for another handler.
func (r *record) flat() slog.Record {
	flat := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	flat.AddAttrs(r.attrs...)
	return flat
}

// appendJSON writes the record as slog's JSON handler would, with the name of
// the logger.
func (r *record) appendJSON(dst []byte) []byte {
	member := func(key string, v any) {
		k, _ := json.Marshal(key)
		b, err := json.Marshal(v)
		if err != nil {
			b, _ = json.Marshal(fmt.Sprint(v))
		}
		dst = append(append(append(dst, k...), ':'), b...)
	}
	dst = append(dst, '{')
	member("time", r.Time.Format(time.RFC3339Nano))
	dst = append(dst, ',')
	member("level", r.Level.String())
	dst = append(dst, ',')
	member("logger", r.logger)
	dst = append(dst, ',')
	member("msg", r.Message)
	for _, a := range r.attrs {
		dst = append(dst, ',')
		switch v := a.Value.Resolve().Any().(type) {
		case error:
			member(a.Key, v.Error())
		case time.Duration:
			member(a.Key, v.String())
		default:
			member(a.Key, v)
		}
	}
	return append(dst, '}', '\n')
}
