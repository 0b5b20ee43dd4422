package typed

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-playground/validator/v10"
)

// A noun is what pydantic calls a value whose length or size a rule bounds.
type noun string

const (
	noNoun     noun = ""
	numberNoun noun = "number"
	stringNoun noun = "String"
	listNoun   noun = "List"
	setNoun    noun = "Set"
	dictNoun   noun = "Dictionary"
	bytesNoun  noun = "Data"
)

func nounOf(k Kind) noun {
	switch k {
	case KindInt, KindUint, KindFloat, KindDuration, KindBigInt, KindDecimal, KindNumber:
		return numberNoun
	case KindString, KindText, KindUUID:
		return stringNoun
	case KindSlice, KindArray:
		return listNoun
	case KindSet:
		return setNoun
	case KindMap:
		return dictNoun
	case KindBytes:
		return bytesNoun
	}
	return noNoun
}

// describe puts an error of validator into pydantic's words.
func (n noun) describe(e validator.FieldError, v reflect.Value) FieldError {
	if e.Tag() != e.ActualTag() { // an alias: the parameter is that of a rule in it
		return n.explainLength(e.Tag(), "", v)
	}
	return n.explainLength(e.Tag(), e.Param(), v)
}

// explain is describe for a value without a length.
func (n noun) explain(rule, param string) FieldError {
	return n.explainLength(rule, param, reflect.Value{})
}

func (n noun) explainLength(rule, param string, v reflect.Value) FieldError {
	e := FieldError{Rule: rule, Param: param}
	switch {
	case rule == "oneof" || rule == "oneofci":
		e.Type, e.Message = "literal_error", "Input should be "+anyOf(n.choices(param))
	case rule == "eq":
		e.Type, e.Message = "literal_error", "Input should be "+strings.Join(n.quoted([]string{param}), "")
	case n == numberNoun && bound[rule] != [2]string{}:
		e.Type, e.Message = bound[rule][0], "Input should be "+bound[rule][1]+" "+param
	case n != noNoun && n != numberNoun && n.tooLong(&e, rule, param, v):
	default:
		text := rule
		if param != "" {
			text += "=" + param
		}
		e.Type, e.Message = "value_error", "Value error, breaks the rule "+text+": "+cure(rule, param)
	}
	return e
}

// bound is pydantic's type and phrase for a bound of a number.
var bound = map[string][2]string{
	"gt":  {"greater_than", "greater than"},
	"gte": {"greater_than_equal", "greater than or equal to"},
	"min": {"greater_than_equal", "greater than or equal to"},
	"lt":  {"less_than", "less than"},
	"lte": {"less_than_equal", "less than or equal to"},
	"max": {"less_than_equal", "less than or equal to"},
}

// tooLong explains a bound of a length, and reports whether rule is one.
func (n noun) tooLong(e *FieldError, rule, param string, v reflect.Value) bool {
	want, err := strconv.Atoi(param)
	if err != nil {
		return false
	}
	got := lengthOf(v)
	switch rule {
	case "min", "gte":
	case "max", "lte":
		got = max(got, want+1)
	case "gt":
		want++
	case "lt":
		want--
		got = max(got, want+1)
	case "len":
	default:
		return false
	}
	short := got < want
	if n == stringNoun || n == bytesNoun {
		what, kind := "character", "string"
		if n == bytesNoun {
			what, kind = "byte", "bytes"
		}
		e.Type, e.Message = kind+"_too_long", fmt.Sprintf("%s should have at most %s", n, count(want, what))
		if short {
			e.Type, e.Message = kind+"_too_short", fmt.Sprintf("%s should have at least %s", n, count(want, what))
		}
		return true
	}
	e.Type, e.Message = lengthType(got, want), lengthMessage(string(n), got, want)
	return true
}

func lengthOf(v reflect.Value) int {
	switch v.Kind() {
	case reflect.String:
		return len([]rune(v.String()))
	case reflect.Slice, reflect.Array, reflect.Map:
		return v.Len()
	}
	return 0
}

var choice = regexp.MustCompile(`'[^']*'|\S+`) // validator's own (regexes.go, splitParamsRegex)

// choices splits the parameter of oneof.
func (n noun) choices(param string) []string {
	words := choice.FindAllString(param, -1)
	for i, w := range words {
		words[i] = strings.Trim(w, "'")
	}
	return n.quoted(words)
}

func (n noun) quoted(words []string) []string {
	if n == numberNoun {
		return words
	}
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = pythonString(w)
	}
	return out
}

// cure says what to do about a broken rule that has no word of pydantic's.
func cure(rule, param string) string {
	if c, ok := cures[rule]; ok {
		return strings.ReplaceAll(c, "%", param)
	}
	return "give a value that keeps it"
}

var cures = map[string]string{
	"email":       "give an e-mail address",
	"url":         "give an absolute URL",
	"http_url":    "give a URL that begins with http:// or https://",
	"uri":         "give a URI",
	"uuid":        "give a UUID in lower case with hyphens",
	"uuid4":       "give a UUID of version 4",
	"ip":          "give an IP address",
	"ipv4":        "give an IPv4 address",
	"ipv6":        "give an IPv6 address",
	"cidr":        "give an IP network such as 10.0.0.0/8",
	"hostname":    "give a host name",
	"fqdn":        "give a full domain name",
	"alpha":       "give letters only",
	"alphanum":    "give letters and digits only",
	"numeric":     "give a number",
	"lowercase":   "give it in lower case",
	"uppercase":   "give it in upper case",
	"ascii":       "give ASCII characters only",
	"contains":    "it must contain %",
	"excludes":    "it must not contain %",
	"startswith":  "it must begin with %",
	"endswith":    "it must end with %",
	"ne":          "give another value than %",
	"unique":      "give each element once",
	"hexadecimal": "give hexadecimal digits",
	"base64":      "give base64",
	"json":        "give JSON",
	"datetime":    "give a time in the layout %",
	"timezone":    "give a time zone such as Europe/Berlin",
	"latitude":    "give degrees from -90 to 90",
	"longitude":   "give degrees from -180 to 180",
	"iscolor":     "give a colour such as #ff8800",
	"hexcolor":    "give a colour such as #ff8800",
	"gt":          "give a later time",
	"gte":         "give a later time",
	"lt":          "give an earlier time",
	"lte":         "give an earlier time",
	"isdefault":   "leave it out",
}
