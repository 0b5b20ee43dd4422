package codegen

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

func itoa(n int) string { return strconv.Itoa(n) }

// fieldTitle is the title that pydantic gives a field: Python's str.title with
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

// words takes a name apart at what is no letter or digit, and where a capital
// follows a small letter.
func words(name string) []string {
	var out []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			out = append(out, string(word))
			word = nil
		}
	}
	var last rune
	for _, r := range name {
		switch {
		case r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
		case unicode.IsUpper(r) && (unicode.IsLower(last) || unicode.IsDigit(last)):
			flush()
			word = append(word, r)
		default:
			word = append(word, r)
		}
		last = r
	}
	flush()
	return out
}

// camel joins the words of a name, each with a capital: Lat-lon is LatLon.
// It is empty where a name has no ASCII letter.
func camel(name string) string {
	var b strings.Builder
	for _, w := range words(name) {
		r, size := utf8.DecodeRuneInString(w)
		b.WriteRune(unicode.ToUpper(r))
		b.WriteString(w[size:])
	}
	return b.String()
}

// plain makes an identifier of ASCII letters, digits and underscores of a name,
// with a letter first: lat-lon is lat_lon, 2x is x2x.
func plain(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range name {
		if r == '_' || r <= unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			if gap && b.Len() > 0 {
				b.WriteByte('_')
			}
			gap = false
			b.WriteRune(r)
			continue
		}
		gap = true
	}
	s := strings.TrimLeft(b.String(), "_")
	if s == "" || unicode.IsDigit(rune(s[0])) {
		s = "x" + s
	}
	return s
}

// A namespace gives out names, each once.
type namespace map[string]bool

// take returns name, with underscores behind it where it is taken.
func (n namespace) take(name string) string {
	for n[name] {
		name += "_"
	}
	n[name] = true
	return name
}

// reserve marks names as taken.
func (n namespace) reserve(names ...string) {
	for _, name := range names {
		n[name] = true
	}
}
