package dasf_test

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/dasf-go/dasf"
)

func TestDate(t *testing.T) {
	d, err := dasf.ParseDate("2024-02-29")
	if err != nil || d != (dasf.Date{Year: 2024, Month: time.February, Day: 29}) {
		t.Fatalf("got %v, %v", d, err)
	}
	if got := d.String(); got != "2024-02-29" {
		t.Errorf("String gives %s", got)
	}
	berlin := time.FixedZone("CET", 3600)
	if got := d.In(berlin); !got.Equal(time.Date(2024, 2, 28, 23, 0, 0, 0, time.UTC)) {
		t.Errorf("In gives %s", got)
	}
	if got := dasf.DateOf(time.Date(2024, 2, 28, 23, 30, 0, 0, time.UTC).In(berlin)); got != d {
		t.Errorf("DateOf gives %s", got)
	}
	later := dasf.Date{Year: 2024, Month: time.March, Day: 1}
	if d.Compare(later) != -1 || later.Compare(d) != 1 || d.Compare(d) != 0 {
		t.Error("Compare is wrong")
	}
	if d.IsZero() || !(dasf.Date{}).IsZero() {
		t.Error("IsZero is wrong")
	}
	for _, text := range []string{"", "2023-02-29", "2024-2-1", "2024-02-29T00:00:00", "0000-00-00"} {
		if _, err := dasf.ParseDate(text); err == nil {
			t.Errorf("%q is taken for a date", text)
		}
	}
	for _, d := range []dasf.Date{{}, {Year: 2023, Month: 2, Day: 29}, {Year: 10000, Month: 1, Day: 1}} {
		if text, err := d.MarshalText(); err == nil {
			t.Errorf("%s is written", text)
		}
	}
}

func TestUUID(t *testing.T) {
	const text = "12345678-9abc-def0-1234-56789abcdef0"
	u, err := dasf.ParseUUID(strings.ToUpper(text))
	if err != nil || u.String() != text {
		t.Fatalf("got %s, %v", u, err)
	}
	if same, err := dasf.ParseUUID(strings.ReplaceAll(text, "-", "")); err != nil || same != u {
		t.Errorf("got %s, %v", same, err)
	}
	for _, bad := range []string{"", text[1:], text + "0", "12345678-9abc-def0-1234-56789abcdefg", "123456789-abc-def0-1234-56789abcdef0"} {
		if _, err := dasf.ParseUUID(bad); err == nil {
			t.Errorf("%q is taken for a UUID", bad)
		}
	}
	if u := dasf.NewUUID(); u == dasf.NewUUID() || u[6]>>4 != 4 || u[8]>>6 != 2 {
		t.Errorf("%s is no random UUID of version 4", u)
	}
}

func TestDecimal(t *testing.T) {
	for text, want := range map[string]string{
		"1.10": "1.10", "+1.5": "1.5", "-0": "-0", "-00.50": "-0.50", ".5": "0.5", "5.": "5", "007": "7",
		"1e5": "1E+5", "1.5E-07": "1.5E-7", "1e999999": "1E+999999",
		"12345678901234567890.123456789012345678901234567890": "12345678901234567890.123456789012345678901234567890",
	} {
		if d, err := dasf.ParseDecimal(text); err != nil || d.String() != want {
			t.Errorf("%q gives %s, %v; want %s", text, d, err, want)
		}
	}
	for _, bad := range []string{"", "+", ".", "1.2.3", "1e", "e5", "1e1000000", "0x10", "1_000", "NaN", "inf", " 1", "１", "--1", "1e5.5", strings.Repeat("x", 1000)} {
		if d, err := dasf.ParseDecimal(bad); err == nil || len(err.Error()) > 300 {
			t.Errorf("%.20q gives %s, %v", bad, d, err)
		}
	}
	for f, want := range map[float64]string{0.1: "0.1", 1e21: "1000000000000000000000", -2: "-2"} {
		if d, err := dasf.DecimalOf(f); err != nil || d.String() != want {
			t.Errorf("DecimalOf(%v) gives %s, %v", f, d, err)
		}
	}
	for _, f := range []float64{math.NaN(), math.Inf(-1)} {
		if d, err := dasf.DecimalOf(f); err == nil {
			t.Errorf("DecimalOf(%v) gives %s", f, d)
		}
	}
	parse := func(s string) dasf.Decimal {
		d, err := dasf.ParseDecimal(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, row := range []struct {
		a, b string
		want int
	}{
		{"1.1", "1.10", 0}, {"0", "-0.00", 0}, {"-1", "1", -1}, {"2", "10", -1}, {"-2", "-10", 1}, {"1e5", "100000", 0},
		{"1e999999", "9e999998", 1}, {"0.1", "0.09999999999999999999", 1}, {"0", "0.1", -1}, {"0", "-0.1", 1},
	} {
		if got := parse(row.a).Cmp(parse(row.b)); got != row.want {
			t.Errorf("%s against %s gives %d, want %d", row.a, row.b, got, row.want)
		}
	}
	if f := parse("2.5").Float64(); f != 2.5 {
		t.Errorf("Float64 gives %v", f)
	}
	if f := parse("1e999").Float64(); !math.IsInf(f, 1) {
		t.Errorf("Float64 gives %v", f)
	}
	if r := parse("0.10").Rat(); r.Cmp(big.NewRat(1, 10)) != 0 {
		t.Errorf("Rat gives %v", r)
	}
}

func TestSet(t *testing.T) {
	s := dasf.SetOf("a", "b", "a")
	if len(s) != 2 || !s.Has("a") || s.Has("c") {
		t.Errorf("got %v", s)
	}
	s.Add("c")
	if !s.Has("c") {
		t.Error("Add does nothing")
	}
}

// TestTypesInEncodingJSON: Date, UUID and Decimal keep their form outside of dasf.
func TestTypesInEncodingJSON(t *testing.T) {
	type value struct {
		D dasf.Date
		U dasf.UUID
		N dasf.Decimal
		M map[dasf.Date]int
	}
	const text = `{"D":"2024-02-29","U":"00000000-0000-0000-0000-000000000001","N":"1.10","M":{"2024-01-01":1}}`
	var v value
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	if out, err := json.Marshal(v); err != nil || string(out) != text {
		t.Errorf("got %s, %v", out, err)
	}
	for _, bad := range []string{`{"D":"x"}`, `{"U":"x"}`, `{"N":"x"}`} {
		if err := json.Unmarshal([]byte(bad), &v); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestNaiveIsNoOtherZone(t *testing.T) {
	if dasf.Naive == time.UTC || dasf.Naive == time.Local || time.Now().Location() == dasf.Naive {
		t.Error("Naive is a zone that other times have")
	}
	if time.FixedZone("", 0) == dasf.Naive || time.FixedZone("naive", 0) == dasf.Naive {
		t.Error("Naive can be had by chance")
	}
}
