package cmdline

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// A BadValue is a value that a flag does not take, wherever it came from.
type BadValue struct {
	Flag  string // without dashes
	Value string
	Rule  string // what the value must be
}

func (e *BadValue) Error() string {
	return fmt.Sprintf("--%s is %q: it must be %s", e.Flag, e.Value, e.Rule)
}

// word takes the text that stands for a flag's value.
func word(ctx *kong.DecodeContext) (string, error) {
	var text string
	err := ctx.Scan.PopValueInto("value", &text)
	return text, err
}

func bad(ctx *kong.DecodeContext, text, rule string) error {
	return &BadValue{Flag: ctx.Value.Name, Value: text, Rule: rule}
}

// An Int is a flag that takes a whole number within the tags min and max.
type Int int

// Decode implements [kong.MapperValue].
func (v *Int) Decode(ctx *kong.DecodeContext) error {
	text, err := word(ctx)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || !within(ctx, float64(n)) {
		return bad(ctx, text, "a whole number"+bounds(ctx))
	}
	*v = Int(n)
	return nil
}

func bound(ctx *kong.DecodeContext, tag string, otherwise float64) float64 {
	if n, err := ctx.Value.Tag.GetFloat(tag); err == nil {
		return n
	}
	return otherwise
}

func within(ctx *kong.DecodeContext, n float64) bool {
	return n >= bound(ctx, "min", math.Inf(-1)) && n <= bound(ctx, "max", math.Inf(1))
}

func bounds(ctx *kong.DecodeContext) string {
	tag := ctx.Value.Tag
	switch {
	case tag.Has("min") && tag.Has("max"):
		return " from " + tag.Get("min") + " to " + tag.Get("max")
	case tag.Has("min"):
		return " of at least " + tag.Get("min")
	}
	return ""
}

// Seconds is a flag that takes a time as a number of seconds, or as Go writes
// it (1m30s), within the tags min and max.
type Seconds time.Duration

// Decode implements [kong.MapperValue].
func (v *Seconds) Decode(ctx *kong.DecodeContext) error {
	text, err := word(ctx)
	if err != nil {
		return err
	}
	d, err := parseSeconds(strings.TrimSpace(text))
	if err != nil || !within(ctx, d.Seconds()) {
		return bad(ctx, text, "a number of seconds"+bounds(ctx))
	}
	*v = Seconds(d)
	return nil
}

func parseSeconds(text string) (time.Duration, error) {
	s, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return time.ParseDuration(text)
	}
	d := s * float64(time.Second)
	if !(math.Abs(d) < math.MaxInt64) {
		return 0, strconv.ErrRange
	}
	return time.Duration(d), nil
}

// FormatSeconds writes d as a flag of type [Seconds] reads it.
func FormatSeconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}

// A Choice is a flag that takes one of the words in its tag choices.
type Choice string

// Decode implements [kong.MapperValue].
func (v *Choice) Decode(ctx *kong.DecodeContext) error {
	text, err := word(ctx)
	if err != nil {
		return err
	}
	all := strings.Split(ctx.Value.Tag.Get("choices"), ",")
	if !slices.Contains(all, text) {
		return bad(ctx, text, "one of "+strings.Join(all, ", "))
	}
	*v = Choice(text)
	return nil
}

// A Switch is a flag without a value. Its variable takes the words that
// pydantic takes for a boolean.
type Switch bool

// IsBool implements [kong.BoolMapperValue].
func (v *Switch) IsBool() bool { return true }

// Decode implements [kong.MapperValue].
func (v *Switch) Decode(ctx *kong.DecodeContext) error {
	token := ctx.Scan.Peek()
	if token.Type != kong.FlagValueToken {
		*v = true
		return nil
	}
	text, err := word(ctx)
	if err != nil {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "1", "true", "t", "yes", "y", "on":
		*v = true
	case "0", "false", "f", "no", "n", "off":
		*v = false
	default:
		return bad(ctx, text, "true or false")
	}
	return nil
}

// A Header is a flag that takes the fields of an HTTP header as a JSON object.
type Header map[string]string

// Decode implements [kong.MapperValue].
func (v *Header) Decode(ctx *kong.DecodeContext) error {
	text, err := word(ctx)
	if err != nil {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &fields); err != nil || fields == nil {
		return bad(ctx, text, `a JSON object such as {"authorization": "Token …"}`)
	}
	header := Header{}
	for name, raw := range fields {
		value, ok := headerValue(raw)
		if !ok || !validField(name, value) {
			return bad(ctx, text, "a JSON object of header fields; "+strconv.Quote(name)+" is none")
		}
		header[name] = value
	}
	*v = header
	return nil
}

// headerValue takes a string, and a number or a boolean as they are written,
// as websocket-client does.
func headerValue(raw json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil && string(raw) != "null" {
		return text, true
	}
	var any json.Number
	if json.Unmarshal(raw, &any) == nil && any != "" {
		return string(raw), true
	}
	return string(raw), string(raw) == "true" || string(raw) == "false"
}

// validField reports whether a field can be sent: RFC 9110, section 5.
func validField(name, value string) bool {
	for i := range len(name) {
		c := name[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"(),/:;<=>?@[\\]{}", c) >= 0 {
			return false
		}
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return name != ""
}

// A Port is a flag that takes the number of a TCP port.
type Port string

// Decode implements [kong.MapperValue].
func (v *Port) Decode(ctx *kong.DecodeContext) error {
	text, err := word(ctx)
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 16)
	if err != nil || n == 0 {
		return bad(ctx, text, "the number of a port, from 1 to 65535")
	}
	*v = Port(strconv.FormatUint(n, 10))
	return nil
}

// headerJSON writes a header as a flag of type [Header] reads it, "" for none.
func headerJSON(fields map[string]string) string {
	if len(fields) == 0 {
		return ""
	}
	text, _ := json.Marshal(fields) // strings can always be written
	return string(text)
}
