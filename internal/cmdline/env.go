package cmdline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// EnvFile is the variable that names a file of further variables.
const EnvFile = "DE_MESSAGING_ENV_FILE"

// An Environ finds variables whatever the case of their names, as
// pydantic-settings does for demessaging 0.6.4.
type Environ struct {
	vars map[string]variable // by lower-cased name
}

type variable struct {
	name, value string
	file        string // where it stands; "" in the environment itself
}

// NewEnviron takes variables in the form of [os.Environ], and those of the file
// that DE_MESSAGING_ENV_FILE names, if it is set. What stands in the
// environment wins. A variable that is empty counts as not set.
func NewEnviron(environ []string) (*Environ, error) {
	e := &Environ{vars: map[string]variable{}}
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok && value != "" {
			e.set(variable{name: name, value: value})
		}
	}
	path, given := e.Lookup(EnvFile)
	if !given {
		return e, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s is %q: %w", EnvFile, path, reason(err))
	}
	if err := e.readFile(path, string(text)); err != nil {
		return nil, fmt.Errorf("%s: %w", EnvFile, err)
	}
	return e, nil
}

// reason leaves out what the caller says itself.
func reason(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// set keeps the exact upper-case spelling when there are two, which is what a
// reader of the documentation would have written.
func (e *Environ) set(v variable) {
	key := strings.ToLower(v.name)
	if old, ok := e.vars[key]; ok && old.name == strings.ToUpper(old.name) && old.file == v.file {
		return
	}
	e.vars[key] = v
}

// Lookup returns the value of a variable, and whether it is set.
func (e *Environ) Lookup(name string) (string, bool) {
	v, ok := e.vars[strings.ToLower(name)]
	return v.value, ok
}

// spelling returns how the variable is spelt where it is set, for errors.
func (e *Environ) spelling(name string) string {
	v := e.vars[strings.ToLower(name)]
	if v.file != "" {
		return v.name + " in " + v.file
	}
	return v.name
}

// readFile adds the variables of a dotenv file: lines NAME=value, with or
// without export in front, quotes as in a shell, comments behind #, and
// ${NAME} for what was set before.
func (e *Environ) readFile(path, text string) error {
	p := &dotenv{rest: strings.ReplaceAll(text, "\r\n", "\n"), line: 1, lookup: e.Lookup}
	for {
		name, value, err := p.next()
		if err != nil {
			return fmt.Errorf("%s:%d: %w", path, p.line, err)
		}
		if name == "" {
			return nil
		}
		if old, ok := e.vars[strings.ToLower(name)]; value != "" && (!ok || old.file != "") {
			e.vars[strings.ToLower(name)] = variable{name, value, path}
		}
	}
}
