// Package progressview shows the progress reports of a call: as a tree of bars
// on a terminal, as one line a change elsewhere.
package progressview

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/dasf-go/dasf"
)

// A Mode says how reports are shown.
type Mode string

// The modes.
const (
	Auto  Mode = "auto"  // Tree on a terminal, else Plain
	Tree  Mode = "tree"  // a tree that is drawn anew; Plain where there is no terminal
	Plain Mode = "plain" // one line a change
	None  Mode = "none"  // nothing
)

// Variable is what clients of deprogressapi 0.4 read (settings.py).
const Variable = "DASF_REPORT_SHOW_METHOD"

// ParseMethod returns the mode of a value of [Variable], which is also that of
// a report's show_method.
func ParseMethod(method string) (Mode, error) {
	switch strings.ToUpper(method) {
	case "NONE":
		return None, nil
	case "PRINT":
		return Plain, nil
	case "WINDOWED":
		return Tree, nil
	case "AUTO", "JUPYTER", "":
		return Auto, nil
	}
	return Auto, fmt.Errorf("%s is %q: it must be NONE, AUTO, PRINT, WINDOWED or JUPYTER", Variable, method)
}

// Options say where and how reports are shown.
type Options struct {
	// Out is where they go. It is a terminal if it is an [*os.File] that is one.
	Out io.Writer
	// Mode is Auto where it is empty. In Auto a report that says itself how it
	// is to be shown decides.
	Mode Mode
	// Lookup finds environment variables; nil means [os.LookupEnv].
	Lookup func(name string) (string, bool)
}

// A View shows the reports of one call. Its methods may be called
// concurrently.
type View struct {
	out    io.Writer
	mode   Mode
	style  style
	size   func() (width, height int) // of the terminal; nil where there is none
	now    func() time.Time
	screen *screen // the tree, once it is drawn
	stream *Stream // that it is drawn on; may be nil

	mu     sync.Mutex
	closed bool
	roots  []*node        // of the reports of the call, by name
	prints map[string]int // lines that were printed of each report of messages
}

// New returns a view of a call that begins now.
func New(o Options) *View {
	lookup := o.Lookup
	if lookup == nil {
		lookup = os.LookupEnv
	}
	v := &View{out: o.Out, mode: o.Mode, now: time.Now, prints: map[string]int{}}
	if v.mode == "" {
		v.mode = Auto
	}
	if f, ok := o.Out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		name, _ := lookup("TERM")
		if name != "dumb" {
			v.size = func() (int, int) {
				width, height, err := term.GetSize(int(f.Fd()))
				if err != nil || width <= 0 || height <= 0 {
					return 80, 24
				}
				return width, height
			}
			v.style = styleOf(lookup)
		}
	}
	return v
}

// CallOptions are what a call needs to be shown.
func (v *View) CallOptions() []dasf.CallOption {
	if v.mode == None {
		return nil
	}
	return []dasf.CallOption{dasf.OnProgress(v.Show), dasf.OnPrint(v.Print)}
}

// modeOf is how a report is shown that wants to be shown by a method.
func (v *View) modeOf(method string) Mode {
	mode := v.mode
	if mode == Auto {
		mode, _ = ParseMethod(method) // what is unknown is Auto
	}
	switch {
	case mode == Auto && v.size != nil:
		return Tree
	case mode == Auto, mode == Tree && v.size == nil:
		return Plain
	}
	return mode
}

// Show shows a report.
func (v *View) Show(r *dasf.ProgressReport) {
	v.mu.Lock()
	defer v.mu.Unlock()
	mode := v.modeOf(r.ShowMethod())
	if v.closed || mode == None {
		return
	}
	root := v.root(r)
	changes := root.merge(r, v.now())
	if mode == Plain {
		writeChanges(v.out, root, changes, v.now())
		return
	}
	if v.screen == nil {
		v.screen = newScreen(v)
	}
}

// root returns the node of a report, which is new the first time.
func (v *View) root(r *dasf.ProgressReport) *node {
	for _, n := range v.roots {
		if n.id == r.ID() {
			return n
		}
	}
	n := &node{id: r.ID(), status: dasf.ReportRunning, started: v.now()}
	v.roots = append(v.roots, n)
	return n
}

// Print shows what is new in a report of messages.
func (v *View) Print(r *dasf.PrintReport) {
	text, screen := v.news(r)
	switch {
	case text == "":
	case screen != nil: // without the lock, which a frame in the making may wait for
		screen.write(text)
	default:
		_, _ = io.WriteString(v.out, text) // a view must not end a call
	}
}

// news returns what is new in a report of messages, and what is to show it.
func (v *View) news(r *dasf.PrintReport) (string, *screen) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed || v.modeOf(r.ShowMethod()) == None {
		return "", nil
	}
	lines, first := printed(r)
	seen := v.prints[r.ID()]
	v.prints[r.ID()] = max(seen, first+len(lines))
	var text strings.Builder
	if first > seen {
		fmt.Fprintf(&text, "(%d lines were left out)\n", first-seen)
	}
	for _, line := range lines[min(len(lines), max(0, seen-first)):] {
		text.WriteString(clean(line) + "\n")
	}
	return text.String(), v.screen
}

// printed returns the lines of a report that are there, and how many were before.
func printed(r *dasf.PrintReport) (lines []string, first int) {
	messages := r.Messages()
	if n := len(messages); n > 0 && messages[n-1] == "" && r.Status() != dasf.ReportRunning {
		messages = messages[:n-1]
	}
	for i, message := range messages {
		var omitted int
		if n, _ := fmt.Sscanf(message, "%d earlier lines were left out", &omitted); i == 0 && n == 1 {
			first = omitted
			continue
		}
		lines = append(lines, strings.Split(message, "\n")...)
	}
	return lines, first
}

// Close draws the last state and leaves it on the screen. It is to be called
// when the call is over, and is idempotent.
func (v *View) Close() {
	v.mu.Lock()
	v.closed = true
	screen := v.screen
	v.mu.Unlock()
	if screen != nil {
		screen.close()
	}
}
