package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A size is a number of bytes on the command line, such as 65536, 512K, 16M
// or 1G. Units are powers of 1024.
type size int64

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *size) UnmarshalText(text []byte) error {
	digits := strings.TrimRight(string(text), "KMG")
	shift, ok := map[string]int{"": 0, "K": 10, "M": 20, "G": 30}[string(text)[len(digits):]]
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || n < 0 || n > math.MaxInt64>>shift {
		return fmt.Errorf("%q is no size, write 65536, 512K, 16M or 1G", text)
	}
	*s = size(n << shift)
	return nil
}
