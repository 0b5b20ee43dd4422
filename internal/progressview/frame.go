package progressview

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/dasf-go/dasf"
)

// A style is what a terminal can show.
type style struct {
	unicode, colour bool
}

// styleOf reads the locale and NO_COLOR.
func styleOf(lookup func(string) (string, bool)) style {
	s := style{colour: true}
	if text, _ := lookup("NO_COLOR"); text != "" {
		s.colour = false
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if text, _ := lookup(name); text != "" {
			text = strings.ToUpper(text)
			s.unicode = strings.Contains(text, "UTF-8") || strings.Contains(text, "UTF8")
			break
		}
	}
	return s
}

// A row is a line of the tree before it is laid out.
type row struct {
	branch  string // what leads to it
	status  dasf.ReportStatus
	text    string
	done    int
	steps   int
	count   string
	elapsed string
	left    string
}

// frame lays the trees out in at most so many lines, one at least.
func frame(roots []*node, width, height int, now time.Time, s style) []string {
	hidden := map[*node]bool{}
	rows := listRows(roots, hidden, now, s)
	over := allOver(roots)
	for len(rows) > height && len(over) > 0 {
		n := min(len(over), len(rows)-height)
		for _, one := range over[:n] {
			hidden[one] = true
		}
		over = over[n:]
		rows = listRows(roots, hidden, now, s)
	}
	if height == 1 {
		rows = rows[:min(1, len(rows))]
	}
	if len(rows) > height {
		more := len(rows) - height + 1
		rows = append(rows[:height-1], row{text: fmt.Sprintf("and %d more", more), status: dasf.ReportRunning})
	}
	return layOut(rows, width, s)
}

// allOver returns the nodes below roots that are over, in the order of their end.
func allOver(roots []*node) (over []*node) {
	var look func(children []*node)
	look = func(children []*node) {
		for _, n := range children {
			look(n.children)
			if !n.ended.IsZero() {
				over = append(over, n)
			}
		}
	}
	for _, root := range roots {
		look(root.children)
	}
	slices.SortStableFunc(over, func(a, b *node) int { return a.ended.Compare(b.ended) })
	return over
}

// listRows lists the rows of trees; hidden nodes are only counted.
func listRows(roots []*node, hidden map[*node]bool, now time.Time, s style) (rows []row) {
	for _, n := range roots {
		rows = n.rows(rows, "", "", hidden, now, s)
	}
	return rows
}

func (n *node) rows(rows []row, branch, below string, hidden map[*node]bool, now time.Time, s style) []row {
	rows = append(rows, n.row(branch, now))
	counts := n.folded
	var shown []*node
	for _, c := range n.children {
		switch {
		case !hidden[c]:
			shown = append(shown, c)
		case c.status == dasf.ReportError:
			counts[1]++
		}
	}
	var failed, running []row // those that are done stand in the number of steps
	if counts[1] > 0 {
		failed = []row{{status: dasf.ReportError, text: plural(counts[1], "step") + " failed"}}
	}
	if counts[2] > 0 {
		running = []row{{status: dasf.ReportRunning, text: plural(counts[2], "step") + " running"}}
	}
	tee, corner, bar := "|- ", "`- ", "|  "
	if s.unicode {
		tee, corner, bar = "├─ ", "└─ ", "│  "
	}
	left := len(failed) + len(shown) + len(running)
	next := func() (string, string) {
		if left--; left == 0 {
			return below + corner, below + "   "
		}
		return below + tee, below + bar
	}
	for _, line := range failed {
		line.branch, _ = next()
		rows = append(rows, line)
	}
	for _, c := range shown {
		branch, under := next()
		rows = c.rows(rows, branch, under, hidden, now, s)
	}
	for _, line := range running {
		line.branch, _ = next()
		rows = append(rows, line)
	}
	return rows
}

func (n *node) row(branch string, now time.Time) row {
	r := row{branch: branch, status: n.status, text: n.message, done: n.done, steps: n.steps}
	switch {
	case n.steps > 0:
		r.count = fmt.Sprintf("%d/%d", n.done, n.steps)
	case n.done > 0:
		r.count = fmt.Sprint(n.done)
	}
	if d, ok := n.took(now); ok {
		r.elapsed = durationText(d)
	}
	if d, ok := n.remaining(now); ok {
		r.left = "~" + durationText(d)
	}
	return r
}

// The least that is left for texts before columns are given up.
const leastText = 12

// columns are the widths of the columns at the right; 0 where there is none.
type columns struct{ bar, count, elapsed, left int }

func (c columns) total() int {
	total := 0
	for _, w := range []int{c.bar, c.count, c.elapsed, c.left} {
		if w > 0 {
			total += w + 1
		}
	}
	return total
}

// layOut makes lines of rows, none longer than width.
func layOut(rows []row, width int, s style) []string {
	var c columns
	text := 0
	for _, r := range rows {
		if r.steps > 0 {
			c.bar = min(24, max(6, width/4))
		}
		c.count = max(c.count, len(r.count))
		c.elapsed = max(c.elapsed, len(r.elapsed))
		c.left = max(c.left, len(r.left))
		text = max(text, runewidth.StringWidth(r.branch)+len("* ")+runewidth.StringWidth(r.text))
	}
	for _, column := range []*int{&c.left, &c.bar, &c.elapsed, &c.count} {
		if width-c.total() < min(text, max(leastText, width/2)) {
			*column = 0
		}
	}
	text = max(0, min(text, width-c.total()))
	lines := make([]string, len(rows))
	for i, r := range rows {
		lines[i] = strings.TrimRight(r.line(text, c, s), " ")
	}
	return lines
}

func (r row) line(text int, c columns, s style) string {
	mark, colour := "*", ""
	switch r.status {
	case dasf.ReportSuccess:
		mark, colour = "+", "32"
		if s.unicode {
			mark = "✓"
		}
	case dasf.ReportError:
		mark, colour = "!", "31"
		if s.unicode {
			mark = "✗"
		}
	default:
		if s.unicode {
			mark = "•"
		}
	}
	if text < leastText/2 {
		return runewidth.Truncate(r.text, text, "")
	}
	branch := runewidth.Truncate(r.branch, text/2, "")
	label := runewidth.Truncate(r.text, max(0, text-runewidth.StringWidth(branch)-len("* ")), "…")
	if !s.unicode {
		label = strings.ReplaceAll(label, "…", ".")
	}
	pad := max(0, text-runewidth.StringWidth(branch+mark+" "+label))
	if s.colour && colour != "" {
		mark = "\x1b[" + colour + "m" + mark + "\x1b[0m"
	}
	line := branch + mark + " " + label + strings.Repeat(" ", pad)
	if c.bar > 0 {
		line += " " + r.bar(c.bar)
	}
	for _, column := range []struct {
		width int
		text  string
	}{{c.count, r.count}, {c.elapsed, r.elapsed}, {c.left, r.left}} {
		if column.width > 0 {
			line += fmt.Sprintf(" %*s", column.width, column.text)
		}
	}
	return line
}

// bar draws how many steps are done, where their number is known.
func (r row) bar(width int) string {
	if r.steps <= 0 {
		return strings.Repeat(" ", width)
	}
	var b strings.Builder
	_ = mpb.BarStyle().Build().Fill(&b, decor.Statistics{
		AvailableWidth: width, Total: int64(r.steps), Current: int64(min(r.done, r.steps)),
		Completed: r.done >= r.steps,
	}) // a strings.Builder does not fail
	return b.String()
}
