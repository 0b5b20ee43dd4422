package typed_test

import (
	"testing"
	"time"

	"github.com/dasf-go/dasf/internal/api"
)

// TestRulesInSchema holds what each tag adds to the schema of its field. What
// JSON schema can't say adds nothing.
func TestRulesInSchema(t *testing.T) {
	for name, row := range map[string]struct {
		schema func() (*api.Schema, error)
		want   string
	}{
		"int gt": {of[struct {
			X int `json:"x" validate:"gt=3"`
		}](), `{"exclusiveMinimum":3,"title":"X","type":"integer"}`},
		"int gte": {of[struct {
			X int8 `json:"x" validate:"gte=-3"`
		}](), `{"minimum":-3,"title":"X","type":"integer"}`},
		"int lt": {of[struct {
			X int `json:"x" validate:"lt=3"`
		}](), `{"exclusiveMaximum":3,"title":"X","type":"integer"}`},
		"int lte": {of[struct {
			X int `json:"x" validate:"lte=3"`
		}](), `{"maximum":3,"title":"X","type":"integer"}`},
		"int min max": {of[struct {
			X int `json:"x" validate:"min=1,max=3"`
		}](), `{"maximum":3,"minimum":1,"title":"X","type":"integer"}`},
		"int tighter bound": {of[struct {
			X int `json:"x" validate:"min=1,gte=2,max=9,lte=10"`
		}](), `{"maximum":9,"minimum":2,"title":"X","type":"integer"}`},
		"int eq": {of[struct {
			X int `json:"x" validate:"eq=3"`
		}](), `{"const":3,"title":"X","type":"integer"}`},
		"int ne": {of[struct {
			X int `json:"x" validate:"ne=3"`
		}](), `{"not":{"const":3},"title":"X","type":"integer"}`},
		"int in hexadecimal": {of[struct {
			X int `json:"x" validate:"gte=0x10"`
		}](), `{"minimum":16,"title":"X","type":"integer"}`},
		"int64 exactly": {of[struct {
			X int64 `json:"x" validate:"lte=9007199254740993"`
		}](), `{"maximum":9007199254740993,"title":"X","type":"integer"}`},
		"int multipleOf": {of[struct {
			X int `json:"x" multipleOf:"5"`
		}](), `{"multipleOf":5,"title":"X","type":"integer"}`},
		"uint": {of[struct {
			X uint `json:"x"`
		}](), `{"minimum":0,"title":"X","type":"integer"}`},
		"uint gte": {of[struct {
			X uint8 `json:"x" validate:"gte=3"`
		}](), `{"minimum":3,"title":"X","type":"integer"}`},
		"uint gt": {of[struct {
			X uint8 `json:"x" validate:"gt=0"`
		}](), `{"exclusiveMinimum":0,"title":"X","type":"integer"}`},
		"float gt": {of[struct {
			X float32 `json:"x" validate:"gt=0.5"`
		}](), `{"exclusiveMinimum":0.5,"title":"X","type":"number"}`},
		"float keeps digits": {of[struct {
			X float64 `json:"x" validate:"lte=1.50"`
		}](), `{"maximum":1.50,"title":"X","type":"number"}`},
		"float bare point": {of[struct {
			X float64 `json:"x" validate:"lte=.5"`
		}](), `{"maximum":0.5,"title":"X","type":"number"}`},
		"named float": {of[struct {
			X celsius `json:"x" validate:"gte=-273.15"`
		}](), `{"description":"Degrees.","minimum":-273.15,"title":"X","type":"number"}`},
		"bool eq": {of[struct {
			X bool `json:"x" validate:"eq=true"`
		}](), `{"const":true,"title":"X","type":"boolean"}`},

		"string min max": {of[struct {
			X string `json:"x" validate:"min=2,max=5"`
		}](), `{"maxLength":5,"minLength":2,"title":"X","type":"string"}`},
		"string gt lt": {of[struct {
			X string `json:"x" validate:"gt=2,lt=5"`
		}](), `{"maxLength":4,"minLength":3,"title":"X","type":"string"}`},
		"string len": {of[struct {
			X string `json:"x" validate:"len=3"`
		}](), `{"maxLength":3,"minLength":3,"title":"X","type":"string"}`},
		"string eq": {of[struct {
			X string `json:"x" validate:"eq=a"`
		}](), `{"const":"a","title":"X","type":"string"}`},
		"string ne": {of[struct {
			X string `json:"x" validate:"ne=a"`
		}](), `{"not":{"const":"a"},"title":"X","type":"string"}`},
		"string oneof quoted": {of[struct {
			X string `json:"x" validate:"oneof='a b' c"`
		}](), `{"enum":["a b","c"],"title":"X","type":"string"}`},
		"pattern with comma": {of[struct {
			X string `json:"x" pattern:"^a{1,3}|b$"`
		}](), `{"pattern":"^a{1,3}|b$","title":"X","type":"string"}`},
		"email": {of[struct {
			X string `json:"x" validate:"email"`
		}](), `{"format":"email","title":"X","type":"string"}`},
		"url": {of[struct {
			X string `json:"x" validate:"url"`
		}](), `{"format":"uri","title":"X","type":"string"}`},
		"uuid4": {of[struct {
			X string `json:"x" validate:"uuid4"`
		}](), `{"format":"uuid","title":"X","type":"string"}`},
		"ipv4": {of[struct {
			X string `json:"x" validate:"ipv4"`
		}](), `{"format":"ipv4","title":"X","type":"string"}`},
		"hostname": {of[struct {
			X string `json:"x" validate:"hostname"`
		}](), `{"format":"hostname","title":"X","type":"string"}`},
		"alphanum": {of[struct {
			X string `json:"x" validate:"alphanum"`
		}](), `{"pattern":"^[a-zA-Z0-9]+$","title":"X","type":"string"}`},
		"startswith": {of[struct {
			X string `json:"x" validate:"startswith=a.b"`
		}](), `{"pattern":"^a\\.b","title":"X","type":"string"}`},
		"two patterns": {of[struct {
			X string `json:"x" validate:"alpha,contains=b" pattern:"^a"`
		}](), `{"allOf":[{"pattern":"b"},{"pattern":"^a"}],"pattern":"^[a-zA-Z]+$","title":"X","type":"string"}`},

		"slice min max": {of[struct {
			X []int `json:"x" validate:"min=1,max=5"`
		}](), `{"items":{"type":"integer"},"maxItems":5,"minItems":1,"title":"X","type":"array"}`},
		"slice gt lt len": {of[struct {
			X []int `json:"x" validate:"gt=1,lt=5"`
		}](), `{"items":{"type":"integer"},"maxItems":4,"minItems":2,"title":"X","type":"array"}`},
		"slice unique": {of[struct {
			X []int `json:"x" validate:"unique"`
		}](), `{"items":{"type":"integer"},"title":"X","type":"array","uniqueItems":true}`},
		"array": {of[struct {
			X [2]int `json:"x" validate:"dive,gte=1"`
		}](), `{"items":{"minimum":1,"type":"integer"},"maxItems":2,"minItems":2,"title":"X","type":"array"}`},
		"pattern inside": {of[struct {
			X []string `json:"x" pattern:"^a"`
		}](), `{"items":{"pattern":"^a","type":"string"},"title":"X","type":"array"}`},
		"multipleOf in map": {of[struct {
			X map[string]int `json:"x" multipleOf:"2"`
		}](), `{"additionalProperties":{"multipleOf":2,"type":"integer"},"title":"X","type":"object"}`},
		"keys oneof": {of[struct {
			X map[string]int `json:"x" validate:"dive,keys,oneof=a b,endkeys"`
		}](), `{"additionalProperties":{"type":"integer"},"propertyNames":{"enum":["a","b"]},"title":"X","type":"object"}`},
		"map min": {of[struct {
			X map[string]int `json:"x" validate:"min=1"`
		}](), `{"additionalProperties":{"type":"integer"},"minProperties":1,"title":"X","type":"object"}`},
		"pointer": {of[struct {
			X *int `json:"x" validate:"gte=1"`
		}](), `{"anyOf":[{"minimum":1,"type":"integer"},{"type":"null"}],"default":null,"title":"X"}`},
		"pointer to pointer": {of[struct {
			X **int `json:"x" validate:"gte=1"`
		}](), `{"anyOf":[{"minimum":1,"type":"integer"},{"type":"null"}],"default":null,"title":"X"}`},
		"required and omitnil say nothing": {of[struct {
			X *int `json:"x" validate:"required,omitnil"`
		}](), `{"anyOf":[{"type":"integer"},{"type":"null"}],"default":null,"title":"X"}`},

		// After omitempty validator lets Go's zero value pass, so that a bound which
		// zero breaks would be untrue.
		"omitempty drops what zero breaks": {of[struct {
			X int `json:"x" validate:"omitempty,gte=3,lte=9"`
		}](), `{"maximum":9,"title":"X","type":"integer"}`},
		"omitempty keeps what zero meets": {of[struct {
			X int `json:"x" validate:"omitempty,gte=-3,ne=5"`
		}](), `{"minimum":-3,"not":{"const":5},"title":"X","type":"integer"}`},
		"omitempty on a string": {of[struct {
			X string `json:"x" validate:"omitempty,min=3,max=9,alpha"`
		}](), `{"maxLength":9,"title":"X","type":"string"}`},
		"omitempty and oneof": {of[struct {
			X string `json:"x" validate:"omitempty,oneof=a b"`
		}](), `{"title":"X","type":"string"}`},
		"omitempty on a slice": {of[struct {
			X []int `json:"x" validate:"omitempty,min=3"`
		}](), `{"items":{"type":"integer"},"minItems":3,"title":"X","type":"array"}`},
		"omitempty on a pointer": {of[struct {
			X *int `json:"x" validate:"omitempty,gte=3"`
		}](), `{"anyOf":[{"type":"integer"},{"type":"null"}],"default":null,"title":"X"}`},

		"required_if says nothing": {of[struct {
			X int `json:"x" validate:"required_if=Y 1"`
			Y int `json:"y"`
		}](), `{"title":"X","type":"integer"}`},
		"alternatives say nothing": {of[struct {
			X string `json:"x" validate:"rgb|rgba"`
		}](), `{"title":"X","type":"string"}`},
		"bytes are not characters": {of[struct {
			X []byte `json:"x" validate:"min=3"`
		}](), `{"format":"base64","title":"X","type":"string"}`},
		"bounds of a duration": {of[struct {
			X time.Duration `json:"x" validate:"gt=1h"`
		}](), `{"format":"duration","title":"X","type":"string"}`},

		"omitempty is not required": {of[struct {
			X []int `json:"x,omitempty"`
		}](), `{"items":{"type":"integer"},"title":"X","type":"array"}`},
		"example of a number": {of[struct {
			X int `json:"x" example:"3"`
		}](), `{"examples":[3],"title":"X","type":"integer"}`},
		"const in a pointer": {of[struct {
			X *int `json:"x" const:"3"`
		}](), `{"anyOf":[{"const":3,"type":"integer"},{"type":"null"}],"default":null,"title":"X"}`},
		"anonymous struct": {of[struct {
			X struct {
				A int `json:"a"`
			} `json:"x"`
		}](), `{"properties":{"a":{"title":"A","type":"integer"}},"required":["a"],"title":"X","type":"object"}`},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := row.schema()
			if err != nil {
				t.Fatal(err)
			}
			if got := string(s.Property("x").Append(nil)); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

type celsius float64

func (celsius) Description() string { return "Degrees." }
