package netcdf_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dasf-go/dasf/netcdf"
)

var dimN = netcdf.Dim{Name: "n", Len: 3}

// values decodes, and fails the test if that fails.
func values[T netcdf.Value](t *testing.T, v *netcdf.Variable) []T {
	t.Helper()
	out, err := netcdf.Values[T](v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func refused[T netcdf.Value](t *testing.T, v *netcdf.Variable, want string) {
	t.Helper()
	out, err := netcdf.Values[T](v)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, error %v, want one with %q", out, err, want)
	} else if !strings.HasPrefix(err.Error(), `variable "v" (`) {
		t.Errorf("error %v does not name the variable", err)
	}
}

func TestEveryTypeGivesEveryNumber(t *testing.T) {
	vars := []*netcdf.Variable{
		netcdf.NewVariable("v", []int8{0, 1, 100}, dimN), netcdf.NewVariable("v", []int16{0, 1, 100}, dimN),
		netcdf.NewVariable("v", []int32{0, 1, 100}, dimN), netcdf.NewVariable("v", []int64{0, 1, 100}, dimN),
		netcdf.NewVariable("v", []uint8{0, 1, 100}, dimN), netcdf.NewVariable("v", []uint16{0, 1, 100}, dimN),
		netcdf.NewVariable("v", []uint32{0, 1, 100}, dimN), netcdf.NewVariable("v", []uint64{0, 1, 100}, dimN),
		netcdf.NewVariable("v", []float32{0, 1, 100}, dimN), netcdf.NewVariable("v", []float64{0, 1, 100}, dimN),
		netcdf.NewVariable("v", []int{0, 1, 100}, dimN),
		netcdf.Pack("v", []float64{0, 1, 100}, netcdf.Packing[int16]{Scale: 0.5, Offset: 10, Fill: -1}, dimN),
	}
	for _, v := range vars {
		t.Run(v.Type().String(), func(t *testing.T) {
			equal(t, []int8{0, 1, 100}, values[int8](t, v))
			equal(t, []int16{0, 1, 100}, values[int16](t, v))
			equal(t, []int32{0, 1, 100}, values[int32](t, v))
			equal(t, []int64{0, 1, 100}, values[int64](t, v))
			equal(t, []int{0, 1, 100}, values[int](t, v))
			equal(t, []uint8{0, 1, 100}, values[uint8](t, v))
			equal(t, []uint16{0, 1, 100}, values[uint16](t, v))
			equal(t, []uint32{0, 1, 100}, values[uint32](t, v))
			equal(t, []uint64{0, 1, 100}, values[uint64](t, v))
			equal(t, []float32{0, 1, 100}, values[float32](t, v))
			equal(t, []float64{0, 1, 100}, values[float64](t, v))
			refused[bool](t, v, "the value at [2] is 100, neither 0 nor 1")
			refused[string](t, v, "not as text")
			refused[time.Time](t, v, `it has no attribute units`)
			refused[time.Duration](t, v, `its attribute units is ""`)
			since := v.Renamed("v").SetAttr("units", "hours since 2000-01-01")
			equal(t, []time.Time{date(2000, 1, 1, 0), date(2000, 1, 1, 1), date(2000, 1, 5, 4)}, values[time.Time](t, since))
			hours := v.Renamed("v").SetAttr("units", "hours")
			equal(t, []time.Duration{0, time.Hour, 100 * time.Hour}, values[time.Duration](t, hours))
			shifted, err := v.Select(netcdf.Range{Dim: "n", Len: 2})
			if err != nil {
				t.Fatal(err)
			}
			equal(t, []bool{false, true}, values[bool](t, shifted))
			if !v.Equal(v.Renamed("v")) || v.Equal(shifted) || v.Equal(v.Renamed("w")) {
				t.Error("Equal is wrong")
			}
		})
	}
}

func equal[T any](t *testing.T, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, sameNaN); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNumbersThatDoNotFit(t *testing.T) {
	refused[int8](t, netcdf.NewVariable("v", []int16{0, 128, 0}, dimN), "the value at [1] is 128, which is no int8")
	refused[uint8](t, netcdf.NewVariable("v", []int16{0, -1, 0}, dimN), "the value at [1] is -1, which is no uint8")
	refused[int64](t, netcdf.NewVariable("v", []uint64{0, 1 << 63, 0}, dimN), "which is no int64")
	refused[uint64](t, netcdf.NewVariable("v", []int64{0, 0, -1}, dimN), "which is no uint64")
	refused[int32](t, netcdf.NewVariable("v", []float64{0, 1.5, 0}, dimN), "the value at [1] is 1.5, which is no int32")
	refused[int64](t, netcdf.NewVariable("v", []float64{0, 1 << 63, 0}, dimN), "which is no int64")
	refused[uint64](t, netcdf.NewVariable("v", []float64{0, 1 << 64, 0}, dimN), "which is no uint64")
	refused[uint64](t, netcdf.NewVariable("v", []float64{0, -1, 0}, dimN), "which is no uint64")
	refused[int](t, netcdf.NewVariable("v", []float32{0, float32(math.Inf(1)), 0}, dimN), "which is no int64")
	refused[int](t, netcdf.NewVariable("v", []float32{0, 0, float32(math.NaN())}, dimN), "the value at [2] is missing")
	refused[int](t, netcdf.NewVariable("v", []int32{1, -9, 3}, dimN).SetAttr("_FillValue", int32(-9)), "the value at [1] is missing")
	refused[float32](t, netcdf.NewVariable("v", []float64{0, 1e300, 0}, dimN), "the value at [1] does not fit float32")
	refused[float64](t, netcdf.NewVariable("v", []string{"a", "b", "c"}, dimN), "it holds text")
	refused[int](t, netcdf.NewVariable("v", []string{"a", "b", "c"}, dimN), "it holds text")
	refused[float64](t, netcdf.NewVariable("v", []int8{1, 2, 3}, dimN).SetAttr("scale_factor", "2"), "its attribute scale_factor is 2, not a number")
	refused[float64](t, netcdf.NewVariable("v", []int8{1, 2, 3}, dimN).SetAttr("add_offset", []float64{1, 2}), "its attribute add_offset is [1 2], not a number")
	refused[int](t, netcdf.NewVariable("v", []int8{1, 2, 3}, dimN).SetAttr("scale_factor", "2"), "its attribute scale_factor is 2, not a number")
	refused[int](t, netcdf.NewVariable("v", []int8{1, 2, 3}, dimN).SetAttr("scale_factor", 0.3), "which is no int64")

	equal(t, []float32{0, float32(math.Inf(1)), 1.5}, values[float32](t, netcdf.NewVariable("v", []float64{0, math.Inf(1), 1.5}, dimN)))
	equal(t, []int64{math.MinInt64, 0, math.MaxInt64}, values[int64](t, netcdf.NewVariable("v", []int64{math.MinInt64, 0, math.MaxInt64}, dimN)))
	equal(t, []uint64{0, 1, math.MaxUint64}, values[uint64](t, netcdf.NewVariable("v", []uint64{0, 1, math.MaxUint64}, dimN)))
}

func TestTheWrongShapeOfAVariableIsReportedByAll(t *testing.T) {
	v := netcdf.NewVariable("v", []float32{1}, dimN)
	refused[float32](t, v, "its dimensions want 3 values, and it has 1")
	if _, err := netcdf.Raw[float32](v); err == nil {
		t.Error("Raw gives no error")
	}
	if _, err := v.Select(); err == nil {
		t.Error("Select gives no error")
	}
}

func TestRawSharesItsMemory(t *testing.T) {
	stored := []float32{1, 2, 3}
	v := netcdf.NewVariable("v", stored, dimN).SetAttr("scale_factor", 2.0)
	got := raw[float32](t, v)
	got[0] = 9
	if stored[0] != 9 {
		t.Error("Raw copies")
	}
	copied := values[float32](t, v)
	if copied[0] != 18 {
		t.Errorf("decoded as %v", copied[0])
	}
	if copied[1] = 7; stored[1] != 2 {
		t.Error("Values does not copy")
	}
	_, err := netcdf.Raw[float64](v)
	if err == nil || err.Error() != `variable "v" (n: 3): it is stored as float32, not as float64: take Values for a conversion` {
		t.Errorf("error %v", err)
	}
	equal(t, []uint8("abc"), raw[uint8](t, netcdf.NewVariable("v", []string{"a", "b", "c"}, dimN)))
}

func TestMissingValues(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		name string
		v    *netcdf.Variable
		want []float64
	}{
		{"fill value of the wrong type", netcdf.NewVariable("v", []float32{1, 1e20, 3}, dimN).SetAttr("missing_value", 1e20), []float64{1, nan, 3}},
		{"fill value that the type does not have", netcdf.NewVariable("v", []int8{1, 2, 3}, dimN).SetAttr("_FillValue", int32(258)), []float64{1, 2, 3}},
		{"fill value with a fraction", netcdf.NewVariable("v", []int8{1, 2, 3}, dimN).SetAttr("_FillValue", 2.5), []float64{1, 2, 3}},
		{"large fill value", netcdf.NewVariable("v", []int64{1, 1<<53 + 1, 1 << 53}, dimN).SetAttr("_FillValue", int64(1<<53+1)), []float64{1, nan, 1 << 53}},
		{"unsigned fill value", netcdf.NewVariable("v", []uint64{1, math.MaxUint64, 3}, dimN).SetAttr("_FillValue", uint64(math.MaxUint64)), []float64{1, nan, 3}},
		{"unsigned fill value of signed bits", netcdf.NewVariable("v", []int8{1, -1, 3}, dimN).SetAttr("_Unsigned", "true").SetAttr("_FillValue", uint8(255)), []float64{1, nan, 3}},
		{"unsigned int32", netcdf.NewVariable("v", []int32{1, -1, 3}, dimN).SetAttr("_Unsigned", "true"), []float64{1, math.MaxUint32, 3}},
		{"unsigned int64", netcdf.NewVariable("v", []int64{1, -1, 3}, dimN).SetAttr("_Unsigned", "true"), []float64{1, math.MaxUint64, 3}},
		{"_Unsigned is false", netcdf.NewVariable("v", []int8{1, -1, 3}, dimN).SetAttr("_Unsigned", "false"), []float64{1, -1, 3}},
		{"_Unsigned on floats", netcdf.NewVariable("v", []float32{1, -1, 3}, dimN).SetAttr("_Unsigned", "true"), []float64{1, -1, 3}},
		{"fill value that is text", netcdf.NewVariable("v", []int8{1, 2, 3}, dimN).SetAttr("_FillValue", "2"), []float64{1, 2, 3}},
		{"fill value is infinite", netcdf.NewVariable("v", []float64{1, math.Inf(-1), 3}, dimN).SetAttr("_FillValue", math.Inf(-1)), []float64{1, nan, 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { equal(t, tt.want, values[float64](t, tt.v)) })
	}
	packed := netcdf.NewVariable("v", []float64{1, 1e300, 3}, dimN).SetAttr("_FillValue", 1e300)
	equal(t, []float32{1, float32(nan), 3}, values[float32](t, packed)) // the fill value is no overflow
}

func TestPack(t *testing.T) {
	p := netcdf.Packing[int16]{Scale: 0.01, Offset: 273.15, Fill: math.MinInt16}
	in := []float32{273.15, 300.123, float32(math.NaN())}
	v := netcdf.Pack("v", in, p, dimN)
	equal(t, []int16{0, 2697, math.MinInt16}, raw[int16](t, v))
	got := values[float64](t, v)
	for i, x := range in {
		if d := math.Abs(got[i] - float64(x)); d > 0.005 || math.IsNaN(d) != (i == 2) {
			t.Errorf("value %d is %v, want %v", i, got[i], x)
		}
	}
	equal(t, netcdf.Attrs{{Name: "scale_factor", Value: 0.01}, {Name: "add_offset", Value: 273.15}, {Name: "_FillValue", Value: int16(math.MinInt16)}}, v.Attrs)
	refused[float64](t, netcdf.Pack("v", []float64{0, 1000, 0}, p, dimN), "value number 1, 1000, would be stored as 72685, which is out of the range of int16")
	refused[float64](t, netcdf.Pack("v", []float64{0, 5, 0}, netcdf.Packing[int8]{Fill: 5}, dimN), "or its fill value 5")
	refused[float64](t, netcdf.Pack("v", []float64{0, math.Inf(1), 0}, netcdf.Packing[int32]{Fill: 5}, dimN), "out of the range of int32")
}

func TestText(t *testing.T) {
	in := []string{"", "Büsum", "a\x00b"}
	v := netcdf.NewVariable("v", in, dimN)
	if s := v.String(); s != "char v (n: 3, string6: 6)" {
		t.Error(s)
	}
	equal(t, in, values[string](t, v))
	equal(t, []string{"", "", ""}, values[string](t, netcdf.NewVariable("v", []string{"", "", ""}, dimN)))
	equal(t, []string{"text"}, values[string](t, netcdf.NewVariable("v", []string{"text"})))
	equal(t, []string{}, values[string](t, netcdf.NewVariable("v", []string{}, netcdf.Dim{Name: "n"})))

	latin := netcdf.NewVariable("v", []string{"Bxsum", "", ""}, dimN).SetAttr("_Encoding", "iso-8859-1")
	raw[uint8](t, latin)[1] = 0xFC
	equal(t, []string{"Büsum", "", ""}, values[string](t, latin))
	refused[string](t, latin.Renamed("v").SetAttr("_Encoding", "utf-8"), "string number 0 is not UTF-8: set the attribute _Encoding")
	refused[string](t, latin.Renamed("v").SetAttr("_Encoding", "utf-16"), `its attribute _Encoding is "utf-16"`)
	none, err := latin.Select(netcdf.Range{Dim: "string5"})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, []string{"", "", ""}, values[string](t, none))
	first, err := latin.Select(netcdf.Range{Dim: "n", Start: 1, Len: 2}, netcdf.Range{Dim: "string5", Len: 1})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, []string{"", ""}, values[string](t, first))
}

func TestBooleans(t *testing.T) {
	v := netcdf.NewVariable("v", []bool{true, false, true}, dimN)
	equal(t, []int8{1, 0, 1}, raw[int8](t, v))
	equal(t, []bool{true, false, true}, values[bool](t, v))
	equal(t, []bool{true, false, true}, values[bool](t, netcdf.NewVariable("v", []int16{5, 0, -1}, dimN).SetAttr("dtype", "bool")))
	refused[bool](t, netcdf.NewVariable("v", []float32{0.5, 0, 0}, dimN), "which is no int64")
}
