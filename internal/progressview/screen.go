package progressview

import (
	"io"
	"time"

	"github.com/vbauerster/cupwriter"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// maxRows bounds the lines of a tree, on however tall a terminal.
const maxRows = 40

// refresh is how often a tree is drawn.
const refresh = 150 * time.Millisecond

// A screen draws the tree of a view anew, in the place where it was. It is one
// bar of mpb, whose last line is the bar's own; the lines above are its
// extension, the first ones of which stay empty where there are fewer.
type screen struct {
	view     *View
	progress *mpb.Progress
	bar      *mpb.Bar
	lines    []string // of the frame that is being drawn
}

// tall is a terminal that has room for all rows. mpb miscounts its lines where
// it leaves out some; frame never makes more than there is room for.
type tall struct{ *cupwriter.Writer }

func (t tall) GetTermSize() (width, height int, err error) {
	width, _, err = t.Writer.GetTermSize()
	return width, maxRows + 1, err
}

// newScreen begins to draw. The view's lock is held.
func newScreen(v *View) *screen {
	s := &screen{view: v}
	s.progress = mpb.New(mpb.WithConsoleWriter(tall{cupwriter.New(v.out, false)}), mpb.WithRefreshRate(refresh))
	above := make([]mpb.BarFiller, maxRows-1)
	for i := range above { // mpb calls them from the last to the first
		above[i] = mpb.BarFillerFunc(func(w io.Writer, st decor.Statistics) error {
			if i == len(above)-1 {
				s.lines = v.frame(st.AvailableWidth)
			}
			return s.line(w, i+1, "\n")
		})
	}
	own := mpb.BarFillerFunc(func(w io.Writer, _ decor.Statistics) error { return s.line(w, 0, "") })
	v.stream.draws(s)
	s.bar, _ = s.progress.Add(1, own, mpb.BarTopExtender(above...), mpb.BarFillerTrim()) // it fails only after Wait
	return s
}

// line writes the line that has so many below it.
func (s *screen) line(w io.Writer, below int, end string) error {
	i := len(s.lines) - 1 - below
	if i < 0 {
		return nil
	}
	text := s.lines[i] + end
	if i == 0 {
		text = "\r" + text // the terminal may have echoed a ^C where the cursor was
	}
	_, err := io.WriteString(w, text)
	return err
}

// frame returns the lines of the present state for a terminal of that width.
func (v *View) frame(width int) []string {
	_, height := v.size()
	v.mu.Lock()
	defer v.mu.Unlock()
	// The last column stays free: some terminals go to the next line when it is written.
	return frame(v.roots, max(1, width-1), max(1, min(maxRows, height-1)), v.now(), v.style)
}

// write writes lines above the tree.
func (s *screen) write(text string) { _, _ = s.progress.Write([]byte(text)) }

// close draws the last frame.
func (s *screen) close() {
	s.bar.SetCurrent(1)
	s.progress.Wait()
	s.view.stream.draws(nil)
}
