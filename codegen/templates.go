package codegen

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"text/template"
)

//go:embed templates
var embedded embed.FS

// Templates returns the templates of this package, in the syntax of
// text/template, under the names by which Input.Templates replaces them:
//
//	python/module.py.tmpl       the whole stub
//	python/function.py.tmpl     a function or a method
//	python/class.py.tmpl        a class
//	python/connection.py.tmpl   how a Python stub talks to the backend
//	typescript/module.ts.tmpl   the whole file
//	typescript/connection.ts.tmpl
//	go/package.go.tmpl          the whole package
//
// What a template is given is told in its first lines.
func Templates() fs.FS {
	sub, err := fs.Sub(embedded, "templates")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	return sub
}

// A renderer runs templates, the user's before ours.
type renderer struct{ own fs.FS }

func (r renderer) render(name string, data any) (string, error) {
	text, err := r.text(name)
	if err != nil {
		return "", err
	}
	t, err := template.New(name).Funcs(template.FuncMap{"indent": indent, "join": strings.Join}).Parse(text)
	if err != nil {
		return "", fmt.Errorf("codegen: template %s: %w", name, err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return "", fmt.Errorf("codegen: template %s: %w", name, err)
	}
	return b.String(), nil
}

func (r renderer) text(name string) (string, error) {
	if r.own != nil {
		text, err := fs.ReadFile(r.own, name)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return string(text), err
		}
	}
	text, err := fs.ReadFile(Templates(), name)
	return string(text), err
}

// indent puts so many spaces before each line of text that is not empty.
func indent(spaces int, text string) string {
	prefix := strings.Repeat(" ", spaces)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = prefix + line
		}
	}
	return strings.Join(lines, "\n")
}
