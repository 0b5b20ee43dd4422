package pylog

import (
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A record is a slog record on its way through one logger.
type record struct {
	slog.Record
	logger string
	attrs  []slog.Attr // those of the record and of its logger, groups flattened
	caller *runtime.Frame
}

// A value is an attribute of a record.
type value struct {
	text     string
	number   float64
	isNumber bool
}

func text(s string) value { return value{text: s} }

func numeric(n float64) value {
	return value{text: strconv.FormatFloat(n, 'f', -1, 64), number: n, isNumber: true}
}

// line writes the record with a format, and behind it the attributes that the
// format does not name.
func (r *record) line(dst []byte, f *format) []byte {
	var used map[string]bool
	for i := range f.parts {
		p := &f.parts[i]
		if p.attr == "" {
			dst = append(dst, p.literal...)
			continue
		}
		v, own := r.value(p.attr, f)
		if own {
			if used == nil {
				used = map[string]bool{}
			}
			used[p.attr] = true
		}
		dst = p.append(dst, v)
	}
	var below []string
	for _, a := range r.attrs {
		if used[a.Key] {
			continue
		}
		v := plain(a.Value)
		if strings.Contains(v, "\n") { // a stack: Python writes it below the line
			below = append(below, v)
			continue
		}
		dst = append(append(append(dst, ' '), a.Key...), '=')
		dst = append(dst, quoteIfNeeded(v)...)
	}
	for _, v := range below {
		dst = append(append(dst, '\n'), strings.TrimRight(v, "\n")...)
	}
	return append(dst, '\n')
}

// value returns one of the attributes that logging.LogRecord has, or one of
// slog's, which is reported by own. One that is nowhere is empty.
func (r *record) value(name string, f *format) (v value, own bool) {
	switch name {
	case "message", "msg":
		return text(r.Message), false
	case "asctime":
		if f.date != "" {
			return text(string(appendStrftime(nil, f.date, r.Time))), false
		}
		return text(string(appendAsctime(nil, r.Time))), false
	case "levelname":
		return text(fromSlog(r.Level).name()), false
	case "levelno":
		return numeric(float64(fromSlog(r.Level))), false
	case "name":
		return text(r.logger), false
	case "created":
		return numeric(float64(r.Time.UnixMicro()) / 1e6), false
	case "msecs":
		return numeric(float64(r.Time.Nanosecond()) / float64(time.Millisecond)), false
	case "relativeCreated":
		return numeric(float64(r.Time.Sub(started).Microseconds()) / 1e3), false
	case "process":
		return numeric(float64(os.Getpid())), false
	case "processName", "threadName":
		return text("Main" + strings.ToUpper(name[:1]) + strings.TrimSuffix(name[1:], "Name")), false
	case "thread":
		return numeric(0), false
	case "taskName":
		return text("None"), false
	case "funcName", "lineno", "pathname", "filename", "module":
		return r.place(name), false
	}
	for _, a := range r.attrs {
		if a.Key == name {
			return text(plain(a.Value)), true
		}
	}
	return value{}, false
}

// started is when the program was, for relativeCreated.
var started = time.Now()

// place is where the record was logged.
func (r *record) place(name string) value {
	if r.caller == nil {
		frame, _ := runtime.CallersFrames([]uintptr{r.PC}).Next()
		r.caller = &frame
	}
	file := filepath.Base(r.caller.File)
	switch name {
	case "funcName":
		function := r.caller.Function
		return text(function[strings.LastIndexByte(function, '.')+1:])
	case "lineno":
		return numeric(float64(r.caller.Line))
	case "pathname":
		return text(r.caller.File)
	case "module":
		file = strings.TrimSuffix(file, filepath.Ext(file))
	}
	return text(file)
}

func plain(v slog.Value) string {
	v = v.Resolve()
	switch v.Kind() {
	case slog.KindTime:
		return v.Time().Format(time.RFC3339Nano)
	default:
		return v.String()
	}
}

// quoteIfNeeded quotes what could not be told apart from the next attribute.
func quoteIfNeeded(s string) string {
	if s == "" || strings.ContainsAny(s, " \t\r\"=") || strconv.Quote(s) != `"`+s+`"` {
		return strconv.Quote(s)
	}
	return s
}
