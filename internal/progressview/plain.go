package progressview

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dasf-go/dasf"
)

// maxLines is how many changes of one report are written; the others are
// counted. A backend may complete thousands of steps between two reports.
const maxLines = 20

// countEvery is the least time between two lines about the steps of a node.
const countEvery = time.Second

// writeChanges writes one line a change.
func writeChanges(out io.Writer, root *node, changes []change, now time.Time) {
	var b strings.Builder
	written, left := 0, 0
	for i, c := range changes {
		n := c.path[len(c.path)-1]
		if c.count && !c.first && !c.text && !c.ended {
			if now.Sub(n.countShown) < countEvery {
				continue
			}
		}
		last := i == len(changes)-1
		if written >= maxLines && !(last && c.ended) {
			left++
			continue
		}
		if last && left > 0 {
			fmt.Fprintf(&b, "%s: %d more changes\n", root.message, left)
			left = 0
		}
		if c.count {
			n.countShown = now
		}
		b.WriteString(pathText(c.path) + ": " + c.words(now) + "\n")
		written++
	}
	if left > 0 {
		fmt.Fprintf(&b, "%s: %d more changes\n", root.message, left)
	}
	_, _ = io.WriteString(out, b.String()) // a view must not end a call
}

func pathText(path []*node) string {
	var parts []string
	for _, n := range path {
		parts = append(parts, n.message)
	}
	return strings.Join(parts, " > ")
}

// words say what is new.
func (c change) words(now time.Time) string {
	n := c.path[len(c.path)-1]
	var parts []string
	switch {
	case c.ended && n.status == dasf.ReportError:
		parts = append(parts, "failed")
	case c.ended:
		parts = append(parts, "done")
	case c.first:
		parts = append(parts, "started")
	}
	switch {
	case n.steps > 0 && (n.done > 0 || c.ended):
		parts = append(parts, fmt.Sprintf("%d of %d steps", n.done, n.steps))
	case n.done > 0 && (c.count || c.ended):
		parts = append(parts, plural(n.done, "step"))
	case n.steps > 0:
		parts = append(parts, plural(n.steps, "step"))
	case len(parts) == 0:
		parts = append(parts, "running")
	}
	if d, ok := n.took(now); ok && c.ended {
		parts[len(parts)-1] += " in " + durationText(d)
	}
	if d, ok := n.remaining(now); ok && !c.ended {
		parts = append(parts, "about "+durationText(d)+" left")
	}
	return strings.Join(parts, ", ")
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// durationText is 0.4s, 12s, 1:20 or 1:02:03.
func durationText(d time.Duration) string {
	switch s := int(d.Seconds()); {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	default:
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
}
