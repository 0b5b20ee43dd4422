package typed_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/dasf-go/dasf/internal/typed"
)

// TestFloatsAreReadAsStrconvReadsThem: short numbers have a way of their own.
func TestFloatsAreReadAsStrconvReadsThem(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	texts := []string{
		"0", "-0", "0.0", "-0.0", "1", "-1", "0.1", "0.3", "999999999999999", "9999999999999999", "9007199254740993", "-9007199254740993",
		"0.000000000000001", "0.0000000000000000000001", "100000000000000000000000", "123456789012345", "1234567890.12345", "12345678901.123456",
		"1e3", "1E-3", "1.5e+300", "5e-324", "2.4703282292062327e-324", "1.7976931348623157e308", "0.5e1",
	}
	for range 20_000 {
		text := fmt.Sprintf("%.*f", r.IntN(20), (r.Float64()-0.5)*math.Pow(10, float64(r.IntN(20))))
		texts = append(texts, text, strings.TrimRight(text, "0123456789.")+strconv.FormatInt(r.Int64N(1e15), 10), strconv.FormatFloat(r.NormFloat64(), 'g', -1, 64))
	}
	for i, text := range texts {
		if text == "-" || text == "" || strings.HasSuffix(text, ".") {
			texts[i] = "0"
		}
	}
	array := []byte("[" + strings.Join(texts, " , ") + "]")
	doubles, err := mustFor[[]float64](t, typed.Options{}).Decode(array, typed.DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		want, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		if math.Float64bits(doubles[i]) != math.Float64bits(want) {
			t.Fatalf("%s is read as %v, not %v", text, doubles[i], want)
		}
	}
	singles := mustFor[float32](t, typed.Options{})
	for _, text := range texts[:2000] {
		want, err := strconv.ParseFloat(text, 32)
		if err != nil {
			continue
		}
		got, err := singles.Decode([]byte(text), typed.DecodeOptions{})
		if err != nil || math.Float32bits(got) != math.Float32bits(float32(want)) {
			t.Fatalf("%s is read as %v, not %v (%v)", text, got, float32(want), err)
		}
	}
}
