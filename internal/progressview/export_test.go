package progressview

import "time"

// Terminal makes v one of a terminal of that size, and replaces its clock.
func (v *View) Terminal(width, height int, unicode bool) {
	v.size = func() (int, int) { return width, height }
	v.style = style{unicode: unicode}
}

// Clock replaces the clock.
func (v *View) Clock(now func() time.Time) { v.now = now }

// Frame returns the lines of the present state at a width.
func (v *View) Frame(width int) []string { return v.frame(width + 1) }

// StyleOf reads the environment.
func StyleOf(lookup func(string) (string, bool)) (unicode, colour bool) {
	s := styleOf(lookup)
	return s.unicode, s.colour
}
