package typed

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dasf-go/dasf/internal/api"
)

// fieldTitle is the title that pydantic gives a field: Python's str.title, with
// spaces for underscores (pydantic's json_schema.py, get_title_from_name).
func fieldTitle(name string) string {
	var b strings.Builder
	inWord := false
	for _, r := range name {
		switch {
		case r == '_':
			b.WriteByte(' ')
		case inWord:
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteRune(unicode.ToTitle(r))
		}
		inWord = unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsTitle(r)
	}
	return strings.TrimSpace(b.String())
}

// modelName joins words to the name of a model, as demessaging does
// (backend/utils.py, snake_to_camel): Func and hello_world make FuncHelloWorld.
func modelName(words ...string) string {
	var b strings.Builder
	for _, word := range words {
		for part := range strings.SplitSeq(word, "_") {
			r, size := utf8.DecodeRuneInString(part)
			if size > 0 {
				b.WriteRune(unicode.ToUpper(r))
				b.WriteString(part[size:])
			}
		}
	}
	return b.String()
}

var (
	packagePath   = regexp.MustCompile(`(?:[^\[\],*\s]*/)?[^\[\],*\s/.]+\.`)
	localType     = regexp.MustCompile(`·\d+`)
	notIdentifier = regexp.MustCompile(`[^A-Za-z0-9_]`)
)

// typeTitle is the name of a type without the paths of its packages. The type
// arguments of a generic type keep only their last part: Page[Address].
func typeTitle(t reflect.Type) string {
	name, args, generic := strings.Cut(localType.ReplaceAllString(t.Name(), ""), "[")
	if !generic {
		return name
	}
	return name + "[" + packagePath.ReplaceAllString(args, "")
}

// typeName is the name of a type's definition. A generic type's is made an
// identifier as pydantic does it: Page_Address_.
func typeName(t reflect.Type) string {
	return notIdentifier.ReplaceAllString(typeTitle(t), "_")
}

func jsonString(s string) json.RawMessage { return api.AppendString(nil, s) }
