package dasf

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/dasf-go/dasf/internal/typed"
)

// OneOf2 is Python's Union[A, B]: Value holds an A or a B.
//
//	type Request struct {
//		Area dasf.OneOf2[Circle, Box] `json:"area"`
//	}
//
//	switch area := r.Area.Value.(type) {
//	case Circle: …
//	case Box: …
//	}
//
// Where all alternatives are structs that have a field of one name with a const
// tag (or pointers to such), that field tells them apart. Else they are tried in
// order, first without conversions, so that "7" is a string for
// OneOf2[int, string], then with them.
//
// A value that is none of the alternatives cannot be encoded; nil can where one
// of them is a pointer or any. An Optional union is a *OneOf2.
type OneOf2[A, B any] struct {
	_     typed.Union2[A, B]
	Value any
}

// OneOf3 is Python's Union of three types. See [OneOf2].
type OneOf3[A, B, C any] struct {
	_     typed.Union3[A, B, C]
	Value any
}

// OneOf4 is Python's Union of four types. See [OneOf2].
type OneOf4[A, B, C, D any] struct {
	_     typed.Union4[A, B, C, D]
	Value any
}

// Tuple2 is Python's Tuple[A, B]: an array of two elements, each of its own type.
type Tuple2[A, B any] struct {
	_      typed.Tuple
	First  A
	Second B
}

// Tuple3 is Python's Tuple[A, B, C]. See [Tuple2].
type Tuple3[A, B, C any] struct {
	_      typed.Tuple
	First  A
	Second B
	Third  C
}

// Set is Python's Set[T]: an array on the wire, in which repeated elements are
// dropped. It leaves in rising order where T is a number or string. Any
// map[T]struct{} is a set, this one has a few methods.
type Set[T comparable] map[T]struct{}

// SetOf returns the set of elements.
func SetOf[T comparable](elements ...T) Set[T] {
	s := make(Set[T], len(elements))
	for _, e := range elements {
		s.Add(e)
	}
	return s
}

// Add adds e.
func (s Set[T]) Add(e T) { s[e] = struct{}{} }

// Has reports whether e is in s.
func (s Set[T]) Has(e T) bool {
	_, ok := s[e]
	return ok
}

// Naive is the location of a [time.Time] that came without a zone
// ("2024-02-29T12:30:00", what Python's datetime.now() gives). Such a time
// leaves without a zone too, so that Python can compare it with its own. To
// compare it with Go's times, say which zone it means:
//
//	time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
//
// It must not be changed.
var Naive = typed.Naive

// A Date is Python's datetime.date. Its JSON form is "2024-02-29"; the zero
// Date has none.
type Date struct {
	_     typed.Date
	Year  int // 1 to 9999
	Month time.Month
	Day   int
}

// DateOf returns the date of t in t's location.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{Year: year, Month: month, Day: day}
}

// ParseDate reads a date in the form 2024-02-29.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return Date{}, fmt.Errorf("dasf: %q is no date in the form 2024-02-29", text)
	}
	return DateOf(t), nil
}

// In returns midnight of d in loc, at which the day begins there in most years.
func (d Date) In(loc *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, loc)
}

// IsZero reports whether d is the zero Date.
func (d Date) IsZero() bool { return d == Date{} }

// Compare returns -1 if d is before other, 1 if it is after, else 0.
func (d Date) Compare(other Date) int { return d.In(time.UTC).Compare(other.In(time.UTC)) }

// String returns d in the form 2024-02-29.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// MarshalText returns d in the form 2024-02-29. A day that is not in the
// calendar is an error.
func (d Date) MarshalText() ([]byte, error) {
	if d.Year < 1 || d.Year > 9999 || DateOf(d.In(time.UTC)) != d {
		return nil, fmt.Errorf("dasf: %s is no date", d)
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads a date in the form 2024-02-29.
func (d *Date) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDate(string(text))
	return err
}

// A UUID is Python's uuid.UUID. Any other type UUID that is a [16]byte and has
// text methods, such as github.com/google/uuid's, can take its place.
type UUID [16]byte

// NewUUID returns a random UUID (version 4).
func NewUUID() UUID {
	var u UUID
	rand.Read(u[:]) // never fails (crypto/rand)
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u
}

// ParseUUID reads a UUID in the form 8-4-4-4-12, in either case.
func ParseUUID(text string) (UUID, error) {
	var u UUID
	digits := []byte(text)
	if len(text) == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-' {
		digits = []byte(text[:8] + text[9:13] + text[14:18] + text[19:23] + text[24:])
	}
	if len(digits) != 32 {
		return u, fmt.Errorf("dasf: %q is no UUID: 32 hexadecimal digits as 8-4-4-4-12", text)
	}
	if _, err := hex.Decode(u[:], digits); err != nil {
		return UUID{}, fmt.Errorf("dasf: %q is no UUID: 32 hexadecimal digits as 8-4-4-4-12", text)
	}
	return u, nil
}

// String returns u in lower case in the form 8-4-4-4-12.
func (u UUID) String() string {
	x := hex.EncodeToString(u[:])
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}

// MarshalText returns u.String().
func (u UUID) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText is [ParseUUID].
func (u *UUID) UnmarshalText(text []byte) (err error) {
	*u, err = ParseUUID(string(text))
	return err
}

// A Decimal is Python's decimal.Decimal: a number by its decimal digits, of
// which none is lost. 1.10 stays 1.10. Its JSON form is a string; a number is
// taken too. The zero Decimal is 0. Compare values with [Decimal.Cmp]: 1.1 and
// 1.10 are equal numbers and different Decimals.
//
// Any other type Decimal with text methods, such as
// github.com/shopspring/decimal's, can take its place.
type Decimal struct{ text string }

// maxDecimalExponent is that of Python's default context (decimal.Emax).
const maxDecimalExponent = 999999

var errDecimal = errors.New("digits, perhaps with a sign, a point and an exponent of at most 999,999")

// ParseDecimal reads digits with an optional sign, point and exponent.
func ParseDecimal(text string) (Decimal, error) {
	sign, digits := "", text
	if text != "" && (text[0] == '-' || text[0] == '+') {
		sign, digits = strings.TrimPrefix(text[:1], "+"), text[1:]
	}
	mantissa, exponent := digits, ""
	if i := strings.IndexAny(digits, "eE"); i >= 0 {
		mantissa, exponent = digits[:i], digits[i+1:]
		n, err := strconv.Atoi(exponent)
		if err != nil || n > maxDecimalExponent || n < -maxDecimalExponent {
			return Decimal{}, fmt.Errorf("dasf: %.50q is no decimal: %w", text, errDecimal)
		}
		exponent = fmt.Sprintf("E%+d", n)
	}
	whole, fraction, point := strings.Cut(mantissa, ".")
	if whole+fraction == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return Decimal{}, fmt.Errorf("dasf: %.50q is no decimal: %w", text, errDecimal)
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if point && fraction != "" {
		fraction = "." + fraction
	}
	return Decimal{sign + whole + fraction + exponent}, nil
}

// DecimalOf returns the shortest decimal that is nearest to f. NaN and the
// infinities are an error.
func DecimalOf(f float64) (Decimal, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Decimal{}, fmt.Errorf("dasf: %v is no decimal", f)
	}
	return Decimal{strconv.FormatFloat(f, 'f', -1, 64)}, nil
}

// String returns the digits.
func (d Decimal) String() string {
	if d.text == "" {
		return "0"
	}
	return d.text
}

// Float64 returns the nearest float64, an infinity if d is beyond them.
func (d Decimal) Float64() float64 {
	f, _ := strconv.ParseFloat(d.String(), 64) // the only error is the range, and then f is right
	return f
}

// Rat returns d exactly. Of a large exponent it takes that many digits of memory.
func (d Decimal) Rat() *big.Rat {
	r, _ := new(big.Rat).SetString(d.String()) // a Decimal's text is always a number
	return r
}

// Cmp returns -1, 0 or 1 as d is less than, equal to or greater than other.
func (d Decimal) Cmp(other Decimal) int { return typed.CompareDecimals(d.String(), other.String()) }

// MarshalText returns the digits.
func (d Decimal) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is [ParseDecimal].
func (d *Decimal) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDecimal(string(text))
	return err
}
