package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
)

// A comparison looks for values that one schema allows and another does not.
type comparison struct {
	// from and to are the documents that references are looked up in.
	from, to *Schema
	// result says that results are compared, and the wording is about what may
	// come; else it is about what may be sent.
	result bool
	seen   map[pair]bool
	// budget is how many more schemas are compared: unions of unions can make
	// as many pairs as anybody likes.
	budget *int
}

const maxComparisons = 100_000

func newComparison(from, to *Schema, result bool) *comparison {
	budget := maxComparisons
	return &comparison{from: from, to: to, result: result, seen: map[pair]bool{}, budget: &budget}
}

type pair struct{ a, b *Schema }

// A misfit is a reason why a value of the first schema does not fit the second.
type misfit struct {
	path, text string
}

// say chooses the wording: of a request that is refused, or of a result that is new.
func (c *comparison) say(request, result string, args ...any) []misfit {
	if c.result {
		request = result
	}
	return []misfit{{text: fmt.Sprintf(request, args...)}}
}

// at puts the misfits under a key.
func at(key string, misfits []misfit) []misfit {
	for i := range misfits {
		if misfits[i].path == "" {
			misfits[i].path = key
		} else {
			misfits[i].path = key + "." + misfits[i].path
		}
	}
	return misfits
}

// compare lists why values of a may not fit b.
func (c *comparison) compare(a, b *Schema) []misfit {
	a, b = resolve(c.from, a), resolve(c.to, b)
	key := pair{a, b}
	if c.seen[key] {
		return nil // under way, or done
	}
	c.seen[key] = true
	if *c.budget--; *c.budget < 0 {
		return []misfit{{text: "there are too many alternatives to compare"}}
	}
	if takesAnything(b) {
		return nil
	}
	as, bs := c.alternatives(c.from, a, 0), c.alternatives(c.to, b, 0)
	if len(as) == 1 && len(bs) == 1 {
		return c.one(as[0], bs[0])
	}
	var out []misfit
	for _, x := range as {
		if !c.fitsAny(x, bs) {
			out = append(out, c.say("%s is refused now", "%s may come now", describeSchema(x))...)
		}
	}
	return out
}

// fitsAny tries the alternatives without keeping what was seen on the way.
func (c *comparison) fitsAny(a *Schema, bs []*Schema) bool {
	for _, b := range bs {
		try := *c
		try.seen = make(map[pair]bool, len(c.seen))
		for k := range c.seen {
			try.seen[k] = true
		}
		if takesAnything(b) || len(try.one(a, b)) == 0 {
			return true
		}
	}
	return false
}

// resolve follows references, at most so many that a circle ends.
func resolve(root, s *Schema) *Schema {
	for range 100 {
		if s == nil {
			return &Schema{}
		}
		d := root.Def(s.Ref)
		if d == nil {
			return s
		}
		s = d
	}
	return &Schema{}
}

// takesAnything reports whether every value fits s, for all that is known.
func takesAnything(s *Schema) bool {
	if s.Literal != nil {
		return *s.Literal
	}
	return s.Type == nil && s.Const == nil && s.Enum == nil && s.AnyOf == nil && s.OneOf == nil && s.AllOf == nil && s.Ref == "" &&
		s.Properties == nil && s.Required == nil && s.Items == nil && s.PrefixItems == nil && s.ContentMediaType == ""
}

// alternatives takes unions and lists of types apart.
func (c *comparison) alternatives(root, s *Schema, depth int) []*Schema {
	s = resolve(root, s)
	parts := s.AnyOf
	if parts == nil {
		parts = s.OneOf
	}
	if depth < 20 && parts != nil {
		var out []*Schema
		for _, p := range parts {
			out = append(out, c.alternatives(root, p, depth+1)...)
		}
		return out
	}
	if len(s.Type) < 2 {
		return []*Schema{s}
	}
	var out []*Schema
	for _, t := range s.Type {
		one := *s
		one.Type = Types{t}
		out = append(out, &one)
	}
	return out
}

// one compares two schemas that are no unions.
func (c *comparison) one(a, b *Schema) []misfit {
	if a.Literal != nil && !*a.Literal {
		return nil // no value at all
	}
	if b.Literal != nil && !*b.Literal {
		return c.say("nothing is taken any more", "something comes now")
	}
	if values := finite(a); values != nil {
		return c.values(values, b)
	}
	if finite(b) != nil {
		return c.say("only %s is taken now", "not only %s may come now", valueList(finite(b)))
	}
	if m := c.types(a, b); m != nil {
		return m
	}
	var out []misfit
	out = append(out, c.numbers(a, b)...)
	out = append(out, c.sizes(a, b)...)
	out = append(out, c.texts(a, b)...)
	out = append(out, c.arrays(a, b)...)
	out = append(out, c.objects(a, b)...)
	return out
}

// finite returns the values of a const or an enum, nil without.
func finite(s *Schema) []json.RawMessage {
	if s.Const != nil {
		return []json.RawMessage{s.Const}
	}
	return s.Enum
}

func (c *comparison) values(values []json.RawMessage, b *Schema) []misfit {
	var out []misfit
	allowed := finite(b)
	for _, v := range values {
		fits := len(b.Type) == 0 || b.Type.Has(typeOf(v)) || b.Type.Has(Number) && typeOf(v) == Integer
		if allowed != nil {
			fits = false
			for _, w := range allowed {
				fits = fits || equalValues(v, w)
			}
		}
		if !fits {
			out = append(out, c.say("the value %s is refused now", "the value %s may come now", v)...)
		}
	}
	return out
}

// equalValues compares two scalars: numbers by value, all else by their text.
func equalValues(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, y := rational(json.Number(a)), rational(json.Number(b))
	return x != nil && y != nil && x.Cmp(y) == 0
}

func typeOf(v json.RawMessage) string {
	switch kindOf(v) {
	case '{':
		return Object
	case '[':
		return Array
	case '"':
		return String
	case 't', 'f':
		return Boolean
	case 'n':
		return Null
	}
	if n := rational(json.Number(v)); n != nil && n.IsInt() {
		return Integer
	}
	return Number
}

func (c *comparison) types(a, b *Schema) []misfit {
	switch {
	case len(b.Type) == 0, len(a.Type) == 1 && (b.Type.Has(a.Type[0]) || a.Type[0] == Integer && b.Type.Has(Number)):
		return nil
	case len(a.Type) == 0:
		return c.say("any value was taken, now only %s", "it was %s, now any value may come", describeSchema(b))
	}
	return c.say("it was %[1]s and is %[2]s now", "it was %[2]s and is %[1]s now", describeSchema(a), describeSchema(b))
}

func (c *comparison) numbers(a, b *Schema) []misfit {
	var out []misfit
	if bound := b.Minimum; bound != a.Minimum && bound != "" && !above(a, bound, false) {
		out = append(out, c.say("values below %s are refused now", "values below %s may come now", bound)...)
	}
	if bound := b.ExclusiveMinimum; bound != a.ExclusiveMinimum && bound != "" && !above(a, bound, true) {
		out = append(out, c.say("values of %s and below are refused now", "values of %s and below may come now", bound)...)
	}
	if bound := b.Maximum; bound != a.Maximum && bound != "" && !below(a, bound, false) {
		out = append(out, c.say("values above %s are refused now", "values above %s may come now", bound)...)
	}
	if bound := b.ExclusiveMaximum; bound != a.ExclusiveMaximum && bound != "" && !below(a, bound, true) {
		out = append(out, c.say("values of %s and above are refused now", "values of %s and above may come now", bound)...)
	}
	if b.MultipleOf != a.MultipleOf && b.MultipleOf != "" && !multiple(a.MultipleOf, b.MultipleOf) {
		out = append(out, c.say("only multiples of %s are taken now", "not only multiples of %s may come now", b.MultipleOf)...)
	}
	return out
}

// above reports whether a's lower bounds keep every value from bound on, or
// beyond it if strict.
func above(a *Schema, bound json.Number, strict bool) bool {
	n := rational(bound)
	if n == nil {
		return false
	}
	if m := rational(a.ExclusiveMinimum); m != nil && m.Cmp(n) >= 0 {
		return true
	}
	m := rational(a.Minimum)
	return m != nil && (m.Cmp(n) > 0 || m.Cmp(n) == 0 && !strict)
}

func below(a *Schema, bound json.Number, strict bool) bool {
	n := rational(bound)
	if n == nil {
		return false
	}
	if m := rational(a.ExclusiveMaximum); m != nil && m.Cmp(n) <= 0 {
		return true
	}
	m := rational(a.Maximum)
	return m != nil && (m.Cmp(n) < 0 || m.Cmp(n) == 0 && !strict)
}

func multiple(of, step json.Number) bool {
	x, y := rational(of), rational(step)
	return x != nil && y != nil && y.Sign() != 0 && new(big.Rat).Quo(x, y).IsInt()
}

// rational reads a number; nil where there is none, or one with an exponent so
// large that its digits would fill the memory.
func rational(n json.Number) *big.Rat {
	if _, exponent, found := strings.Cut(strings.ToLower(n.String()), "e"); found && len(strings.TrimLeft(exponent, "+-0")) > 3 {
		return nil
	}
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		return nil
	}
	return r
}

func (c *comparison) sizes(a, b *Schema) []misfit {
	var out []misfit
	for _, s := range []struct {
		what                     string
		lowA, lowB, highA, highB *int
	}{
		{"characters", a.MinLength, b.MinLength, a.MaxLength, b.MaxLength},
		{"elements", a.MinItems, b.MinItems, a.MaxItems, b.MaxItems},
		{"keys", a.MinProperties, b.MinProperties, a.MaxProperties, b.MaxProperties},
	} {
		if s.lowB != nil && *s.lowB > 0 && (s.lowA == nil || *s.lowA < *s.lowB) {
			out = append(out, c.say("less than %d %s are refused now", "less than %d %s may come now", *s.lowB, s.what)...)
		}
		if s.highB != nil && (s.highA == nil || *s.highA > *s.highB) {
			out = append(out, c.say("more than %d %s are refused now", "more than %d %s may come now", *s.highB, s.what)...)
		}
	}
	return out
}

func (c *comparison) texts(a, b *Schema) []misfit {
	var out []misfit
	if b.Pattern != "" && a.Pattern != b.Pattern {
		out = append(out, c.say("it must match the pattern %s now", "it need not match the pattern %s now", b.Pattern)...)
	}
	if b.Format != "" && a.Format != b.Format {
		out = append(out, c.say("it must have the format %s now", "it need not have the format %s now", b.Format)...)
	}
	if a.ContentMediaType != b.ContentMediaType && b.ContentMediaType != "" {
		out = append(out, c.say("it must be %s now", "it need not be %s now", b.ContentMediaType)...)
	}
	return out
}

func (c *comparison) arrays(a, b *Schema) []misfit {
	var out []misfit
	if b.UniqueItems && !a.UniqueItems {
		out = append(out, c.say("an element may not come twice now", "an element may come twice now")...)
	}
	for i, p := range b.PrefixItems {
		q := a.Items
		if i < len(a.PrefixItems) {
			q = a.PrefixItems[i]
		}
		out = append(out, at(fmt.Sprint(i), c.compare(q, p))...)
	}
	if b.Items == nil {
		return out
	}
	for i, p := range a.PrefixItems {
		if i >= len(b.PrefixItems) {
			out = append(out, at(fmt.Sprint(i), c.compare(p, b.Items))...)
		}
	}
	if a.PrefixItems == nil {
		out = append(out, at("[]", c.compare(a.Items, b.Items))...)
	}
	return out
}

func (c *comparison) objects(a, b *Schema) []misfit {
	var out []misfit
	for _, name := range b.Required {
		if !a.Requires(name) {
			out = append(out, at(name, c.say("it must be given now", "it may be missing now"))...)
		}
	}
	for _, p := range a.Properties {
		if q := b.Property(p.Name); q != nil {
			out = append(out, at(p.Name, c.compare(p.Schema, q))...)
			continue
		}
		switch extra := b.AdditionalProperties; {
		case extra != nil && extra.Literal != nil && !*extra.Literal:
			out = append(out, at(p.Name, c.say("it is refused now", "it may come now, where no more keys were said to come"))...)
		case extra != nil:
			out = append(out, at(p.Name, c.compare(p.Schema, extra))...)
		case !c.result:
			out = append(out, at(p.Name, c.say("it is gone: what callers give is ignored", ""))...)
		}
	}
	if b.AdditionalProperties == nil || takesAnything(b.AdditionalProperties) {
		return out
	}
	switch extra := a.AdditionalProperties; {
	case extra != nil:
		out = append(out, at("{}", c.compare(extra, b.AdditionalProperties))...)
	case b.AdditionalProperties.Literal != nil:
		out = append(out, c.say("unknown keys are refused now", "unknown keys may come now")...)
	case a.Properties == nil:
		out = append(out, c.say("its values must be %s now", "its values need not be %s now", describeSchema(b.AdditionalProperties))...)
	}
	return out
}

func describeSchema(s *Schema) string {
	switch {
	case finite(s) != nil:
		return valueList(finite(s))
	case s.Ref != "":
		name, _ := RefName(s.Ref)
		return name
	case s.Is(Object) && s.Title != "":
		return "the object " + s.Title
	case s.Format != "":
		return "a " + s.Format
	case len(s.Type) > 0:
		return strings.Join(s.Type, " or ")
	}
	return "any value"
}

func valueList(values []json.RawMessage) string {
	texts := make([]string, 0, len(values))
	for _, v := range values {
		texts = append(texts, string(v))
	}
	return strings.Join(texts, ", ")
}
