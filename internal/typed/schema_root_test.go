package typed_test

import (
	"math/big"
	"testing"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/api"
)

// TestSchemasOfRootTypes: the types of the package dasf, as users write them.
func TestSchemasOfRootTypes(t *testing.T) {
	for name, row := range map[string]struct {
		schema func() (*api.Schema, error)
		want   string
	}{
		"Date":      {of[dasf.Date](), `{"format":"date","type":"string"}`},
		"UUID":      {of[dasf.UUID](), `{"format":"uuid","type":"string"}`},
		"Decimal":   {of[dasf.Decimal](), `{"anyOf":[{"type":"number"},{"type":"string"}]}`},
		"big.Int":   {of[*big.Int](), `{"anyOf":[{"type":"integer"},{"type":"null"}]}`},
		"Set":       {of[dasf.Set[string]](), `{"items":{"type":"string"},"type":"array","uniqueItems":true}`},
		"OneOf2":    {of[dasf.OneOf2[int, string]](), `{"anyOf":[{"type":"integer"},{"type":"string"}]}`},
		"OneOf3":    {of[dasf.OneOf3[int, string, *bool]](), `{"anyOf":[{"type":"integer"},{"type":"string"},{"type":"boolean"},{"type":"null"}]}`},
		"OneOf4":    {of[dasf.OneOf4[int, string, bool, []int]](), `{"anyOf":[{"type":"integer"},{"type":"string"},{"type":"boolean"},{"items":{"type":"integer"},"type":"array"}]}`},
		"in OneOf2": {of[dasf.OneOf2[dasf.OneOf2[int, string], bool]](), `{"anyOf":[{"type":"integer"},{"type":"string"},{"type":"boolean"}]}`},
		"Tuple2":    {of[dasf.Tuple2[int, string]](), `{"maxItems":2,"minItems":2,"prefixItems":[{"type":"integer"},{"type":"string"}],"type":"array"}`},
		"Tuple3":    {of[dasf.Tuple3[int, string, bool]](), `{"maxItems":3,"minItems":3,"prefixItems":[{"type":"integer"},{"type":"string"},{"type":"boolean"}],"type":"array"}`},
		"None":      {of[dasf.None](), `{"type":"null"}`},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := row.schema()
			if err != nil {
				t.Fatal(err)
			}
			if got := string(s.Append(nil)); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}
