package api_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/dasf-go/dasf/internal/api"
)

// FuzzParse reads foreign api_info. What is read is written as valid JSON, and
// reads and writes as the same text again.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("../../testdata/golden/*/api_info.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"functions":[{"name":"f","rpc_schema":{"type":["a"],"items":true,"default":{"b":1,"a":[]},"x":null},"return_schema":false}],"rpc_schema":{},"x-dasf":{"doc":"d"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := api.Parse(text)
		if err != nil {
			return
		}
		once, err := a.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(once) {
			t.Fatalf("wrote %q, which is no JSON", once)
		}
		again, err := api.Parse(once)
		if err != nil {
			t.Fatalf("wrote %q, which is refused: %v", once, err)
		}
		twice, err := again.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(once, twice) {
			t.Fatalf("wrote %q, then %q", once, twice)
		}
	})
}

// FuzzDiff: an API does not differ from itself, whatever is in it.
func FuzzDiff(f *testing.F) {
	f.Add([]byte(`{"functions":[{"name":"f","rpc_schema":{"$defs":{"A":{"$ref":"#/$defs/A"},"B":{"anyOf":[{"$ref":"#/$defs/B"},{"type":["null","string"],"enum":["a",null]}]}},"properties":{"x":{"$ref":"#/$defs/A"},"y":{"$ref":"#/$defs/B"},"z":{"items":{"minimum":1e5},"prefixItems":[true,false],"uniqueItems":true}},"required":["x"],"additionalProperties":false},"return_schema":{"multipleOf":0.5}}],"rpc_schema":{}}`))
	f.Add([]byte(`{"$defs":{"F":{"properties":{"func_name":{"const":"f"},"a":{"oneOf":[{"const":1},{"pattern":"a","type":"string"}]}}}},"$ref":"#/$defs/F"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := api.ParseDocument(text)
		if err != nil {
			return
		}
		if changes := api.Diff(a, a); len(changes) > 0 {
			t.Fatalf("differs from itself: %v", changes)
		}
	})
}
