// Package yamljson reads YAML and JSON text that a user wrote, and says line
// and column of what is wrong with it.
package yamljson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A Node is a value of YAML text with its place.
type Node = yaml.Node

// An Error says where text is wrong.
type Error struct {
	Line, Column int // from 1; 0: not known
	Message      string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// At makes an error about a node.
func At(n *Node, format string, args ...any) error {
	return &Error{n.Line, n.Column, fmt.Sprintf(format, args...)}
}

// Parse reads one document and returns its root, nil if it is empty. Errors
// are an [*Error].
func Parse(text []byte) (*Node, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(text))
	if err != nil {
		return nil, explain(err)
	}
	var doc, second Node
	if err := loader.Load(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, explain(err)
	}
	if err := loader.Load(&second); err == nil {
		return nil, At(&second, "a second document: expected one")
	} else if !errors.Is(err, io.EOF) {
		return nil, explain(err)
	}
	if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
		return doc.Content[0], nil
	}
	return &doc, nil
}

func explain(err error) error {
	var e *yaml.LoadError
	if errors.As(err, &e) {
		return &Error{e.Mark.Line, e.Mark.Column, e.Message}
	}
	return &Error{Message: strings.TrimPrefix(err.Error(), "yaml: ")}
}

// JSON returns text as JSON: unchanged if it is JSON already, else read as
// YAML. Empty text is null.
func JSON(text []byte) (json.RawMessage, error) {
	if json.Valid(text) {
		return text, nil
	}
	n, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return Convert(n)
}

// Convert returns the JSON of a node; that of nil is null. Timestamps stay the
// text that they are, and the keys of a mapping become strings. A mapping with
// a key twice is an error, as is what JSON can't say.
func Convert(n *Node) (json.RawMessage, error) {
	if n == nil {
		return json.RawMessage("null"), nil
	}
	c := converter{open: map[*Node]bool{}}
	err := c.value(n)
	return c.dst, err
}

// maxAliased bounds what text grows to by its aliases.
const maxAliased = 4 << 20

type converter struct {
	dst     []byte
	open    map[*Node]bool // aliases that are being followed
	aliased bool
}

func (c *converter) value(n *Node) error {
	if c.aliased && len(c.dst) > maxAliased {
		return At(n, "aliases make more than %d bytes of the document", maxAliased)
	}
	switch n.Kind {
	case yaml.ScalarNode:
		return c.scalar(n)
	case yaml.SequenceNode:
		return c.sequence(n)
	case yaml.MappingNode:
		return c.mapping(n)
	case yaml.AliasNode:
		if c.open[n.Alias] {
			return At(n, "the alias *%s contains itself", n.Value)
		}
		c.aliased = true
		c.open[n.Alias] = true
		defer delete(c.open, n.Alias)
		return c.value(n.Alias)
	}
	return At(n, "a value of this kind has no form in JSON")
}

func (c *converter) sequence(n *Node) error {
	c.dst = append(c.dst, '[')
	for i, item := range n.Content {
		if i > 0 {
			c.dst = append(c.dst, ',')
		}
		if err := c.value(item); err != nil {
			return err
		}
	}
	c.dst = append(c.dst, ']')
	return nil
}

func (c *converter) mapping(n *Node) error {
	pairs, err := Pairs(n)
	if err != nil {
		return err
	}
	c.dst = append(c.dst, '{')
	for i, p := range pairs {
		if i > 0 {
			c.dst = append(c.dst, ',')
		}
		c.text(p.Key.Value)
		c.dst = append(c.dst, ':')
		if err := c.value(p.Value); err != nil {
			return err
		}
	}
	c.dst = append(c.dst, '}')
	return nil
}

func (c *converter) text(s string) {
	b, _ := json.Marshal(s) // a string can always be written
	c.dst = append(c.dst, b...)
}

func (c *converter) scalar(n *Node) error {
	switch tag := n.ShortTag(); tag {
	case "!!null":
		c.dst = append(c.dst, "null"...)
	case "!!bool":
		c.dst = strconv.AppendBool(c.dst, strings.EqualFold(n.Value, "true"))
	case "!!int":
		whole, ok := new(big.Int).SetString(strings.ReplaceAll(n.Value, "_", ""), 0)
		if !ok {
			return At(n, "%q is no integer", n.Value)
		}
		c.dst = whole.Append(c.dst, 10)
	case "!!float":
		return c.float(n)
	case "!!str", "!!timestamp", "!!binary":
		c.text(n.Value)
	default:
		return At(n, "the tag %s has no form in JSON", tag)
	}
	return nil
}

func (c *converter) float(n *Node) error {
	text := strings.ReplaceAll(n.Value, "_", "")
	if json.Valid([]byte(text)) { // as it stands: nothing is rounded
		c.dst = append(c.dst, text...)
		return nil
	}
	if strings.EqualFold(text, ".nan") {
		c.dst = append(c.dst, "null"...) // as pydantic writes it
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return At(n, "%s has no form in JSON", n.Value)
	}
	c.dst = strconv.AppendFloat(c.dst, f, 'g', -1, 64)
	return nil
}

// A Pair is one entry of a mapping.
type Pair struct{ Key, Value *Node }

// Pairs returns the entries of a mapping, those of its merge keys (<<) behind
// its own. A key twice is an error.
func Pairs(n *Node) ([]Pair, error) { return pairs(n, 0) }

// maxMerged bounds how deep merge keys nest.
const maxMerged = 100

func pairs(n *Node, depth int) ([]Pair, error) {
	if n = follow(n); n.Kind != yaml.MappingNode {
		return nil, At(n, "expected a mapping")
	}
	if depth > maxMerged {
		return nil, At(n, "merge keys nest too deeply")
	}
	var own []Pair
	seen := map[string]*Node{}
	var merged []*Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := follow(n.Content[i]), n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			return nil, At(key, "a key must be a plain value")
		}
		if key.ShortTag() == "!!merge" {
			merged = append(merged, value)
			continue
		}
		if old := seen[key.Value]; old != nil {
			return nil, At(key, "the key %q stands in line %d already", key.Value, old.Line)
		}
		seen[key.Value] = key
		own = append(own, Pair{key, value})
	}
	for _, m := range merged {
		more, err := merge(follow(m), depth+1)
		if err != nil {
			return nil, err
		}
		for _, p := range more {
			if seen[p.Key.Value] == nil {
				seen[p.Key.Value] = p.Key
				own = append(own, p)
			}
		}
	}
	return own, nil
}

// merge returns the entries of what a merge key has as its value: a mapping, or
// a list of them.
func merge(n *Node, depth int) ([]Pair, error) {
	if n.Kind != yaml.SequenceNode {
		return pairs(n, depth)
	}
	var all []Pair
	for _, m := range n.Content {
		more, err := pairs(m, depth)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// follow returns what an alias stands for.
func follow(n *Node) *Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// maxNodes bounds what aliases make of a document in [Plain].
const maxNodes = 100_000

// Plain returns a copy of a tree without aliases and merge keys.
func Plain(n *Node) (*Node, error) {
	left := maxNodes
	return plain(n, map[*Node]bool{}, &left)
}

func plain(n *Node, open map[*Node]bool, left *int) (*Node, error) {
	if *left--; *left < 0 {
		return nil, At(n, "aliases make more than %d values of the document", maxNodes)
	}
	if n.Kind == yaml.AliasNode {
		if open[n.Alias] {
			return nil, At(n, "the alias *%s contains itself", n.Value)
		}
		open[n.Alias] = true
		defer delete(open, n.Alias)
		return plain(n.Alias, open, left)
	}
	c := *n
	c.Content, c.Anchor = nil, ""
	children := n.Content
	if n.Kind == yaml.MappingNode {
		entries, err := Pairs(n)
		if err != nil {
			return nil, err
		}
		children = nil
		for _, p := range entries {
			children = append(children, p.Key, p.Value)
		}
	}
	for _, child := range children {
		copied, err := plain(child, open, left)
		if err != nil {
			return nil, err
		}
		c.Content = append(c.Content, copied)
	}
	return &c, nil
}
