package typed

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"sync"
)

// A decodeFunc decodes the value that begins at d.pos into v, which is
// addressable and zero, and moves past it. What is wrong it reports and goes
// on, so that all errors of a request are found at once.
type decodeFunc func(d *decoding, v reflect.Value)

// A decoding is the state of one call: a request being decoded, or a value
// being checked (then src is nil).
type decoding struct {
	text
	strict  bool
	dynamic *dynamic // shows values in errors
	depth   int      // of a value that is checked
	result  bool     // what a backend sent: null is NaN for every float
	// quiet: only whether it fails matters (a union trying an alternative, a
	// const); errors set failed and are not kept.
	quiet  bool
	failed bool
	// retried counts the bytes that unions have read again.
	retried  int
	reserved []string

	path     []step
	errs     []FieldError
	total    int   // errors found, kept or not
	size     int   // bytes of the kept errors
	panicked error // a method of a user's type panicked

	shownAt, shownEnd int // the input shown last: fields missing in one object share it
	shown             string
}

// A step is one part of a path: a key, or an index if key is "" and indexed.
type step struct {
	key     string
	index   int
	indexed bool
}

var decodings = sync.Pool{New: func() any { return new(decoding) }}

func newDecoding(src []byte) *decoding {
	d, _ := decodings.Get().(*decoding)
	if cap(d.path) > 256 { // of one deep value; others need not carry it
		d.path = nil
	}
	*d = decoding{text: text{src: src}, path: d.path[:0], shownAt: -1}
	return d
}

// free gives d back; its errors have been taken.
func (d *decoding) free() {
	*d = decoding{path: d.path[:0]}
	clear(d.path[:cap(d.path)])
	decodings.Put(d)
}

func (d *decoding) enter(key string) { d.path = append(d.path, step{key: key}) }
func (d *decoding) enterIndex(i int) { d.path = append(d.path, step{index: i, indexed: true}) }
func (d *decoding) leave()           { d.path = d.path[:len(d.path)-1] }
func (d *decoding) giveUp() bool     { return d.quiet && d.failed || d.panicked != nil }
func (d *decoding) wrongSince(n int) bool {
	return d.total > n || d.quiet && d.failed || d.panicked != nil
}

func (d *decoding) pathText() string {
	var b []byte
	for i, s := range d.path {
		if i > 0 {
			b = append(b, '.')
		}
		if s.indexed {
			b = strconv.AppendInt(b, int64(s.index), 10)
		} else {
			b = append(b, pathStep(s.key)...)
		}
	}
	return string(b)
}

// fail reports an error of the value that begins at start.
func (d *decoding) fail(start int, kind, message string) {
	d.report(FieldError{Type: kind, Message: message}, start)
}

// wrong moves past the value at d.pos, which is of the wrong type, and reports it.
func (d *decoding) wrong(kind, message string) {
	start := d.pos
	if !d.quiet {
		d.skip()
	}
	d.fail(start, kind, message)
}

func (d *decoding) report(e FieldError, start int) {
	if d.quiet {
		d.failed = true
		return
	}
	if d.total++; !d.room() {
		return
	}
	if start != d.shownAt {
		end := d.end(start)
		d.shownAt, d.shownEnd, d.shown = start, end, pythonRepr(d.src[start:end])
	}
	e.Input, e.InputType = d.shown, pythonType(d.src[start:d.shownEnd])
	d.keep(e)
}

// reportValue reports an error of a Go value that has no text of its own.
func (d *decoding) reportValue(e FieldError, v reflect.Value) {
	if d.quiet {
		d.failed = true
		return
	}
	if d.total++; !d.room() {
		return
	}
	raw, err := d.dynamic.append(nil, v)
	if err != nil {
		raw = []byte("null")
	}
	e.Input, e.InputType = pythonRepr(raw), pythonType(raw)
	d.keep(e)
}

// adopt reports what another decoder found in the value at the present path.
func (d *decoding) adopt(e *Invalid) {
	if d.quiet {
		d.failed = true
		return
	}
	if e.Processing != nil {
		d.panicked = e.Processing
	}
	path := d.pathText()
	for _, f := range e.Fields {
		if d.total++; d.room() {
			f.prefix(path)
			d.size += len(f.Path) + len(f.Message) + len(f.Input) + 100
			d.errs = append(d.errs, f)
		}
	}
	d.total += e.Omitted
}

func (d *decoding) room() bool { return len(d.errs) < maxErrors && d.size < maxErrorText }

func (d *decoding) keep(e FieldError) {
	e.Path = d.pathText()
	d.size += len(e.Path) + len(e.Message) + len(e.Input) + 100
	d.errs = append(d.errs, e)
}

// guard is deferred around methods of users' types: a panic becomes a
// processing error.
func (d *decoding) guard(t reflect.Type, method string) {
	if p := recover(); p != nil {
		d.panicked = fmt.Errorf("%s.%s panicked: %v", t, method, p)
	}
}

// invalid returns what was found, nil if nothing. prefix is put before each path.
func (d *decoding) invalid(prefix string) *Invalid {
	if d.total == 0 && d.panicked == nil {
		return nil
	}
	e := &Invalid{Fields: d.errs, Omitted: d.total - len(d.errs), Processing: d.panicked}
	for i := range e.Fields {
		e.Fields[i].prefix(prefix)
	}
	return e
}

func (f *FieldError) prefix(p string) {
	switch {
	case p == "":
	case f.Path == "":
		f.Path = p
	default:
		f.Path = p + "." + f.Path
	}
}

// A segment is the errors d.errs[from:to] that the field of this ordinal caused.
type segment struct{ ordinal, from, to int }

// sortErrors brings the errors of a struct into the order of its fields, as
// pydantic has them, whatever the order of the keys.
func (d *decoding) sortErrors(base int, segments []segment) {
	sorted := true
	for i := 1; i < len(segments); i++ {
		sorted = sorted && segments[i-1].ordinal <= segments[i].ordinal
	}
	if sorted {
		return
	}
	old := append([]FieldError(nil), d.errs[base:]...)
	out := d.errs[base:base]
	for _, s := range byOrdinal(segments) {
		out = append(out, old[s.from-base:s.to-base]...)
	}
}

func byOrdinal(segments []segment) []segment {
	s := slices.Clone(segments)
	slices.SortStableFunc(s, func(a, b segment) int { return a.ordinal - b.ordinal })
	return s
}
