package layout_test

import (
	"testing"

	"github.com/dasf-go/dasf/codegen/internal/layout"
)

func list(elements ...string) layout.Doc {
	var docs []layout.Doc
	for _, e := range elements {
		docs = append(docs, layout.Text(e))
	}
	return layout.Group(layout.Text("["), layout.Indent(layout.Softline(), layout.Join(layout.Concat(layout.Text(","), layout.Line()), docs)), layout.IfBreak(layout.Text(","), nil), layout.Softline(), layout.Text("]"))
}

func TestString(t *testing.T) {
	nested := layout.Group(layout.Text("f("), layout.Indent(layout.Softline(), list("one", "two"), layout.Text(","), layout.Line(), list("three")), layout.Softline(), layout.Text(")"))
	for name, c := range map[string]struct {
		doc   layout.Doc
		width int
		want  string
	}{
		"it fits":                  {list("a", "b"), 6, "[a, b]"},
		"it does not":              {list("a", "b"), 5, "[\n  a,\n  b,\n]"},
		"no space before a break":  {layout.Concat(layout.Text("a "), layout.Line(), layout.Text("b")), 80, "a\nb"},
		"nothing":                  {layout.Concat(), 5, ""},
		"only the outer breaks":    {nested, 14, "f(\n  [one, two],\n  [three]\n)"},
		"the inner breaks too":     {nested, 9, "f(\n  [\n    one,\n    two,\n  ],\n  [three]\n)"},
		"what follows is counted":  {layout.Concat(list("a", "b"), layout.Text(";")), 6, "[\n  a,\n  b,\n];"},
		"a break may follow":       {layout.Group(list("a"), layout.Line(), list("b")), 4, "[a]\n[b]"},
		"characters are counted":   {list("ä", "ö"), 6, "[ä, ö]"},
		"what cannot be broken":    {layout.Text("abcdef"), 3, "abcdef"},
		"outside of any group":     {layout.Concat(layout.Text("a"), layout.Line(), layout.Text("b")), 80, "a\nb"},
		"a choice of nothing":      {layout.Group(layout.IfBreak(layout.Text("| "), nil), layout.Text("a")), 80, "a"},
		"a choice in what is flat": {layout.Group(layout.Text("a"), layout.IfBreak(nil, layout.Text("b"))), 80, "ab"},
	} {
		if got := layout.String(c.doc, c.width); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, c.want)
		}
	}
}
