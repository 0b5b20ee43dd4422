package broker

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// A journal writes the log. A warning with the same text comes at most once a
// second and says how many were left out.
type journal struct {
	logger *slog.Logger

	mu   sync.Mutex
	last map[string]*repeated // by text: the texts are constants
}

type repeated struct {
	at     time.Time
	lines  int // since then
	hidden int
}

func newJournal(l *slog.Logger) *journal {
	return &journal{logger: l, last: make(map[string]*repeated)}
}

func (j *journal) info(text string, args ...any) {
	j.logger.Info(text, args...)
}

func (j *journal) warn(text string, args ...any) {
	j.warnUpTo(1, text, args...)
}

// mostRefusals is how many refused connections are told of in a second, since
// each may be of somebody else.
const mostRefusals = 20

// warnUpTo writes a text so often a second.
func (j *journal) warnUpTo(most int, text string, args ...any) {
	if !j.logger.Enabled(context.Background(), slog.LevelWarn) {
		return
	}
	hidden, ok := j.due(text, most)
	if !ok {
		return
	}
	if hidden > 0 {
		args = append(args, "left_out", hidden)
	}
	j.logger.Warn(text, args...)
}

// due reports whether text may be logged again, and how often it was not.
func (j *journal) due(text string, most int) (hidden int, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r := j.last[text]
	now := time.Now()
	if r == nil {
		j.last[text] = &repeated{at: now, lines: 1}
		return 0, true
	}
	if now.Sub(r.at) < time.Second {
		if r.lines < most {
			r.lines++
			return 0, true
		}
		r.hidden++
		return 0, false
	}
	hidden = r.hidden
	r.at, r.lines, r.hidden = now, 1, 0
	return hidden, true
}
