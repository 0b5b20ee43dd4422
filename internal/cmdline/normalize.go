package cmdline

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// A line is a command line taken apart.
type line struct {
	flags       []given      // those of the program and of the command, as they came
	path        []*kong.Node // the program, its command, the command of that, …
	positionals []string
	warnings    []string
}

// node is the command, or the program if there is none.
func (l *line) node() *kong.Node { return l.path[len(l.path)-1] }

// A given flag has its value; that of a flag without a value is "true".
type given struct {
	flag  *kong.Flag
	value string
}

// take takes args apart. Flags of a command may stand in front of it, so the
// command is looked for first.
func take(app *kong.Node, args []string) (*line, error) {
	path, err := findCommand(app, args)
	if err != nil {
		return nil, err
	}
	var known flagSet
	for _, node := range path {
		known = append(known, node.Flags...)
	}
	w := &walker{known: known, path: path[:1], rest: args}
	l := &line{path: path}
	for len(w.rest) > 0 {
		if err := w.step(l); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// findCommand returns the way to the command of a command line. It knows the
// flags of all commands, since one may stand in front of its own.
func findCommand(app *kong.Node, args []string) ([]*kong.Node, error) {
	w := &walker{known: allFlags(app), path: []*kong.Node{app}, rest: args, lenient: true}
	for len(w.rest) > 0 {
		if err := w.step(&line{}); err != nil {
			return nil, err
		}
	}
	return withDefault(w.path), nil
}

// withDefault adds what a command does that is given none of its own commands.
func withDefault(path []*kong.Node) []*kong.Node {
	for last := path[len(path)-1]; last.DefaultCmd != nil; last = path[len(path)-1] {
		path = append(path[:len(path):len(path)], last.DefaultCmd)
	}
	return path
}

// isDefault reports whether a command is what the one above it does by itself.
func isDefault(node *kong.Node) bool {
	return node.Parent != nil && node.Parent.DefaultCmd == node
}

// commandPath is a command as it is written on a command line.
func commandPath(node *kong.Node) string {
	for isDefault(node) {
		node = node.Parent
	}
	return node.Path()
}

func allFlags(node *kong.Node) flagSet {
	all := flagSet(node.Flags)
	for _, c := range node.Children {
		all = slices.Concat(all, allFlags(c))
	}
	return all
}

func child(app *kong.Node, name string) *kong.Node {
	for _, c := range app.Children {
		if c.Name == name || slices.Contains(c.Aliases, name) {
			return c
		}
	}
	return nil
}

func commandNames(app *kong.Node) []string {
	var names []string
	for _, c := range app.Children {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return names
}

// A walker goes along the words of a command line. A lenient one passes over
// what is wrong with flags: it only looks for the command.
type walker struct {
	known   flagSet
	path    []*kong.Node // as far as it was reached
	rest    []string
	plain   bool // behind --
	lenient bool
	wrong   error      // the first thing passed over
	pending *kong.Flag // the flag at the end whose values are not all there
}

func (w *walker) next() string {
	word := w.rest[0]
	w.rest = w.rest[1:]
	return word
}

// step takes one flag with its values, a command, or one positional.
func (w *walker) step(l *line) error {
	word := w.next()
	w.pending = nil
	switch {
	case w.plain || !w.isFlag(word):
		return w.positional(l, word)
	case word == "--":
		w.plain = true
		return nil
	}
	err := w.flag(l, word)
	if w.lenient {
		w.wrong = cmp.Or(w.wrong, err)
		return nil
	}
	return err
}

func (w *walker) positional(l *line, word string) error {
	here := w.path[len(w.path)-1]
	if len(here.Children) == 0 {
		l.positionals = append(l.positionals, word)
		return nil
	}
	if c := child(here, word); c != nil {
		w.path = append(w.path[:len(w.path):len(w.path)], c)
		return nil
	}
	if w.wrong != nil { // its value was taken for a command
		return w.wrong
	}
	return usagef("unknown command %s%s", word, didYouMean(word, "", commandNames(here)))
}

var negative = regexp.MustCompile(`^-\d+$|^-\d*\.\d+$`)

// isFlag decides as argparse's _parse_optional: a negative number is no flag,
// nor is an unknown word with a space in it.
func (w *walker) isFlag(word string) bool {
	if len(word) < 2 || word[0] != '-' || negative.MatchString(word) {
		return false
	}
	if word == "--" || !strings.Contains(word, " ") {
		return true
	}
	name, _, assigned := strings.Cut(word, "=")
	if long, ok := strings.CutPrefix(name, "--"); ok {
		return assigned && len(w.known.starting(long)) > 0
	}
	return w.known.short(rune(word[1])) != nil
}

func (w *walker) flag(l *line, word string) error {
	if long, ok := strings.CutPrefix(word, "--"); ok {
		name, value, assigned := strings.Cut(long, "=")
		f, shortened, err := w.known.named(name)
		if err != nil {
			return err
		}
		if shortened {
			l.warnings = append(l.warnings, "--"+name+" is short for --"+f.Name+"; write it in full, since a flag added later could make it ambiguous")
		}
		return w.values(l, f, value, assigned)
	}
	return w.cluster(l, word)
}

// cluster takes a word with one dash: -t VALUE, -tVALUE, -t=VALUE, or letters
// of flags without values.
func (w *walker) cluster(l *line, word string) error {
	if f := w.known.exact(word[1:]); f != nil && len(word) > 2 {
		return usagef("unknown flag %s; did you mean --%s?", word, f.Name) // a flag of Go's
	}
	letters := []rune(word[1:])
	for i, letter := range letters {
		f := w.known.short(letter)
		if f == nil {
			return usagef("unknown flag -%c", letter)
		}
		tail := string(letters[i+1:])
		if f.IsBool() && !strings.HasPrefix(tail, "=") {
			if err := w.values(l, f, "", false); err != nil {
				return err
			}
			continue
		}
		value, _ := strings.CutPrefix(tail, "=")
		return w.values(l, f, value, tail != "")
	}
	return nil
}

// values takes the values of a flag; assigned says that one came with it.
func (w *walker) values(l *line, f *kong.Flag, value string, assigned bool) error {
	switch {
	case assigned:
	case f.IsBool():
		value = "true"
	case takesMany(f):
		values := w.many()
		if len(w.rest) == 0 {
			w.pending = f
		}
		if len(values) == 0 {
			return usagef("--%s needs at least one value", f.Name)
		}
		value = strings.Join(values, ",")
	case len(w.rest) == 0 || w.isFlag(w.rest[0]):
		if len(w.rest) == 0 {
			w.pending = f
		}
		hint := ""
		if len(w.rest) > 0 && w.rest[0] != "--" {
			hint = "; a value that begins with a dash is written --" + f.Name + "=" + w.rest[0]
		}
		return usagef("--%s needs a value%s", f.Name, hint)
	default:
		value = w.next()
	}
	l.flags = append(l.flags, given{f, value})
	return nil
}

// many takes words up to the next flag, to -- (which is left out), or to a
// command.
func (w *walker) many() []string {
	var values []string
	for len(w.rest) > 0 {
		word := w.rest[0]
		if word == "--" {
			w.next()
			return values
		}
		if w.isFlag(word) || child(w.path[len(w.path)-1], word) != nil {
			return values
		}
		values = append(values, w.next())
	}
	return values
}

// last returns the value that counts of a flag on the command line.
func (l *line) last(name string) (string, bool) {
	for _, g := range slices.Backward(l.flags) {
		if g.flag.Name == name {
			return g.value, true
		}
	}
	return "", false
}

// words writes the line so that kong can't misread it.
func (l *line) words() []string {
	var words []string
	for i, node := range l.path {
		if i > 0 {
			words = append(words, node.Name)
		}
		for i, g := range l.flags {
			if slices.Contains(node.Flags, g.flag) && (l.isLast(i) || g.flag.IsCumulative() && !takesMany(g.flag)) {
				words = append(words, "--"+g.flag.Name+"="+g.value)
			}
		}
	}
	if len(l.positionals) > 0 {
		words = append(append(words, "--"), l.positionals...)
	}
	return words
}

// isLast reports whether no later flag replaces the one at i.
func (l *line) isLast(i int) bool {
	return !slices.ContainsFunc(l.flags[i+1:], func(g given) bool { return g.flag == l.flags[i].flag })
}
