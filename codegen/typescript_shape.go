package codegen

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// A node of what is to be changed in a value between JSON and JavaScript: a
// word or the name of a type (leaf), or an object with named parts.
type shapeNode struct {
	leaf  string
	key   string // list, map, optional, tuple, union or fields
	parts []shapePart
	fixed []shapePart // of fields: the values that tell a model apart
}

type shapePart struct {
	name string
	node *shapeNode
}

// isLeaf reports whether a node needs no object of its own.
func (n *shapeNode) isLeaf() bool { return n == nil || n.leaf != "" }

// shape says what is to be changed in a value; nil is nothing.
func (t *typeScript) shape(s *shape) *shapeNode {
	node := t.bareShape(s)
	if node != nil && s.optional {
		return &shapeNode{key: "optional", parts: []shapePart{{node: node}}}
	}
	return node
}

func (t *typeScript) bareShape(s *shape) *shapeNode {
	switch s.kind {
	case kindInteger:
		if isBig(s) {
			return &shapeNode{leaf: `"bigint"`}
		}
		return &shapeNode{leaf: `"integer"`}
	case kindNumber:
		if s.format != "decimal" {
			return &shapeNode{leaf: `"number"`}
		}
	case kindList, kindSet:
		return wrapShape("list", t.shape(s.elem))
	case kindMap:
		return wrapShape("map", t.shape(s.elem))
	case kindTuple, kindUnion:
		return t.severalShapes(s)
	case kindModel, kindAlias:
		return t.named(s.ref)
	}
	return nil
}

func wrapShape(key string, inner *shapeNode) *shapeNode {
	if inner == nil {
		return nil
	}
	return &shapeNode{key: key, parts: []shapePart{{node: inner}}}
}

func (t *typeScript) severalShapes(s *shape) *shapeNode {
	node := &shapeNode{key: "tuple"}
	if s.kind == kindUnion {
		node.key = "union"
	}
	for i, p := range s.parts {
		if inner := t.shape(p); inner != nil {
			node.parts = append(node.parts, shapePart{itoa(i), inner})
		}
	}
	if len(node.parts) == 0 {
		return nil
	}
	return node
}

// named refers to the shape of a type, by way of a function: it may be defined
// later.
func (t *typeScript) named(d *definition) *shapeNode {
	name := t.types[d]
	if !t.changes(d, map[*definition]bool{}) {
		return nil
	}
	if t.shapes[name] == "" {
		t.shapes[name] = "{}" // while it is being written
		node := t.fieldsNode(d.fields)
		if d.kind == kindAlias {
			node = t.shape(d.base)
		}
		t.shapes[name] = node.text(2)
	}
	return &shapeNode{leaf: "() => shapes" + access(name)}
}

// access writes how a member of an object is got.
func access(name string) string {
	if typeScriptIdentifier.MatchString(name) {
		return "." + name
	}
	return "[" + typeScriptString(name) + "]"
}

// changes reports whether there is something to be changed in a type.
func (t *typeScript) changes(d *definition, seen map[*definition]bool) bool {
	if seen[d] {
		return false
	}
	seen[d] = true
	found := false
	look := func(s *shape) {
		switch s.kind {
		case kindInteger, kindNumber:
			found = found || s.format != "decimal"
		case kindModel, kindAlias:
			found = found || t.changes(s.ref, seen)
		}
	}
	for _, f := range d.fields {
		f.shape.each(look)
	}
	d.base.each(look)
	return found
}

func (t *typeScript) fieldsNode(fields []*field) *shapeNode {
	node := &shapeNode{key: "fields"}
	for _, f := range fields {
		if inner := t.shape(f.shape); inner != nil {
			node.parts = append(node.parts, shapePart{f.name, inner})
		}
		if f.constant && len(f.shape.values) == 1 {
			node.fixed = append(node.fixed, shapePart{f.name, &shapeNode{leaf: constantText(f.shape.values[0])}})
		}
	}
	if len(node.parts) == 0 {
		return nil
	}
	return node
}

func constantText(raw json.RawMessage) string {
	if text := typeScriptLiteral(raw); text != "unknown" {
		return text
	}
	return "undefined"
}

// note keeps a node under a name, and returns how it is referred to.
func (t *typeScript) note(node *shapeNode, name string) string {
	switch {
	case node == nil:
		return "undefined"
	case node.leaf != "":
		return strings.TrimPrefix(node.leaf, "() => ")
	}
	t.shapes[name] = node.text(2)
	return "shapes" + access(name)
}

// text writes a node as an object, with each part on lines of its own.
func (n *shapeNode) text(spaces int) string {
	if n.leaf != "" {
		return n.leaf
	}
	margin := strings.Repeat(" ", spaces)
	var b strings.Builder
	b.WriteString("{\n")
	if len(n.parts) == 1 && n.parts[0].name == "" && n.key != "fields" {
		b.WriteString(margin + "  " + n.key + ": " + n.parts[0].node.text(spaces+2) + ",\n")
	} else {
		b.WriteString(margin + "  " + n.key + ": {\n")
		writeParts(&b, n.parts, spaces+4)
		b.WriteString(margin + "  },\n")
	}
	if len(n.fixed) > 0 {
		b.WriteString(margin + "  fixed: {\n")
		writeParts(&b, n.fixed, spaces+4)
		b.WriteString(margin + "  },\n")
	}
	b.WriteString(margin + "}")
	return b.String()
}

func writeParts(b *strings.Builder, parts []shapePart, spaces int) {
	for _, p := range parts {
		key := p.name
		if !isNumber(key) {
			key = typeScriptKey(key)
		}
		b.WriteString(assignment(spaces, key+":", p.node.text(spaces), ",") + "\n")
	}
}

func isNumber(key string) bool {
	return key == "0" || key != "" && key[0] != '0' && strings.Trim(key, "0123456789") == ""
}

// shapeText writes all shapes, as members of one object.
func (t *typeScript) shapeText() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(t.shapes)) {
		b.WriteString("\n" + assignment(2, typeScriptKey(name)+":", t.shapes[name], ","))
	}
	return b.String()
}
