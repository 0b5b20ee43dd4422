package pylog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// goLayouts are the directives of strftime that have a layout in Go, in the C
// locale.
var goLayouts = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'h': "Jan", 'd': "02", 'e': "_2", 'm': "01",
	'y': "06", 'Y': "2006", 'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM", 'j': "002",
	'z': "-0700", 'Z': "MST", 'T': "15:04:05", 'R': "15:04", 'D': "01/02/06", 'F': "2006-01-02",
	'c': "Mon Jan _2 15:04:05 2006", 'x': "01/02/06", 'X': "15:04:05", 'r': "03:04:05 PM",
}

// checkStrftime returns an error for a directive that strftime would not know.
func checkStrftime(format string) error {
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			continue
		}
		i++
		if i == len(format) {
			return errors.New("a % at the end")
		}
		if _, ok := goLayouts[format[i]]; !ok && !strings.ContainsRune("%nts", rune(format[i])) {
			return fmt.Errorf("the directive %%%c can't be mapped", format[i])
		}
	}
	return nil
}

// appendStrftime writes t as strftime does.
func appendStrftime(dst []byte, format string, t time.Time) []byte {
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			dst = append(dst, format[i])
			continue
		}
		i++
		switch c := format[i]; c {
		case '%':
			dst = append(dst, '%')
		case 'n':
			dst = append(dst, '\n')
		case 't':
			dst = append(dst, '\t')
		case 's':
			dst = strconv.AppendInt(dst, t.Unix(), 10)
		default:
			dst = t.AppendFormat(dst, goLayouts[c])
		}
	}
	return dst
}

// appendAsctime writes Python's default: 2026-11-24 17:56:40,733.
func appendAsctime(dst []byte, t time.Time) []byte {
	dst = t.AppendFormat(dst, "2006-01-02 15:04:05")
	ms := t.Nanosecond() / int(time.Millisecond)
	return append(dst, ',', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
}
