package typed_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/internal/api"
	"github.com/dasf-go/dasf/internal/typed"
)

// Types that have a twin of the same name in testdata/schema/record.py.
type (
	Color string
	Level int
	Ratio float64

	Address struct {
		_      struct{} `description:"An address."`
		Street string   `json:"street"`
		Number int      `json:"number" default:"1" description:"House number" validate:"gte=1"`
		Tags   []string `json:"tags" default:"[]"`
	}
	Node struct {
		Name string `json:"name"`
		Next *Node  `json:"next"`
		Kids []Node `json:"kids" default:"[]"`
	}
	Left struct {
		Right *Right `json:"right"`
	}
	Right struct {
		Left *Left `json:"left"`
	}
	Empty  struct{}
	Closed struct {
		_ struct{} `additionalProperties:"false"`
		X int      `json:"x"`
	}
	Cat struct {
		Kind string `json:"kind" const:"cat"`
	}
	Dog struct {
		Kind string `json:"kind" const:"dog"`
	}
	Page[T any] struct {
		Items []T `json:"items"`
	}
	Tree   map[string]Tree
	Nested []Nested

	// The types of the root package, as internal/typed knows them.
	OneOf[A, B any] struct {
		_     typed.Union2[A, B]
		Value any
	}
	Pair[A, B any] struct {
		_      typed.Tuple
		First  A
		Second B
	}
	Date struct {
		_     typed.Date
		Year  int
		Month time.Month
		Day   int
	}
	UUID    [16]byte
	Decimal struct{ text string }
	None    struct{}
)

func (Color) Enum() []any         { return []any{"red", "blue"} }
func (Level) Enum() []any         { return []any{1, 2} }
func (Level) Description() string { return "How high." }
func (Ratio) Enum() []any         { return []any{Ratio(0.5), 1.25} }
func (u UUID) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:]), nil
}
func (u *UUID) UnmarshalText(text []byte) error {
	_, err := hex.Decode(u[:], bytes.ReplaceAll(text, []byte("-"), nil))
	return err
}
func (d Decimal) MarshalText() ([]byte, error) { return []byte(d.text), nil }
func (d *Decimal) UnmarshalText(text []byte) error {
	d.text = string(text)
	return nil
}

// schemaOf returns the schema of T in a module of its own.
func schemaOf[T any](o typed.Options) (*api.Schema, error) {
	c := typed.NewCompiler(o)
	codec, err := typed.For[T](c, "the test")
	if err != nil {
		return nil, err
	}
	return c.Schema(codec)
}

func of[T any]() func() (*api.Schema, error) {
	return func() (*api.Schema, error) { return schemaOf[T](typed.Options{}) }
}

// TestSchemasArePydantics compares the schema of each type with the one that
// pydantic printed for the Python type that goes with it.
func TestSchemasArePydantics(t *testing.T) {
	text, err := os.ReadFile("testdata/schema/pydantic.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded map[string]*api.Schema
	if err := json.Unmarshal(text, &recorded); err != nil {
		t.Fatal(err)
	}
	rows := map[string]func() (*api.Schema, error){
		"bool": of[struct {
			X bool `json:"x"`
		}](),
		"int": of[struct {
			X int `json:"x"`
		}](),
		"float": of[struct {
			X float64 `json:"x"`
		}](),
		"string": of[struct {
			X string `json:"x"`
		}](),
		"bytes": of[struct {
			X []byte `json:"x"`
		}](),
		"datetime": of[struct {
			X time.Time `json:"x"`
		}](),
		"date": of[struct {
			X Date `json:"x"`
		}](),
		"duration": of[struct {
			X time.Duration `json:"x"`
		}](),
		"uuid": of[struct {
			X UUID `json:"x"`
		}](),
		"decimal": of[struct {
			X Decimal `json:"x"`
		}](),
		"any": of[struct {
			X any `json:"x"`
		}](),

		"list": of[struct {
			X []int `json:"x"`
		}](),
		"list of lists": of[struct {
			X [][]float32 `json:"x"`
		}](),
		"list of any": of[struct {
			X []any `json:"x"`
		}](),
		"list of optional structs": of[struct {
			X []*Address `json:"x"`
		}](),
		"set": of[struct {
			X map[int]struct{} `json:"x"`
		}](),
		"fixed array": of[struct {
			X [3]float64 `json:"x"`
		}](),
		"tuple": of[struct {
			X Pair[int, string] `json:"x"`
		}](),
		"dict": of[struct {
			X map[string]int `json:"x"`
		}](),
		"dict of any": of[struct {
			X map[string]any `json:"x"`
		}](),
		"dict with int keys": of[struct {
			X map[int]string `json:"x"`
		}](),
		"dict with uuid keys": of[struct {
			X map[UUID]int `json:"x"`
		}](),
		"dict with enum keys": of[struct {
			X map[Color]int `json:"x"`
		}](),
		"dict with key rules": of[struct {
			X map[string]int `json:"x" validate:"dive,keys,min=2,endkeys"`
		}](),
		"dict of lists of structs": of[struct {
			X map[string][]Address `json:"x"`
		}](),

		"enum": of[struct {
			X Color `json:"x"`
		}](),
		"int enum with description": of[struct {
			X Level `json:"x"`
		}](),
		"float enum": of[struct {
			X Ratio `json:"x"`
		}](),
		"enum default": of[struct {
			X Color `json:"x" default:"red"`
		}](),
		"struct": of[struct {
			X Address `json:"x"`
		}](),
		"struct with description": of[struct {
			X Address `json:"x" description:"Where."`
		}](),
		"struct with title": of[struct {
			X Address `json:"x" title:"T"`
		}](),
		"recursive struct": of[struct {
			X Node `json:"x"`
		}](),
		"mutually recursive structs": of[struct {
			X Left `json:"x"`
		}](),
		"empty struct": of[struct {
			X Empty `json:"x"`
		}](),
		"closed struct": of[struct {
			X Closed `json:"x"`
		}](),
		"recursive map": of[struct {
			X Tree `json:"x"`
		}](),
		"recursive list": of[struct {
			X Nested `json:"x"`
		}](),
		"generic struct": of[struct {
			X Page[int] `json:"x"`
		}](),
		"generic struct of structs": of[struct {
			X Page[Address] `json:"x"`
		}](),
		"union": of[struct {
			X OneOf[int, string] `json:"x"`
		}](),
		"union of structs": of[struct {
			X OneOf[Cat, Dog] `json:"x"`
		}](),

		"optional": of[struct {
			X *int `json:"x"`
		}](),
		"optional with rules": of[struct {
			X *int `json:"x" validate:"gt=3"`
		}](),
		"optional string with rules": of[struct {
			X *string `json:"x" validate:"min=2" pattern:"^a"`
		}](),
		"optional list with rules": of[struct {
			X *[]int `json:"x" validate:"min=1"`
		}](),
		"optional with default": of[struct {
			X *int `json:"x" default:"5"`
		}](),
		"optional struct": of[struct {
			X *Address `json:"x" description:"d"`
		}](),
		"optional enum": of[struct {
			X *Color `json:"x"`
		}](),
		"optional union": of[struct {
			X *OneOf[int, string] `json:"x"`
		}](),
		"optional any": of[struct {
			X *any `json:"x"`
		}](),
		"optional literal": of[struct {
			X *string `json:"x" validate:"oneof=a b"`
		}](),
		"optional const": of[struct {
			X *string `json:"x" const:"a"`
		}](),
		"optional optional": of[struct {
			X **int `json:"x"`
		}](),
		"optional datetime": of[struct {
			X *time.Time `json:"x"`
		}](),
		"optional tuple": of[struct {
			X *Pair[int, string] `json:"x"`
		}](),

		"int bounds": of[struct {
			X int `json:"x" validate:"gt=0,lte=100"`
		}](),
		"float bounds": of[struct {
			X float64 `json:"x" validate:"gte=0.5,lt=10"`
		}](),
		"multiple of": of[struct {
			X int `json:"x" multipleOf:"5"`
		}](),
		"string rules": of[struct {
			X string `json:"x" validate:"min=2,max=10" pattern:"^[a-z]+$"`
		}](),
		"list rules": of[struct {
			X []int `json:"x" validate:"min=1,max=5"`
		}](),
		"element rules": of[struct {
			X []int `json:"x" validate:"dive,gte=1"`
		}](),
		"deep element rules": of[struct {
			X [][]string `json:"x" validate:"dive,min=1,dive,max=3"`
		}](),
		"optional element rules": of[struct {
			X []*int `json:"x" validate:"dive,gte=1"`
		}](),
		"map value rules": of[struct {
			X map[string]float64 `json:"x" validate:"dive,lt=1"`
		}](),
		"map rules": of[struct {
			X map[string]int `json:"x" validate:"min=1,max=5"`
		}](),
		"set rules": of[struct {
			X map[int]struct{} `json:"x" validate:"min=1,max=3"`
		}](),
		"decimal multiple of": of[struct {
			X Decimal `json:"x" multipleOf:"0.5"`
		}](),
		"literal": of[struct {
			X string `json:"x" validate:"oneof=fast slow"`
		}](),
		"literal of one": of[struct {
			X string `json:"x" validate:"oneof=fast"`
		}](),
		"literal of ints": of[struct {
			X int `json:"x" validate:"oneof=1 2"`
		}](),
		"const": of[struct {
			X string `json:"x" const:"a"`
		}](),
		"const of int": of[struct {
			X int `json:"x" const:"1"`
		}](),
		"const with default": of[struct {
			X string `json:"x" const:"a" default:"a"`
		}](),

		"string default": of[struct {
			X string `json:"x" default:"hello"`
		}](),
		"empty string default": of[struct {
			X string `json:"x" default:""`
		}](),
		"int default": of[struct {
			X int `json:"x" default:"10"`
		}](),
		"bool default": of[struct {
			X bool `json:"x" default:"true"`
		}](),
		"list default": of[struct {
			X []string `json:"x" default:"[\"a\",\"b\"]"`
		}](),
		"struct default": of[struct {
			X Address `json:"x" default:"{\"street\":\"s\"}"`
		}](),
		"list of structs default": of[struct {
			X []Address `json:"x" default:"[{\"street\":\"s\"}]"`
		}](),
		"datetime default": of[struct {
			X time.Time `json:"x" default:"2024-01-02T00:00:00"`
		}](),
		"duration default": of[struct {
			X time.Duration `json:"x" default:"P1D"`
		}](),
		"decimal default": of[struct {
			X Decimal `json:"x" default:"1.10"`
		}](),
		"uuid default": of[struct {
			X UUID `json:"x" default:"00000000-0000-0000-0000-000000000001"`
		}](),
		"any default": of[struct {
			X any `json:"x" default:"null"`
		}](),
		"set default": of[struct {
			X map[int]struct{} `json:"x" default:"[1,2]"`
		}](),
		"title, description, example": of[struct {
			X string `json:"x" title:"Other" description:"d" example:"a"`
		}](),
	}
	for name, want := range recorded {
		t.Run(name, func(t *testing.T) {
			row, ok := rows[name]
			if !ok {
				t.Fatal("no Go type for this row of pydantic.json")
			}
			got, err := row()
			if err != nil {
				t.Fatal(err)
			}
			got.Title = "" // the struct around the field has no name
			if diff := cmp.Diff(lines(want), lines(got)); diff != "" {
				t.Errorf("(-pydantic +ours)\n%s", diff)
			}
		})
	}
	for name := range rows {
		if recorded[name] == nil {
			t.Errorf("%s: no such row in pydantic.json", name)
		}
	}
}

// lines is the text of a schema, one keyword a line; it shows the order of properties.
func lines(s *api.Schema) string {
	text, err := api.Indented(s.Append(nil), 1)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}
