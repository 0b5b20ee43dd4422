package typed

import (
	"encoding/json"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/dasf-go/dasf/internal/api"
)

// constrain adds to s the rules of l that JSON schema can say. The others are
// checked all the same; docs/types.md lists them.
func constrain(s *api.Schema, sh shape, l level) {
	k := constraints{s: s, shape: sh}
	for _, r := range l.Rules {
		if r.Name == "omitempty" || r.Name == "omitzero" {
			k.zeroPasses = true
			continue
		}
		k.add(r)
	}
	k.zeroPasses = false
	if l.Pattern != "" {
		k.pattern(l.Pattern)
	}
	if l.MultipleOf != "" {
		k.number().MultipleOf = json.Number(l.MultipleOf)
	}
}

// constraints adds rules to the schema of one value.
type constraints struct {
	s     *api.Schema
	shape shape
	// zeroPasses is set after omitempty: the rules that follow are not held
	// against Go's zero value, so that those which it breaks would be untrue.
	zeroPasses bool
}

func (k *constraints) add(r rule) {
	switch k.shape.Kind {
	case KindInt, KindUint, KindFloat, KindBigInt, KindDecimal, KindNumber:
		k.addNumber(r)
	case KindString:
		k.addString(r)
	case KindText, KindUUID:
		if has(k.shape.Type, textMarshaler) { // else the rule is for what Go has, not for the text
			k.addString(r)
		}
	case KindBool:
		if v, err := strconv.ParseBool(r.Param); err == nil && r.Name == "eq" && !(k.zeroPasses && v) {
			k.s.Const = strconv.AppendBool(nil, v)
		}
	case KindSlice, KindArray, KindSet:
		k.addCount(r, &k.s.MinItems, &k.s.MaxItems)
		if r.Name == "unique" && r.Param == "" {
			k.s.UniqueItems = true
		}
	case KindMap:
		k.addCount(r, &k.s.MinProperties, &k.s.MaxProperties)
	}
}

// isText reports whether rules of strings apply to a kind.
func isText(k Kind) bool { return k == KindString || k == KindText || k == KindUUID }

// number is the schema that the bounds of a number belong to.
func (k *constraints) number() *api.Schema {
	if k.shape.Kind == KindDecimal && len(k.s.AnyOf) > 0 {
		return k.s.AnyOf[0] // a decimal is a number or a string; pydantic bounds the number
	}
	return k.s
}

func (k *constraints) addNumber(r rule) {
	if r.Name == "oneof" {
		k.enum(r.Param)
		return
	}
	text, n, ok := k.parseNumber(r.Param)
	if !ok {
		return
	}
	s, zero := k.number(), 0.0
	switch r.Name {
	case "gt":
		if !k.zeroPasses || zero > n {
			s.ExclusiveMinimum = tighter(s.ExclusiveMinimum, text, 1)
		}
	case "gte", "min":
		if !k.zeroPasses || zero >= n {
			s.Minimum = tighter(s.Minimum, text, 1)
		}
	case "lt":
		if !k.zeroPasses || zero < n {
			s.ExclusiveMaximum = tighter(s.ExclusiveMaximum, text, -1)
		}
	case "lte", "max":
		if !k.zeroPasses || zero <= n {
			s.Maximum = tighter(s.Maximum, text, -1)
		}
	case "eq", "len":
		if !k.zeroPasses || n == zero {
			s.Const = json.RawMessage(text)
		}
	case "ne":
		k.not(json.RawMessage(text))
	}
	// An unsigned type's own minimum says nothing beside a bound above it.
	if s.ExclusiveMinimum != "" && s.Minimum == "0" {
		if n, err := s.ExclusiveMinimum.Float64(); err == nil && n >= 0 {
			s.Minimum = ""
		}
	}
}

// parseNumber reads the parameter of a rule as validator does, and returns it
// as JSON writes it.
func (k *constraints) parseNumber(param string) (json.Number, float64, bool) {
	switch k.shape.Kind {
	case KindInt:
		if n, err := strconv.ParseInt(param, 0, 64); err == nil {
			return json.Number(strconv.FormatInt(n, 10)), float64(n), true
		}
		return "", 0, false
	case KindUint:
		if n, err := strconv.ParseUint(param, 0, 64); err == nil {
			return json.Number(strconv.FormatUint(n, 10)), float64(n), true
		}
		return "", 0, false
	}
	n, err := strconv.ParseFloat(param, 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		return "", 0, false
	}
	if json.Valid([]byte(param)) {
		return json.Number(param), n, true
	}
	return json.Number(strconv.FormatFloat(n, 'g', -1, 64)), n, true
}

// tighter returns the stricter of two bounds: the larger one for direction 1,
// the smaller one for -1.
func tighter(a, b json.Number, direction int) json.Number {
	if a == "" {
		return b
	}
	x, okX := new(big.Float).SetPrec(256).SetString(a.String())
	y, okY := new(big.Float).SetPrec(256).SetString(b.String())
	if okX && okY && y.Cmp(x)*direction > 0 {
		return b
	}
	return a
}

// addCount adds rules on a length or a number of elements.
func (k *constraints) addCount(r rule, lowest, highest **int) {
	n, err := strconv.Atoi(r.Param)
	if err != nil {
		return
	}
	low, high := -1, -1
	switch r.Name {
	case "min", "gte":
		low = n
	case "gt":
		low = n + 1
	case "max", "lte":
		high = n
	case "lt":
		high = n - 1
	case "len", "eq":
		low, high = n, n
	}
	// A slice or map that is present counts as a value though it is empty, so
	// that only a string may pass a lower bound by being empty.
	if low >= 0 && !(k.zeroPasses && low > 0 && isText(k.shape.Kind)) && (*lowest == nil || low > **lowest) {
		*lowest = &low
	}
	if high >= 0 && (*highest == nil || high < **highest) {
		*highest = &high
	}
}

func (k *constraints) addString(r rule) {
	switch r.Name {
	case "min", "gte", "gt", "max", "lte", "lt", "len":
		k.addCount(r, &k.s.MinLength, &k.s.MaxLength)
	case "eq":
		if !k.zeroPasses || r.Param == "" {
			k.s.Const = jsonString(r.Param)
		}
	case "ne":
		k.not(jsonString(r.Param))
	case "oneof":
		k.enum(r.Param)
	default:
		if f, ok := formats[r.Name]; ok && k.s.Format == "" {
			k.s.Format = f
		}
		if p := patternOf(r); p != "" && !k.zeroPasses {
			k.pattern(p)
		}
	}
}

// formats are the rules that are formats of JSON schema.
var formats = map[string]string{
	"email":            "email",
	"url":              "uri",
	"http_url":         "uri",
	"uri":              "uri",
	"uuid":             "uuid",
	"uuid3":            "uuid",
	"uuid4":            "uuid",
	"uuid5":            "uuid",
	"uuid_rfc4122":     "uuid",
	"uuid3_rfc4122":    "uuid",
	"uuid4_rfc4122":    "uuid",
	"uuid5_rfc4122":    "uuid",
	"ipv4":             "ipv4",
	"ip4_addr":         "ipv4",
	"ipv6":             "ipv6",
	"ip6_addr":         "ipv6",
	"hostname":         "hostname",
	"hostname_rfc1123": "hostname",
	"fqdn":             "hostname",
}

// patternOf is the pattern that says what the rule says, or "".
func patternOf(r rule) string {
	switch r.Name {
	case "alpha":
		return "^[a-zA-Z]+$"
	case "alphanum":
		return "^[a-zA-Z0-9]+$"
	case "number":
		return "^[0-9]+$"
	case "numeric":
		return `^[-+]?[0-9]+(?:\.[0-9]+)?$`
	case "hexadecimal":
		return "^(0[xX])?[0-9a-fA-F]+$"
	case "startswith":
		return "^" + regexp.QuoteMeta(r.Param)
	case "endswith":
		return regexp.QuoteMeta(r.Param) + "$"
	case "contains":
		return regexp.QuoteMeta(r.Param)
	}
	return ""
}

// pattern adds a pattern. JSON schema has room for one; more go into allOf.
func (k *constraints) pattern(p string) {
	if k.s.Pattern == "" {
		k.s.Pattern = p
		return
	}
	k.s.AllOf = append(k.s.AllOf, &api.Schema{Pattern: p})
}

func (k *constraints) not(value json.RawMessage) {
	if k.s.Extra["not"] == nil {
		setExtra(k.s, "not", json.RawMessage(`{"const":`+string(value)+`}`))
	}
}

var oneofValues = regexp.MustCompile(`'[^']*'|\S+`) // as validator splits them

// enum adds the alternatives of oneof. One alternative is a const, as pydantic
// writes Literal.
func (k *constraints) enum(param string) {
	var values []json.RawMessage
	zero := false
	for _, text := range oneofValues.FindAllString(param, -1) {
		text = strings.ReplaceAll(text, "'", "")
		if isText(k.shape.Kind) {
			values = append(values, jsonString(text))
			zero = zero || text == ""
			continue
		}
		n, ok := new(big.Int).SetString(text, 10)
		if !ok {
			return
		}
		values = append(values, json.RawMessage(n.String()))
		zero = zero || n.Sign() == 0
	}
	switch {
	case len(values) == 0 || k.zeroPasses && !zero:
	case len(values) == 1:
		k.s.Const = values[0]
	default:
		k.s.Enum = values
	}
}
