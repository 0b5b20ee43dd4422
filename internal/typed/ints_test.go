package typed_test

import (
	"math"
	"strconv"
	"testing"
)

// TestIntSlicesOfEveryKind: slices of integers have a way of their own.
func TestIntSlicesOfEveryKind(t *testing.T) {
	type small int8
	type octet uint8
	const numbers = `[0,-0,7,"7",5.0,1e2,true,127]`
	const want = `[0,0,7,7,5,100,1,127]`
	for name, test := range map[string]func(*testing.T){
		"int":   func(t *testing.T) { wantDecode[[]int](t, numbers, want) },
		"int8":  func(t *testing.T) { wantDecode[[]int8](t, numbers, want) },
		"named": func(t *testing.T) { wantDecode[[]small](t, numbers, want) },
		"int16": func(t *testing.T) { wantDecode[[]int16](t, numbers, want) },
		"int32": func(t *testing.T) { wantDecode[[]int32](t, numbers, want) },
		"int64": func(t *testing.T) { wantDecode[[]int64](t, numbers, want) },
		"uint":  func(t *testing.T) { wantDecode[[]uint](t, numbers, want) },
		"octet": func(t *testing.T) { wantDecode[[]octet](t, numbers, want) },
		"uint16": func(t *testing.T) {
			wantDecode[[]uint16](t, numbers, want)
			wantDecode[[]uint16](t, `[65535,65536,-1]`, "", "1:less_than_equal", "2:greater_than_equal")
		},
		"uint32":  func(t *testing.T) { wantDecode[[]uint32](t, numbers, want) },
		"uintptr": func(t *testing.T) { wantDecode[[]uintptr](t, numbers, want) },
		"bounds of int8": func(t *testing.T) {
			wantDecode[[]int8](t, `[-128,127]`, `[-128,127]`)
			wantDecode[[]small](t, `[-129,128,1.5,null]`, "", "0:greater_than_equal", "1:less_than_equal", "2:int_from_float", "3:int_type")
		},
		"bounds of int64": func(t *testing.T) {
			least, most := strconv.Itoa(math.MinInt64), strconv.Itoa(math.MaxInt64)
			wantDecode[[]int64](t, `[`+least+`,`+most+`]`, `[`+least+`,`+most+`]`)
			wantDecode[[]int64](t, `[-9223372036854775809,9223372036854775808]`, "", "0:greater_than_equal", "1:less_than_equal")
		},
		"bounds of uint64": func(t *testing.T) {
			wantDecode[[]uint64](t, `[18446744073709551615, 1000000000000000000]`, `[18446744073709551615,1000000000000000000]`)
			wantDecode[[]uint64](t, `[18446744073709551616,-1]`, "", "0:less_than_equal", "1:greater_than_equal")
		},
		"no array": func(t *testing.T) { wantDecode[[]int](t, `3`, "", ":list_type") },
		"empty":    func(t *testing.T) { wantDecode[[]int](t, ` [ ] `, `[]`) },
	} {
		t.Run(name, test)
	}
}
