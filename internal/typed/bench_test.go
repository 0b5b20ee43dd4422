package typed_test

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/dasf-go/dasf/internal/typed"
)

type (
	benchHello struct {
		Name   string `json:"name" validate:"min=1"`
		Repeat int    `json:"repeat" default:"1" validate:"gte=0"`
	}
	benchFloats struct {
		Values []float64 `json:"values" validate:"min=1"`
	}
	benchFloatsDive struct {
		Values []float64 `json:"values" validate:"min=1,dive,gte=-100000"`
	}
	benchObjects struct {
		A []benchAddress `json:"a"`
	}
	benchAddress struct {
		Street string   `json:"street"`
		Number int      `json:"number" default:"1"`
		Tags   []string `json:"tags" default:"[]"`
	}
	benchChecked struct {
		A []Address `json:"a"`
	}
)

func benchCodec[T any](b *testing.B) *typed.Codec[T] {
	b.Helper()
	k, err := typed.For[T](typed.NewCompiler(typed.Options{}), "the benchmark")
	if err != nil {
		b.Fatal(err)
	}
	return k
}

func benchDecode[T any](b *testing.B, src []byte) {
	k := benchCodec[T](b)
	o := typed.DecodeOptions{Reserved: []string{"func_name"}}
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Decode(src, o); err != nil {
			b.Fatal(err)
		}
	}
}

func benchAppend[T any](b *testing.B, v T) {
	k := benchCodec[T](b)
	dst, err := k.Append(nil, v)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		if dst, err = k.Append(dst[:0], v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHello(b *testing.B) {
	b.Run("decode", func(b *testing.B) {
		benchDecode[benchHello](b, []byte(`{"func_name":"hello_world","name":"Peter","repeat":3}`))
	})
	b.Run("encode", func(b *testing.B) { benchAppend(b, benchHello{"Peter", 3}) })
	b.Run("head", func(b *testing.B) {
		src := []byte(`{"func_name":"hello_world","name":"Peter","repeat":3}`)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := typed.ScanHead(src); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// million returns a million numbers, and the texts of a request with them.
func million(digits int) (floats []float64, request []byte) {
	r := rand.New(rand.NewPCG(1, 2))
	request = []byte(`{"func_name":"f","values":[`)
	for i := range 1_000_000 {
		if i > 0 {
			request = append(request, ',')
		}
		text := strconv.AppendFloat(nil, r.NormFloat64()*100, 'f', digits, 64)
		f, _ := strconv.ParseFloat(string(text), 64)
		floats = append(floats, f)
		request = append(request, text...)
	}
	return floats, append(request, "]}"...)
}

// BenchmarkMillionFloats compares with strconv alone over the same values.
func BenchmarkMillionFloats(b *testing.B) {
	for name, digits := range map[string]int{"full precision": -1, "6 decimals": 6} {
		floats, request := million(digits)
		b.Run(name+"/decode", func(b *testing.B) { benchDecode[benchFloats](b, request) })
		b.Run(name+"/decode with dive", func(b *testing.B) { benchDecode[benchFloatsDive](b, request) })
		b.Run(name+"/parse by strconv", func(b *testing.B) {
			texts := bytes.Split(request[len(`{"func_name":"f","values":[`):len(request)-2], []byte(","))
			words := make([]string, len(texts))
			for i, t := range texts {
				words[i] = string(t)
			}
			b.SetBytes(int64(len(request)))
			for b.Loop() {
				out := make([]float64, 0, len(words))
				for _, w := range words {
					f, err := strconv.ParseFloat(w, 64)
					if err != nil {
						b.Fatal(err)
					}
					out = append(out, f)
				}
				if len(out) != len(words) {
					b.Fatal("numbers were lost")
				}
			}
		})
		b.Run(name+"/encode", func(b *testing.B) { benchAppend(b, floats) })
		b.Run(name+"/format by strconv", func(b *testing.B) {
			b.SetBytes(int64(len(request)))
			var dst []byte
			for b.Loop() {
				dst = dst[:0]
				for _, f := range floats {
					dst = strconv.AppendFloat(dst, f, 'g', -1, 64)
					dst = append(dst, ',')
				}
			}
			if len(dst) == 0 {
				b.Fatal("nothing was written")
			}
		})
	}
}

func BenchmarkObjects(b *testing.B) {
	var w bytes.Buffer
	w.WriteString(`{"a":[`)
	for i := range 100_000 {
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteString(`{"street":"Unter den Linden","number":12345,"tags":["a","bc"]}`)
	}
	w.WriteString(`]}`)
	b.Run("decode", func(b *testing.B) { benchDecode[benchObjects](b, w.Bytes()) })
	b.Run("decode with a rule each", func(b *testing.B) { benchDecode[benchChecked](b, w.Bytes()) })
	b.Run("encode", func(b *testing.B) {
		k := benchCodec[benchObjects](b)
		v, err := k.Decode(w.Bytes(), typed.DecodeOptions{})
		if err != nil {
			b.Fatal(err)
		}
		benchAppend(b, v)
	})
}

func BenchmarkMillionInts(b *testing.B) {
	src := []byte("[0")
	for i := range 1_000_000 {
		src = strconv.AppendInt(append(src, ','), int64(i*7919), 10)
	}
	src = append(src, ']')
	b.Run("decode", func(b *testing.B) { benchDecode[[]int](b, src) })
	b.Run("encode", func(b *testing.B) { benchAppend(b, make([]int, 1_000_000)) })
}
