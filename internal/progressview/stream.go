package progressview

import (
	"io"
	"sync"
)

// A Stream is where a program writes lines, such as those of its log, while
// views may draw trees there: the lines then go above the tree, which would
// else be drawn over them. Its methods may be called concurrently.
type Stream struct {
	out io.Writer

	mu     sync.Mutex
	screen *screen // what is drawn now
}

// NewStream returns a stream that writes to out.
func NewStream(out io.Writer) *Stream { return &Stream{out: out} }

// View returns a view that draws on the stream; o.Out is not looked at.
func (s *Stream) View(o Options) *View {
	o.Out = s.out
	v := New(o)
	v.stream = s
	return v
}

// Write writes whole lines.
func (s *Stream) Write(lines []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.screen != nil {
		if n, err := s.screen.progress.Write(lines); err == nil {
			return n, nil
		} // else it has just been closed
	}
	return s.out.Write(lines)
}

// draws says what is drawn from now on; nil for nothing.
func (s *Stream) draws(what *screen) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.screen = what
}
