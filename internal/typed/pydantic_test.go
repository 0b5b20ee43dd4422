package typed_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/typed"
)

// The Go twins of the types in testdata/pydantic/record.py.
type (
	Circle struct {
		Kind string  `json:"kind" const:"circle"`
		R    float64 `json:"r"`
	}
	Square struct {
		Kind string  `json:"kind" const:"square"`
		Side float64 `json:"side"`
	}
	Limits struct {
		I     int            `json:"i" default:"5" validate:"gt=0,lte=100"`
		F     float64        `json:"f" default:"1" validate:"gte=0.5,lt=10"`
		S     string         `json:"s" default:"abc" validate:"min=2,max=10" pattern:"^[a-z]+$"`
		M     int            `json:"m" default:"10" multipleOf:"5"`
		MF    float64        `json:"mf" default:"0.5" multipleOf:"0.1"`
		LF    []float64      `json:"lf" default:"[1]" validate:"min=1,max=5"`
		D     map[string]int `json:"d" default:"{\"a\":1}" validate:"min=1,max=2"`
		Items []int          `json:"items" default:"[]" validate:"dive,gte=0"`
		Dec   dasf.Decimal   `json:"dec" default:"1" validate:"gt=0,lte=9.5"`
		Mode  string         `json:"mode" default:"fast" validate:"oneof=fast slow"`
		One   string         `json:"one" default:"only" const:"only"`
		St    dasf.Set[int]  `json:"st" default:"[1]" validate:"min=1"`
		Opt   *int           `json:"opt" validate:"gte=1"`
	}
)

// A twin decodes text, and returns what it encodes to again, or the lines of the error.
type twin func(text string, strict bool) (value string, lines []string)

func twinOf[T any](t *testing.T) twin {
	t.Helper()
	codecs := map[bool]*typed.Codec[T]{}
	for _, strict := range []bool{false, true} {
		k, err := typed.For[T](typed.NewCompiler(typed.Options{Strict: strict}), "the twin")
		if err != nil {
			t.Fatal(err)
		}
		codecs[strict] = k
	}
	return func(text string, strict bool) (string, []string) {
		v, err := codecs[strict].Decode([]byte(text), typed.DecodeOptions{})
		if err != nil {
			var invalid *typed.Invalid
			if !errors.As(err, &invalid) {
				t.Fatalf("%T is no *Invalid: %v", err, err)
			}
			return "", strings.Split(invalid.Text("x"), "\n")[1:]
		}
		out, err := codecs[strict].Append(nil, v)
		if err != nil {
			t.Fatalf("encoding what was decoded: %v", err)
		}
		return string(out), nil
	}
}

func twins(t *testing.T) map[string]twin {
	return map[string]twin{
		"int":                     twinOf[int](t),
		"float":                   twinOf[float64](t),
		"bool":                    twinOf[bool](t),
		"str":                     twinOf[string](t),
		"datetime":                twinOf[time.Time](t),
		"date":                    twinOf[dasf.Date](t),
		"timedelta":               twinOf[time.Duration](t),
		"uuid":                    twinOf[dasf.UUID](t),
		"decimal":                 twinOf[dasf.Decimal](t),
		"bytes":                   twinOf[[]byte](t),
		"any":                     twinOf[any](t),
		"list[int]":               twinOf[[]int](t),
		"list[float]":             twinOf[[]float64](t),
		"list[list[int]]":         twinOf[[][]int](t),
		"dict[str,int]":           twinOf[map[string]int](t),
		"dict[int,str]":           twinOf[map[int]string](t),
		"dict[date,int]":          twinOf[map[dasf.Date]int](t),
		"dict[Color,int]":         twinOf[map[Color]int](t),
		"dict[str,list[float]]":   twinOf[map[string][]float64](t),
		"set[int]":                twinOf[dasf.Set[int]](t),
		"tuple[int,str]":          twinOf[dasf.Tuple2[int, string]](t),
		"int|str":                 twinOf[dasf.OneOf2[int, string]](t),
		"float|bool":              twinOf[dasf.OneOf2[float64, bool]](t),
		"list[int]|dict[str,int]": twinOf[dasf.OneOf2[[]int, map[string]int]](t),
		"optional[int]":           twinOf[*int](t),
		"optional[list[int]]":     twinOf[*[]int](t),
		"Color":                   twinOf[Color](t),
		"Level":                   twinOf[Level](t),
		"Address":                 twinOf[Address](t),
		"list[Address]":           twinOf[[]Address](t),
		"dict[str,Address]":       twinOf[map[string]Address](t),
		"Circle|Square":           twinOf[dasf.OneOf2[Circle, Square]](t),
		"Circle|Address":          twinOf[dasf.OneOf2[Circle, Address]](t),
		"Limits":                  twinOf[Limits](t),
	}
}

// A recorded is what became of a text.
type recorded struct {
	Value  string   `json:"value,omitempty"`
	Errors []string `json:"errors,omitempty"`
}

// A difference is a text of which we mean to think otherwise than pydantic.
type difference struct {
	Type, Input, Mode string
	Ours              recorded
	Why               string
}

func readLines[T any](t *testing.T, name string) (rows []T) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var row T
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatalf("%s: %v in %s", name, err, lines.Bytes())
		}
		rows = append(rows, row)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestPydantic compares values and errors, to the letter, with what pydantic
// 2.14.4 gave for the same types and texts. Where we differ on purpose,
// differences.jsonl says why.
func TestPydantic(t *testing.T) {
	type key struct{ kind, input, mode string }
	differences := map[key]difference{}
	for _, d := range readLines[difference](t, "testdata/pydantic/differences.jsonl") {
		if d.Why == "" {
			t.Errorf("%s %s: a difference needs a reason", d.Type, d.Input)
		}
		differences[key{d.Type, d.Input, d.Mode}] = d
	}
	types := twins(t)
	rows := readLines[struct {
		Type, Input string
		Lax, Strict recorded
	}](t, "testdata/pydantic/values.jsonl")
	for _, row := range rows {
		for mode, pydantics := range map[string]recorded{"lax": row.Lax, "strict": row.Strict} {
			t.Run(mode+" "+row.Type+" "+row.Input, func(t *testing.T) {
				want := pydantics
				if d, ok := differences[key{row.Type, row.Input, mode}]; ok {
					if want = d.Ours; cmp.Equal(want, pydantics) {
						t.Error("this is no difference: take it out of the list")
					}
				}
				var got recorded
				got.Value, got.Errors = types[row.Type](row.Input, mode == "strict")
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		}
	}
}
