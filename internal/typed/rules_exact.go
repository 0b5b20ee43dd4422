package typed

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A decimal is a number by its digits: sign 0.digits × 10^exponent, without
// leading or trailing zeros; zero has no digits. It compares exactly, whatever
// the exponent.
type decimal struct {
	negative bool
	digits   string
	exponent int
}

// parseDecimal reads a number in decimal or scientific notation.
func parseDecimal(s string) (decimal, error) {
	var d decimal
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(s), "e")
	if scientific {
		n, err := strconv.Atoi(exponent)
		if err != nil {
			return d, fmt.Errorf("%q is no decimal number", s)
		}
		d.exponent = max(-math.MaxInt32, min(n, math.MaxInt32))
	}
	d.negative = strings.HasPrefix(mantissa, "-")
	if d.negative || strings.HasPrefix(mantissa, "+") {
		mantissa = mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	all := whole + fraction
	if all == "" || strings.Trim(all, "0123456789") != "" {
		return d, fmt.Errorf("%q is no decimal number", s)
	}
	d.digits = strings.TrimLeft(all, "0")
	d.exponent += len(whole) - (len(all) - len(d.digits))
	if d.digits = strings.TrimRight(d.digits, "0"); d.digits == "" {
		return decimal{}, nil
	}
	return d, nil
}

// compare returns -1, 0 or 1.
func (d decimal) compare(o decimal) int {
	sign := func(d decimal) int {
		switch {
		case d.digits == "":
			return 0
		case d.negative:
			return -1
		}
		return 1
	}
	if a, b := sign(d), sign(o); a != b || a == 0 {
		return max(-1, min(a-b, 1))
	}
	result := d.exponent - o.exponent
	if result == 0 {
		result = strings.Compare(d.digits, o.digits)
	}
	if d.negative {
		result = -result
	}
	return max(-1, min(result, 1))
}

var bounds = []string{"max", "lte", "lt", "min", "gte", "gt", "eq", "ne"}

// holds reports whether the result of a comparison with a rule's parameter keeps the rule.
func holds(rule string, compared int) bool {
	switch rule {
	case "max", "lte":
		return compared <= 0
	case "lt":
		return compared < 0
	case "min", "gte":
		return compared >= 0
	case "gt":
		return compared > 0
	case "eq":
		return compared == 0
	}
	return compared != 0
}

// exactRules compiles the bounds of numbers that validator would take for
// structs or strings: big.Int, Decimal, json.Number. They are compared by digits.
func exactRules(s shape, rules []rule) (checkFunc, error) {
	params := make([]decimal, len(rules))
	for i, r := range rules {
		if !slices.Contains(bounds, r.Name) {
			return nil, fmt.Errorf("validate tag: the rule %q cannot be checked on %s: use %s, or give the type a method Validate() error",
				r.Text, s.Type, strings.Join(bounds, ", "))
		}
		var err error
		if params[i], err = parseDecimal(r.Param); err != nil {
			return nil, fmt.Errorf("validate tag: the parameter of %q: %w", r.Text, err)
		}
	}
	return func(d *decoding, v reflect.Value, start int) {
		n, err := parseDecimal(numberText(v))
		if err != nil {
			return // no number: the encoder's to report
		}
		for i, r := range rules {
			if !holds(r.Name, n.compare(params[i])) {
				d.breach(numberNoun.explain(r.Name, r.Param), v, start)
				return
			}
		}
	}, nil
}

// numberText is the text of a number of any type.
func numberText(v reflect.Value) string {
	switch {
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10)
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10)
	case v.CanFloat():
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case v.Kind() == reflect.String:
		return v.String()
	}
	if n, ok := reflect.TypeAssert[*big.Int](v.Addr()); ok {
		return n.String()
	}
	text, _ := marshalText(v) // a failing method is the encoder's to report
	return string(text)
}

// refineOverflow looks whether an integer beyond its Go type also breaks a
// bound of its field, which is the clearer thing to say.
func refineOverflow(e *FieldError, rules []rule) {
	n, err := parseDecimal(e.overflow)
	if err != nil {
		return
	}
	for _, r := range rules {
		p, err := parseDecimal(r.Param)
		if err != nil || !slices.Contains(bounds[:6], r.Name) || holds(r.Name, n.compare(p)) {
			continue
		}
		better := numberNoun.explain(r.Name, r.Param)
		e.Type, e.Message, e.Rule, e.Param = better.Type, better.Message, better.Rule, better.Param
		return
	}
}

// multipleRule compiles a multipleOf tag: exactly for integers and decimals, for
// floats to a billionth, as pydantic does.
func multipleRule(s shape, of string) (checkFunc, error) {
	if of == "" {
		return nil, nil
	}
	step, ok := new(big.Rat).SetString(of)
	if !ok || step.Sign() <= 0 {
		return nil, fmt.Errorf("multipleOf tag: %q is no number above zero", of)
	}
	e := FieldError{Type: "multiple_of", Message: "Input should be a multiple of " + of, Rule: "multipleOf", Param: of}
	nearest, _ := step.Float64()
	return func(d *decoding, v reflect.Value, start int) {
		fits := false
		if v.CanFloat() {
			fits = isMultiple(v.Float(), nearest)
		} else {
			fits = isExactMultiple(numberText(v), step)
		}
		if !fits {
			d.breach(e, v, start)
		}
	}, nil
}

func isMultiple(f, of float64) bool {
	rest := math.Abs(math.Mod(f, of))
	threshold := math.Abs(f) / 1e9
	// Written so that NaN and the infinities pass: they leave as null, which pydantic takes too.
	return !(rest > threshold && math.Abs(rest-of) > threshold)
}

func isExactMultiple(text string, of *big.Rat) bool {
	if d, err := parseDecimal(text); err != nil || d.exponent > maxDigits || d.exponent-len(d.digits) < -maxDigits {
		return false // no number, or one of more digits than anybody wants to divide
	}
	n, ok := new(big.Rat).SetString(text)
	return ok && n.Quo(n, of).IsInt()
}

// CompareDecimals compares two numbers in decimal or scientific notation by
// their digits, whatever their exponents: -1, 0 or 1. What is no number counts
// as 0.
func CompareDecimals(a, b string) int {
	x, _ := parseDecimal(a)
	y, _ := parseDecimal(b)
	return x.compare(y)
}
