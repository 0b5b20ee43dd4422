package pyfmt

import "strings"

// Priorities of the places where a line may be broken.
const (
	noPriority    = 0
	dotPriority   = 1
	commaPriority = 18
)

// A line is a part of a statement that is meant to stand on one line. What it
// knows of its brackets covers only what was marked.
type line struct {
	leaves     []*leaf
	depth      int  // of indentation
	inBrackets bool // it is what stood between two brackets
	explode    bool // break it at its commas even if it fits
	magic      bool // it holds a bracket with a trailing comma
	delimiters map[*leaf]int
	invisible  []*leaf
	bracket    int
	openings   map[int]*leaf
	lastMarked *leaf
}

func newLine(depth int, inBrackets bool) *line {
	return &line{depth: depth, inBrackets: inBrackets, delimiters: map[*leaf]int{}, openings: map[int]*leaf{}}
}

// add appends a leaf. Leaves inside of brackets are marked, as are those of
// whole statements.
func (l *line) add(f *leaf, mark bool) {
	if l.inBrackets || mark {
		l.mark(f)
		if l.hasMagicComma(f) {
			l.magic = true
		}
	}
	l.leaves = append(l.leaves, f)
}

// mark notes how deep in brackets a leaf is, and whether a line may break at it.
func (l *line) mark(f *leaf) {
	if l.bracket == 0 && f.kind == closing && l.openings[0] == nil {
		return
	}
	if f.kind == closing {
		l.bracket--
		f.open = l.openings[l.bracket]
		delete(l.openings, l.bracket)
		if f.text == "" {
			l.invisible = append(l.invisible, f)
		}
	}
	f.depth = l.bracket
	if l.bracket == 0 {
		switch {
		case f.kind == dot && (l.lastMarked == nil || l.lastMarked.kind == closing):
			if l.lastMarked != nil {
				l.delimiters[l.lastMarked] = dotPriority
			}
		case f.kind == comma:
			l.delimiters[f] = commaPriority
		}
	}
	if f.kind == opening {
		l.openings[l.bracket] = f
		l.bracket++
		if f.text == "" {
			l.invisible = append(l.invisible, f)
		}
	}
	l.lastMarked = f
}

// hasMagicComma reports whether f closes a bracket behind a trailing comma that
// is there by choice: not that of a tuple of one.
func (l *line) hasMagicComma(f *leaf) bool {
	if f.kind != closing || len(l.leaves) == 0 || l.leaves[len(l.leaves)-1].kind != comma {
		return false
	}
	switch {
	case f.text == "}":
		return true
	case f.text == "]":
		return f.open == nil || f.open.display || !l.oneBetween(f)
	case l.isImport():
		return true
	}
	return !l.isOneTuple(f)
}

// isOneTuple reports whether f closes a tuple of one, which needs its comma.
func (l *line) isOneTuple(f *leaf) bool {
	return f.text == ")" && f.open != nil && f.open.display && l.oneBetween(f)
}

// oneBetween reports whether there is one comma between the closing bracket f
// and its opening one.
func (l *line) oneBetween(f *leaf) bool {
	commas, inside := 0, false
	for _, x := range l.leaves {
		if x == f.open {
			inside = true
		} else if inside && x.kind == comma && x.depth == f.depth+1 {
			commas++
		}
	}
	return inside && commas < 2
}

func (l *line) maxPriority(except *leaf) int {
	highest := noPriority
	for f, p := range l.delimiters {
		if f != except {
			highest = max(highest, p)
		}
	}
	return highest
}

func (l *line) count(priority int) int {
	n := 0
	for _, p := range l.delimiters {
		if p == priority {
			n++
		}
	}
	return n
}

func (l *line) begins(words ...string) bool {
	if len(l.leaves) > 0 && l.leaves[0].kind == name {
		for _, w := range words {
			if l.leaves[0].text == w {
				return true
			}
		}
	}
	return false
}

func (l *line) isDef() bool    { return l.begins("def") }
func (l *line) isImport() bool { return l.begins("from", "import") }

// magicResult reports whether the annotation of a def's result has a trailing
// comma, which is to be broken first.
func (l *line) magicResult() bool {
	result := newLine(l.depth, false)
	inside := false
	for _, f := range l.leaves {
		if f.text == "->" {
			inside = true
		} else if inside && f.kind != colon {
			copied := *f
			result.add(&copied, true)
		}
	}
	return result.magic
}

func (l *line) String() string {
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", l.depth*indentWidth))
	for i, f := range l.leaves {
		if f.space && i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(f.text)
	}
	return b.String()
}

func (l *line) fits(width int) bool { return Width(l.String()) <= width }

func (f *leaf) length() int {
	n := Width(f.text)
	if f.space {
		n++
	}
	return n
}
