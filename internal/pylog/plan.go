package pylog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/dasf-go/dasf/internal/yamljson"
)

// A plan is a configuration that was checked.
type plan struct {
	formats  map[string]*format
	handlers map[string]*handlerPlan
	loggers  map[string]*loggerPlan // the root logger is ""
	unmapped []string
}

type handlerPlan struct {
	null        bool // writes nothing
	level       level
	format      *format
	stream      string // "stdout", "stderr", or "" for a file
	path        string
	truncate    bool
	delay       bool
	watched     bool
	maxBytes    int64
	backupCount int
}

type loggerPlan struct {
	level     level
	propagate bool
	handlers  []string
}

// A reader reads a configuration. What can't be mapped is noted and left out.
type reader struct{ plan }

func (c *Config) plan() (*plan, error) {
	r := &reader{plan{formats: map[string]*format{}, handlers: map[string]*handlerPlan{}, loggers: map[string]*loggerPlan{}}}
	if err := r.all(c.root); err != nil {
		return nil, fmt.Errorf("%s: %w", c.file, err)
	}
	return &r.plan, nil
}

func (r *reader) cannot(format string, args ...any) {
	r.unmapped = append(r.unmapped, fmt.Sprintf(format, args...))
}

func (r *reader) all(root *yamljson.Node) error {
	version := get(root, "version")
	if version == nil {
		return yamljson.At(root, "no version: dictConfig wants version: 1")
	}
	if version.Value != "1" {
		return yamljson.At(version, "version is %q: it must be 1", version.Value)
	}
	sections, err := yamljson.Pairs(root)
	if err != nil {
		return err
	}
	// Each section names what stands in those before it.
	for _, section := range []struct {
		name string
		read func(name string, n *yamljson.Node) error
	}{{"formatters", r.formatter}, {"handlers", r.handler}, {"loggers", r.logger}} {
		if err := each(get(root, section.name), section.read); err != nil {
			return err
		}
	}
	for _, s := range sections {
		switch s.Key.Value {
		case "root":
			if err := r.logger("", s.Value); err != nil {
				return err
			}
		case "filters":
			r.cannot("filters")
		case "incremental":
			if on, err := truth(s.Value); err != nil {
				return err
			} else if on {
				r.cannot("incremental")
			}
		} // Python passes over other sections too
	}
	return nil
}

// each reads the entries of a mapping, which may be missing.
func each(n *yamljson.Node, read func(string, *yamljson.Node) error) error {
	if n == nil || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
		return nil
	}
	pairs, err := yamljson.Pairs(n)
	if err != nil {
		return err
	}
	for _, p := range pairs {
		if err := read(p.Key.Value, p.Value); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) formatter(name string, n *yamljson.Node) error {
	var text, date *yamljson.Node
	style := "%"
	err := each(n, func(key string, v *yamljson.Node) error {
		switch key {
		case "format", "fmt":
			text = v
		case "datefmt":
			date = v
		case "style":
			style = v.Value
		case "validate":
		case "class", "()":
			if v.Value != "logging.Formatter" {
				r.cannot("the class %s of the formatter %s", v.Value, name)
			}
		default:
			r.cannot("%s of the formatter %s", key, name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	f := &format{}
	if text == nil {
		text = scalar(map[string]string{"%": "%(message)s", "{": "{message}", "$": "$message"}[style])
	}
	if f.parts, err = compile(text.Value, style); err != nil {
		return yamljson.At(text, "the format of %s: %v", name, err)
	}
	if date != nil && date.ShortTag() != "!!null" {
		if err := checkStrftime(date.Value); err != nil {
			return yamljson.At(date, "the datefmt of %s: %v", name, err)
		}
		f.date = date.Value
	}
	r.formats[name] = f
	return nil
}

func (r *reader) logger(name string, n *yamljson.Node) error {
	l := &loggerPlan{propagate: true}
	if name == "" {
		l.level = warning
	}
	err := each(n, func(key string, v *yamljson.Node) (err error) {
		switch key {
		case "level":
			l.level, err = readLevel(v)
		case "propagate":
			l.propagate, err = truth(v)
		case "handlers":
			l.handlers, err = r.handlerNames(v)
		case "filters":
			if len(v.Content) > 0 {
				r.cannot("filters of the logger %s", name)
			}
		default:
			r.cannot("%s of the logger %s", key, name)
		}
		return err
	})
	r.loggers[name] = l
	return err
}

func (r *reader) handlerNames(n *yamljson.Node) ([]string, error) {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
		return nil, nil
	}
	if n.Kind != yaml.SequenceNode {
		return nil, yamljson.At(n, "handlers must be a list of names")
	}
	var names []string
	for _, item := range n.Content {
		h, ok := r.handlers[item.Value]
		if !ok {
			return nil, yamljson.At(item, "no handler is called %q%s", item.Value, thereAre(r.handlers))
		}
		if h != nil { // else it could not be mapped
			names = append(names, item.Value)
		}
	}
	return names, nil
}

func thereAre[V any](all map[string]V) string {
	if len(all) == 0 {
		return ""
	}
	var names []string
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	return ": there are " + strings.Join(names, ", ")
}

// truth takes the words that PyYAML takes for a boolean.
func truth(n *yamljson.Node) (bool, error) {
	switch strings.ToLower(n.Value) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	}
	return false, yamljson.At(n, "%q must be true or false", n.Value)
}

func whole(n *yamljson.Node) (int64, error) {
	number, err := strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 10, 64)
	if err != nil || number < 0 {
		return 0, yamljson.At(n, "%q must be a whole number of at least 0", n.Value)
	}
	return number, nil
}
