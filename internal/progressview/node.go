package progressview

import (
	"strings"
	"time"
	"unicode"

	"github.com/dasf-go/dasf"
)

// A node is a report as it was last seen, and when it was first.
type node struct {
	id       string // of a root
	message  string
	status   dasf.ReportStatus
	steps    int
	done     int
	folded   [3]int    // steps that are only counted: done, failed, running
	started  time.Time // when it was first seen
	ended    time.Time // zero: it is running
	seen     bool
	sudden   bool // it was over when it was first seen: how long it took is not known
	children []*node

	countShown time.Time // when its number of steps was last written as a line
}

// A change is what is new in a node.
type change struct {
	path  []*node // from the root
	first bool    // it was not there before
	ended bool
	text  bool // another message
	count bool // more steps without reports of their own
}

// merge takes what a report says, and returns what is new, in the order of the
// tree; what ends stands behind its parts.
func (n *node) merge(r *dasf.ProgressReport, now time.Time) []change {
	return n.take(r, now, nil)
}

func (n *node) take(r *dasf.ProgressReport, now time.Time, above []*node) (changes []change) {
	first := !n.seen
	n.seen = true
	c := change{path: append(above[:len(above):len(above)], n), first: first}
	message := clean(r.Message())
	c.text = !first && message != n.message
	n.message, n.steps, n.done = message, r.Steps(), r.Done()
	before := n.folded[0] + n.folded[1]
	n.folded[0], n.folded[1], n.folded[2] = r.Folded()
	c.count = n.folded[0]+n.folded[1] > before
	over := r.Status() != dasf.ReportRunning && n.status == dasf.ReportRunning
	if c.first || c.text || c.count {
		if !over { // the line of its end says all of it
			changes = append(changes, c)
		}
	}
	old := n.children
	n.children = nil
	reports := r.Children()
	for _, m := range match(old, reports) {
		child := m.node
		if child == nil {
			child = &node{status: dasf.ReportRunning, started: now}
		}
		n.children = append(n.children, child)
		changes = append(changes, child.take(m.report, now, c.path)...)
	}
	if over {
		n.sudden = first
		n.ended = now
		c.first, c.text, c.count, c.ended = false, false, false, true
		changes = append(changes, c)
	}
	n.status = r.Status()
	return changes
}

// A pair is a report and the node that it was before; nil if it is new.
type pair struct {
	node   *node
	report *dasf.ProgressReport
}

// match finds out which report is which node. Reports have no names of their
// own: they stay in order, those that are over may go, and new ones come last.
func match(old []*node, reports []*dasf.ProgressReport) []pair {
	left := map[string]int{} // messages of the reports that are not yet matched
	for _, r := range reports {
		left[clean(r.Message())]++
	}
	pairs := make([]pair, 0, len(reports))
	at := 0
	for _, r := range reports {
		message := clean(r.Message())
		left[message]--
		found := -1
		for i := at; i < len(old) && found < 0; i++ {
			switch {
			case old[i].message == message && !(old[i].status != dasf.ReportRunning && r.Status() == dasf.ReportRunning):
				found = i
			case old[i].status == dasf.ReportRunning && left[old[i].message] == 0:
				found = i // its message has changed
			}
		}
		p := pair{report: r}
		if found >= 0 {
			p.node, at = old[found], found+1
		}
		pairs = append(pairs, p)
	}
	return pairs
}

// took returns how long the node has been running, and whether that is known.
func (n *node) took(now time.Time) (time.Duration, bool) {
	if n.sudden {
		return 0, false
	}
	if !n.ended.IsZero() {
		now = n.ended
	}
	return now.Sub(n.started), true
}

// remaining returns how long the node will take if it goes on as it did so far.
func (n *node) remaining(now time.Time) (time.Duration, bool) {
	if n.status != dasf.ReportRunning || n.done <= 0 || n.done >= n.steps {
		return 0, false
	}
	elapsed := now.Sub(n.started)
	left := float64(elapsed) / float64(n.done) * float64(n.steps-n.done)
	const most = 1000 * time.Hour
	if left > float64(most) {
		return 0, false
	}
	return time.Duration(left), true
}

// clean makes one line of a text, without what moves a terminal's cursor.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, text)
}
