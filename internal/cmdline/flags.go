package cmdline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// A flagSet is the flags that may stand at one place of a command line.
type flagSet []*kong.Flag

// fold makes one of the two spellings of a name.
func fold(name string) string { return strings.ReplaceAll(name, "_", "-") }

// exact returns the flag of that long name, in either spelling, or nil.
func (s flagSet) exact(name string) *kong.Flag {
	for _, f := range s {
		if fold(f.Name) == fold(name) {
			return f
		}
		for _, alias := range f.Aliases {
			if fold(alias) == fold(name) {
				return f
			}
		}
	}
	return nil
}

// short returns the flag of that letter, or nil.
func (s flagSet) short(letter rune) *kong.Flag {
	for _, f := range s {
		if f.Short == letter {
			return f
		}
	}
	return nil
}

// starting returns the flags whose long names begin with prefix.
func (s flagSet) starting(prefix string) flagSet {
	var some flagSet
	for _, f := range s {
		if strings.HasPrefix(fold(f.Name), fold(prefix)) && !slices.Contains(some, f) {
			some = append(some, f)
		}
	}
	return some
}

// named finds a flag by its long name or by the beginning of it.
func (s flagSet) named(name string) (f *kong.Flag, short bool, err error) {
	if f := s.exact(name); f != nil {
		return f, false, nil
	}
	some := s.starting(name)
	switch {
	case len(some) == 1 && name != "":
		return some[0], true, nil
	case len(some) > 1 && name != "":
		return nil, false, usagef("--%s may mean %s: write more of it", name, orList(some.names()))
	}
	return nil, false, usagef("unknown flag --%s%s", name, didYouMean(fold(name), "--", s.names()))
}

func (s flagSet) names() []string {
	names := make([]string, len(s))
	for i, f := range s {
		names[i] = "--" + f.Name
	}
	return names
}

func orList(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// didYouMean returns a proposal to put behind an error, or "".
func didYouMean(word, dashes string, names []string) string {
	var near []string
	least := len(word)/3 + 1
	for _, name := range names {
		plain := strings.TrimPrefix(fold(name), dashes)
		d := distance(word, plain)
		if strings.HasPrefix(plain, word) && word != "" {
			d = min(d, 1)
		}
		if d < least {
			near, least = nil, d
		}
		if d == least {
			near = append(near, name)
		}
	}
	if len(near) == 0 {
		return ""
	}
	return "; did you mean " + orList(near) + "?"
}

// distance is how many letters must be inserted, deleted, replaced or swapped
// with their neighbour to make b of a.
func distance(a, b string) int {
	before, previous := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := previous[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(row[j-1]+1, previous[j]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, previous = previous, row
	}
	return previous[len(b)]
}

// takesMany reports whether a flag takes values up to the next flag.
func takesMany(f *kong.Flag) bool { return f.Tag.Has("many") }

// An UsageError is a command line that can't be understood.
type UsageError struct{ text string }

func (e *UsageError) Error() string { return e.text }

func usagef(format string, args ...any) error {
	return &UsageError{fmt.Sprintf(format, args...)}
}

// Usagef makes an [UsageError].
func Usagef(format string, args ...any) error { return usagef(format, args...) }
