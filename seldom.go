package dasf

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// seldom returns a logger that writes each text at most once a second, with the
// number of those left out since: a peer that sends nonsense, or too much, must
// not fill the log too.
func seldom(l *slog.Logger) *slog.Logger {
	return slog.New(&seldomHandler{l.Handler(), &written{last: map[string]lastWritten{}}})
}

type seldomHandler struct {
	slog.Handler
	written *written
}

// written is when texts were written. They are constants, so it does not grow.
type written struct {
	mu   sync.Mutex
	last map[string]lastWritten
}

type lastWritten struct {
	at      time.Time
	leftOut int
}

func (h *seldomHandler) Handle(ctx context.Context, r slog.Record) error {
	h.written.mu.Lock()
	last := h.written.last[r.Message]
	now := time.Now()
	due := last.at.IsZero() || now.Sub(last.at) >= time.Second
	if due {
		h.written.last[r.Message] = lastWritten{at: now}
	} else {
		last.leftOut++
		h.written.last[r.Message] = last
	}
	h.written.mu.Unlock()
	if !due {
		return nil
	}
	if last.leftOut > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("left_out", last.leftOut))
	}
	return h.Handler.Handle(ctx, r)
}

func (h *seldomHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &seldomHandler{h.Handler.WithAttrs(attrs), h.written}
}

func (h *seldomHandler) WithGroup(name string) slog.Handler {
	return &seldomHandler{h.Handler.WithGroup(name), h.written}
}
