package pyfmt

import (
	"errors"
	"iter"
	"maps"
	"slices"
)

// The rules of this file are those of black 26's stable style (linegen.py and
// lines.py), for the statements that scanner.statement lets through.

// errNoSplit says that a rule finds nothing to break.
var errNoSplit = errors.New("no split")

// maxPasses bounds the passes of [split]. Black makes two.
const maxPasses = 4

// split returns the lines of a statement. The trailing commas that a break adds
// can change what is best, so it breaks anew until nothing changes.
func split(leaves []*leaf, depth, width int) []string {
	s := splitter{width: width}
	leaves = withOptionalBrackets(leaves)
	var text []string
	for range maxPasses {
		noteAnnotations(leaves)
		l := newLine(depth, false)
		for _, f := range leaves {
			l.add(f, true)
		}
		parts := s.transform(l, false)
		before := text
		text, leaves = nil, nil
		for _, part := range parts {
			text = append(text, part.String())
			leaves = append(leaves, part.leaves...)
		}
		if slices.Equal(before, text) {
			break
		}
		hideOptional(leaves)
	}
	return text
}

type splitter struct{ width int }

// A rule breaks a line in parts.
type rule func(s splitter, l *line, force bool) ([]*line, error)

// transform breaks a line until its parts fit, as far as they can. force puts
// brackets around expressions even where that could be avoided.
func (s splitter) transform(l *line, force bool) []*line {
	if !l.explode && !l.magic && l.fits(s.width) {
		return []*line{l}
	}
	var rules []rule
	isDef := l.isDef() && !l.magicResult()
	switch {
	case isDef:
		rules = []rule{splitter.leftHand}
	case l.inBrackets:
		rules = []rule{splitter.atDelimiters, splitter.rightHand}
	default:
		rules = []rule{splitter.rightHand}
	}
	for i, r := range rules {
		isRightHand := i == len(rules)-1 && !isDef
		if parts, err := s.run(l, r, isRightHand, force); err == nil {
			return parts
		}
	}
	return []*line{l}
}

func (s splitter) run(l *line, r rule, isRightHand, force bool) ([]*line, error) {
	before := l.String()
	var optional []*leaf
	for _, f := range l.invisible {
		if f.depth == 0 {
			optional = append(optional, f)
		}
	}
	var copied *line
	if isRightHand && !force && len(l.invisible) > 0 {
		copied = l.clone()
	}
	parts, err := r(s, l, force)
	if err != nil {
		return nil, err
	}
	var out []*line
	for _, part := range parts {
		if part.String() == before {
			return nil, errNoSplit
		}
		out = append(out, s.transform(part, force)...)
	}
	if copied == nil || anyVisible(optional) || out[0].fits(s.width) {
		return out, nil
	}
	second, err := s.run(copied, r, isRightHand, true)
	if err != nil {
		return nil, err
	}
	for _, part := range second {
		if !part.fits(s.width) {
			return out, nil
		}
	}
	return second, nil
}

func anyVisible(brackets []*leaf) bool {
	for _, f := range brackets {
		if f.text != "" {
			return true
		}
	}
	return false
}

// clone copies a line and its leaves.
func (l *line) clone() *line {
	out := newLine(l.depth, l.inBrackets)
	out.explode = l.explode
	for _, f := range l.leaves {
		copied := *f
		out.add(&copied, true)
	}
	out.magic = l.magic
	return out
}

// leftHand breaks a def at the brackets of its parameters, or of its result
// where there are no parameters.
func (s splitter) leftHand(l *line, _ bool) ([]*line, error) {
	var head, body, tail []*leaf
	var open *leaf
	for _, f := range l.leaves {
		if open != nil && len(tail) == 0 && f.kind == closing && f.open == open {
			if len(body) == 0 {
				open = nil
				head = append(head, f)
				continue
			}
			show(open, f)
			tail = append(tail, f)
			continue
		}
		switch {
		case len(tail) > 0:
			tail = append(tail, f)
		case open != nil:
			body = append(body, f)
		default:
			head = append(head, f)
			if f.kind == opening && (f.text == "(" || f.text == "") {
				open = f
			}
		}
	}
	if open == nil || len(tail) == 0 {
		return nil, errNoSplit
	}
	return s.build(l, head, body, tail, open)
}

// show gives a pair of brackets its text.
func show(open, close *leaf) {
	if open.text == "" {
		open.text, close.text = "(", ")"
	}
}

// atDelimiters breaks a line at all its delimiters of the highest priority.
func (s splitter) atDelimiters(l *line, _ bool) ([]*line, error) {
	last := l.leaves[len(l.leaves)-1]
	priority := l.maxPriority(last)
	if priority == noPriority || priority == dotPriority && l.count(dotPriority) == 1 {
		return nil, errNoSplit
	}
	var parts []*line
	part := newLine(l.depth, l.inBrackets)
	for _, f := range l.leaves {
		part.add(f, false)
		if l.delimiters[f] == priority {
			parts = append(parts, part)
			part = newLine(l.depth, l.inBrackets)
		}
	}
	if len(part.leaves) > 0 {
		if priority == commaPriority && part.leaves[len(part.leaves)-1].kind != comma {
			part.add(&leaf{kind: comma, text: ","}, false)
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// halves are what a break at one pair of brackets gives.
type halves struct {
	head, body, tail *line
	open, close      *leaf
}

func (h halves) lines() []*line {
	var out []*line
	for _, l := range []*line{h.head, h.body, h.tail} {
		if len(l.leaves) > 0 {
			out = append(out, l)
		}
	}
	return out
}

// rightHand breaks a line at its last brackets, or at earlier ones where what
// follows them fits on the line of their closing bracket.
func (s splitter) rightHand(l *line, force bool) ([]*line, error) {
	var first []*line
	for omit := range s.trailersToOmit(l) {
		if len(omit) > 0 && s.headTooLong(l, omit) {
			continue
		}
		parts, err := s.atBrackets(l, omit, force)
		if err != nil {
			return nil, err
		}
		if first == nil && len(omit) == 0 {
			first = parts
		}
		if parts[0].fits(s.width) {
			return parts, nil
		}
	}
	if first != nil {
		return first, nil
	}
	return s.atBrackets(l, nil, force)
}

func (s splitter) headTooLong(l *line, omit map[*leaf]bool) bool {
	var open *leaf
	for i := len(l.leaves) - 1; i >= 0; i-- {
		if f := l.leaves[i]; f.kind == closing && !omit[f] {
			open = f.open
			break
		}
	}
	if open == nil || open.text == "" {
		return false
	}
	n := l.depth * indentWidth
	for _, f := range l.leaves {
		if f == open {
			break
		}
		n += f.length()
	}
	return n > s.width
}

// trailersToOmit returns growing sets of closing brackets at the end of a line
// whose brackets may stay together because they fit. It looks at each bracket
// only when asked for the next set: the break at a set before may have given
// text to optional brackets.
func (s splitter) trailersToOmit(l *line) iter.Seq[map[*leaf]bool] {
	return func(yield func(map[*leaf]bool) bool) {
		if !l.magic && !yield(nil) {
			return
		}
		omit := map[*leaf]bool{}
		inner := map[*leaf]bool{}
		length := l.depth * indentWidth
		var open, close *leaf
		for i, f := range slices.Backward(l.leaves) {
			if length += f.length(); length > s.width {
				return
			}
			var previous *leaf
			if i > 0 {
				previous = l.leaves[i-1]
			}
			trailing := f.kind == closing && f.open != nil && previous != nil && previous.kind == comma && !l.isOneTuple(f)
			switch {
			case open != nil && f == open:
				open = nil
			case open != nil && trailing:
				return
			case open != nil && f.kind == closing:
				inner[f] = true
			case open != nil || f.kind != closing:
			case previous != nil && previous.kind == opening:
				inner[f] = true
			default:
				if close != nil {
					omit[close] = true
					maps.Copy(omit, inner)
					clear(inner)
					if !yield(maps.Clone(omit)) {
						return
					}
				}
				if trailing {
					return
				}
				if f.text != "" {
					open, close = f.open, f
				}
			}
		}
	}
}

// lastBrackets breaks a line at its last brackets that are not in omit.
func (s splitter) lastBrackets(l *line, omit map[*leaf]bool) (halves, error) {
	var h halves
	at, from := -1, -1
	for i := len(l.leaves) - 1; i >= 0 && from < 0; i-- {
		f := l.leaves[i]
		switch {
		case at >= 0 && f == h.open && i == at-1:
			at, h = -1, halves{} // an empty pair belongs to what follows it
		case at >= 0 && f == h.open:
			from = i
		case at < 0 && f.kind == closing && !omit[f]:
			at, h.open, h.close = i, f.open, f
		}
	}
	if from < 0 {
		return h, errNoSplit
	}
	parts, err := s.build(l, l.leaves[:from+1], l.leaves[from+1:at], l.leaves[at:], h.open)
	if err != nil {
		return h, err
	}
	h.head, h.body, h.tail = parts[0], parts[1], parts[2]
	return h, nil
}

// atBrackets breaks a line at its last brackets that are not in omit. Where
// these are brackets that are not there yet, it tries to do without them.
func (s splitter) atBrackets(l *line, omit map[*leaf]bool, force bool) ([]*line, error) {
	h, err := s.lastBrackets(l, omit)
	if err != nil {
		return nil, err
	}
	return s.withoutOptional(h, l, omit, force)
}

func (s splitter) withoutOptional(h halves, l *line, omit map[*leaf]bool, force bool) ([]*line, error) {
	if !force && h.open.text == "" && h.close.text == "" && !l.isImport() && h.body.maxPriority(nil) != commaPriority {
		more := map[*leaf]bool{h.close: true}
		for f := range omit {
			more[f] = true
		}
		without, err := s.lastBrackets(l, more)
		if err == nil && s.prefers(without, h) {
			parts, tryErr := s.withoutOptional(without, l, more, force)
			if tryErr == nil {
				return parts, nil
			}
			err = tryErr
		}
		if err != nil && !splittable(h.body) && !h.body.fits(s.width) {
			return nil, errNoSplit
		}
	}
	show(h.open, h.close)
	return h.lines(), nil
}

// splittable is false for what can't be broken for certain: one token. A minus
// is a token, though here it is part of its number.
func splittable(l *line) bool {
	return len(l.leaves) > 1 || len(l.leaves) == 1 && l.leaves[0].kind == number && l.leaves[0].text[0] == '-'
}

// prefers reports whether breaking inside of an expression is better than
// breaking around it.
func (s splitter) prefers(inside, around halves) bool {
	head := around.head
	n := len(head.leaves)
	if n < 2 || head.leaves[n-2].kind != equal {
		return true // it is no assignment
	}
	brackets := false
	for _, f := range head.leaves[:n-1] {
		brackets = brackets || f.kind == opening || f.kind == closing
	}
	if !brackets || !head.fits(s.width-1) || head.magic {
		return true
	}
	hasEqual := false
	for i := len(inside.head.leaves) - 1; i >= 0; i-- {
		f := inside.head.leaves[i]
		if f.kind == equal {
			hasEqual = true
			break
		}
		if f.kind == closing {
			return true
		}
	}
	return hasEqual && inside.head.fits(s.width)
}

// build makes the three lines of a break at a pair of brackets.
func (s splitter) build(l *line, head, body, tail []*leaf, open *leaf) ([]*line, error) {
	if len(body) == 0 {
		return nil, errNoSplit
	}
	h, b, t := newLine(l.depth, false), newLine(l.depth+1, true), newLine(l.depth, false)
	tracked := matched(head)
	for _, f := range head {
		h.add(f, tracked[f])
	}
	if s.needsComma(l, body, open) {
		body = append(append([]*leaf(nil), body...), &leaf{kind: comma, text: ","})
	}
	for _, f := range body {
		b.add(f, false)
	}
	for _, f := range tail {
		t.add(f, false)
	}
	last := b.leaves[len(b.leaves)-1]
	var except *leaf
	if last.kind == comma {
		except = last
	}
	b.explode = b.maxPriority(except) == commaPriority && (except != nil || open.display)
	return []*line{h, b, t}, nil
}

// needsComma reports whether a body gets a trailing comma because it is an
// import or the only parameter of a def.
func (s splitter) needsComma(l *line, body []*leaf, open *leaf) bool {
	if body[len(body)-1].kind == comma {
		return false
	}
	if l.isImport() {
		return true
	}
	if !l.isDef() || open.text != "(" || open.display {
		return false
	}
	for _, f := range body {
		if f.kind == comma && !f.noted {
			return false
		}
	}
	return true
}

// matched returns the leaves of a head that stand between brackets which are
// both in it.
func matched(leaves []*leaf) map[*leaf]bool {
	out := map[*leaf]bool{}
	position := map[*leaf]int{}
	for i, f := range leaves {
		position[f] = i
		if f.kind != closing || f.open == nil {
			continue
		}
		if from, ok := position[f.open]; ok {
			for _, x := range leaves[from : i+1] {
				out[x] = true
			}
		}
	}
	return out
}
