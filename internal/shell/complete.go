package shell

import (
	"regexp"
	"slices"
	"strings"

	"go.starlark.net/starlark"
)

// words that may begin something at the prompt.
var keywords = []string{"and", "break", "continue", "def", "elif", "else", "for", "if", "in", "lambda", "not", "or", "pass", "return", "while",
	"True", "False", "None", "exit", "len", "range", "print", "sorted", "enumerate", "zip", "list", "dict", "str", "int", "float"}

var (
	nameAtEnd   = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*$`)
	dottedAtEnd = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$`)
	usedNames   = regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_]*)\s*=`)
)

// complete returns what the word at the end of text may become, and the part
// of that word that is there.
func (s *shell) complete(text string) (word string, candidates []string) {
	if insideString(text) {
		return "", nil
	}
	word = nameAtEnd.FindString(text)
	before := strings.TrimSuffix(text, word)
	var all []string
	if of, ok := strings.CutSuffix(strings.TrimRight(before, " "), "."); ok {
		if v := s.valueAtEnd(of); v != nil {
			all = v.AttrNames()
		}
	} else {
		all = s.parametersHere(before)
		if word != "" {
			all = append(all, keywords...)
		}
		if word != "" || len(all) == 0 {
			for name := range s.globals {
				all = append(all, name)
			}
		}
	}
	for _, name := range all {
		if name != "_" && strings.HasPrefix(name, word) && !slices.Contains(candidates, name) {
			candidates = append(candidates, name)
		}
	}
	slices.Sort(candidates)
	return word, candidates
}

// insideString reports whether text ends within a string.
func insideString(text string) bool {
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote == c:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && c == '#':
			return true
		}
	}
	return quote != 0
}

// valueAtEnd returns the value that text ends with, without running anything:
// a name with dots, or the object that a call of a class would make.
func (s *shell) valueAtEnd(text string) starlark.HasAttrs {
	if called, ok := strings.CutSuffix(text, ")"); ok {
		open := openParenthesis(called)
		if open < 0 {
			return nil
		}
		if c, ok := s.lookup(dottedAtEnd.FindString(called[:open])).(*class); ok {
			return c
		}
		return nil
	}
	v, _ := s.lookup(dottedAtEnd.FindString(text)).(starlark.HasAttrs)
	return v
}

// openParenthesis returns where the innermost parenthesis is that text leaves
// open, -1 if there is none.
func openParenthesis(text string) int {
	depth := 0
	for i := len(text) - 1; i >= 0; i-- {
		switch text[i] {
		case ')', ']', '}':
			depth++
		case '(', '[', '{':
			if depth--; depth < 0 {
				return i
			}
		}
	}
	return -1
}

// parametersHere returns the parameters of the member within whose parentheses
// text ends, but for those that are given.
func (s *shell) parametersHere(text string) []string {
	open := openParenthesis(text)
	if open < 0 || text[open] != '(' {
		return nil
	}
	callee := text[:open]
	var about described
	name := dottedAtEnd.FindString(callee)
	if of, ok := strings.CutSuffix(strings.TrimSuffix(callee, name), "."); ok && name != "" {
		if v := s.valueAtEnd(of); v != nil { // a method of a call: Model.C(...).m(
			attr, _ := v.Attr(name)
			about, _ = attr.(described)
		}
	} else {
		about, _ = s.lookup(name).(described)
	}
	if about == nil {
		return nil
	}
	if _, ok := about.(*model); ok {
		return nil
	}
	used := map[string]bool{}
	for _, m := range usedNames.FindAllStringSubmatch(text[open:], -1) {
		used[m[1]] = true
	}
	var names []string
	for _, p := range parameters(about.schema()) {
		if !used[p.Name] {
			names = append(names, p.Name+"=")
		}
	}
	return names
}

// lookup returns the value of a name with dots, nil if there is none.
func (s *shell) lookup(dotted string) starlark.Value {
	parts := strings.Split(dotted, ".")
	v := s.globals[parts[0]]
	for _, part := range parts[1:] {
		attrs, ok := v.(starlark.HasAttrs)
		if !ok {
			return nil
		}
		v, _ = attrs.Attr(part)
	}
	return v
}
