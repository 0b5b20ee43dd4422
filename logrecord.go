package dasf

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// The bounds of what waits to be sent of a call's log.
const (
	maxRecords     = 1000
	maxRecordBytes = 256 << 10
	maxRecord      = 16 << 10 // one record, in bytes of its JSON
)

// Logger returns the logger for a handler: it logs to Config.Logger, and to the
// client if that asked for it with [OnLog] and Config.WithholdLog does not
// forbid it. Its lines have the attribute trace_id where the request came with
// a [Trace]. Outside of a call it is [slog.Default].
//
// It never waits for the client. Of a record longer than 16 KiB, and of those
// that come while 1,000 wait to be sent, the client only learns their number.
func Logger(ctx context.Context) *slog.Logger {
	r, _ := ctx.Value(reportsKey{}).(*reports)
	if r == nil {
		return slog.Default()
	}
	logger := TraceOf(ctx).traced(r.config.Logger)
	if r.sink == nil || r.sink.level == nil || r.config.WithholdLog {
		return logger
	}
	remote := slog.NewJSONHandler(recordWriter{r}, &slog.HandlerOptions{Level: *r.sink.level})
	return slog.New(slog.NewMultiHandler(logger.Handler(), remote))
}

// A recordWriter takes the lines of a [slog.JSONHandler], one a call.
type recordWriter struct{ reports *reports }

func (w recordWriter) Write(line []byte) (int, error) {
	w.reports.addRecord(line)
	return len(line), nil
}

// records are the records of a call's log that wait to be sent.
type records struct {
	lines   [][]byte
	size    int
	omitted int
}

func (r *reports) addRecord(line []byte) {
	r.mu.Lock()
	q := &r.records
	if r.closed || len(line) > maxRecord || len(q.lines) >= maxRecords || q.size+len(line) > maxRecordBytes {
		q.omitted++
	} else {
		q.lines = append(q.lines, bytes.Clone(line))
		q.size += len(line)
	}
	r.mu.Unlock()
	r.wake()
}

// none reports whether nothing waits, nor was left out.
func (q *records) none() bool { return len(q.lines) == 0 && q.omitted == 0 }

// take returns the text of the oldest records, of at most limit bytes or one
// record; nothing when none waits.
func (q *records) take(limit int) []byte {
	var text []byte
	for len(q.lines) > 0 && (len(text) == 0 || len(text)+len(q.lines[0]) <= limit) {
		text = append(text, q.lines[0]...)
		q.size -= len(q.lines[0])
		q.lines[0] = nil
		q.lines = q.lines[1:]
	}
	if text == nil && q.omitted > 0 {
		// As slog's JSONHandler writes it.
		text = fmt.Appendf(nil, `{"time":%q,"level":"WARN","msg":"records of the log were left out","count":%d}`+"\n",
			time.Now().Format(time.RFC3339Nano), q.omitted)
		q.omitted = 0
	}
	return text
}

// sendRecords sends the records that wait.
func (r *reports) sendRecords(ctx context.Context) {
	for {
		r.mu.Lock()
		text := r.records.take(min(r.sink.limit, reportLimit))
		r.mu.Unlock()
		if text == nil {
			return
		}
		if !r.deliver(ctx, sinkMessage{kind: typeLog, payload: text}) {
			r.mu.Lock()
			r.records.omitted += bytes.Count(text, []byte("\n"))
			r.mu.Unlock()
			return
		}
	}
}

// parseLevel reads the property log. Nothing is sent for one that is no level.
func parseLevel(text string) *slog.Level {
	if text == "" {
		return nil
	}
	var level slog.Level
	if level.UnmarshalText([]byte(text)) != nil {
		return nil
	}
	return &level
}

// OnLog asks the backend for the records of its handler's log from a level on,
// and has fn called with each of them, in the goroutine of [Call]. Only Go
// backends send them, and only those that do not withhold them. While fn is
// busy at most 1 MiB of them waits; what is more is dropped.
//
//	dasf.OnLog(slog.LevelInfo, func(r slog.Record) { _ = slog.Default().Handler().Handle(ctx, r) })
func OnLog(level slog.Level, fn func(slog.Record)) CallOption {
	return func(o *callOptions) { o.log, o.logLevel = fn, level }
}

// parseRecords reads the payload of a log message: records as slog's
// JSONHandler writes them, one a line. What is none is counted in the error.
func parseRecords(text []byte) (records []slog.Record, err error) {
	bad := 0
	for line := range bytes.Lines(text) {
		r, err := parseRecord(line)
		if err != nil {
			bad++
			continue
		}
		records = append(records, r)
	}
	if bad > 0 {
		err = fmt.Errorf("%d lines are no records of a log", bad)
	}
	return records, err
}

var errNoRecord = errors.New("no JSON object")

func parseRecord(line []byte) (slog.Record, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return slog.Record{}, errNoRecord
	}
	attrs, err := parseAttrs(d, 1)
	if err != nil {
		return slog.Record{}, err
	}
	var r slog.Record
	for _, a := range attrs {
		text := ""
		if a.Value.Kind() == slog.KindString {
			text = a.Value.String()
		}
		switch {
		case a.Key == slog.TimeKey && r.Time.IsZero():
			if r.Time, err = time.Parse(time.RFC3339Nano, text); err != nil {
				return r, err
			}
		case a.Key == slog.LevelKey && r.NumAttrs() == 0 && r.Message == "":
			if err := r.Level.UnmarshalText([]byte(text)); err != nil {
				return r, err
			}
		case a.Key == slog.MessageKey && r.NumAttrs() == 0 && r.Message == "":
			r.Message = text
		default:
			r.AddAttrs(a)
		}
	}
	return r, nil
}

// maxGroups is how deep the groups of a record may lie in each other.
const maxGroups = 100

// parseAttrs reads the members of an object, whose brace is gone.
func parseAttrs(d *json.Decoder, depth int) ([]slog.Attr, error) {
	if depth > maxGroups {
		return nil, errNoRecord
	}
	var attrs []slog.Attr
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := key.(string)
		value, err := parseValue(d, depth)
		if err != nil {
			return nil, err
		}
		attrs = append(attrs, slog.Attr{Key: name, Value: value})
	}
	_, err := d.Token()
	return attrs, err
}

// parseValue reads a value: an object is a group.
func parseValue(d *json.Decoder, depth int) (slog.Value, error) {
	t, err := d.Token()
	if err != nil {
		return slog.Value{}, err
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			attrs, err := parseAttrs(d, depth+1)
			return slog.GroupValue(attrs...), err
		}
		return parseArray(d, depth+1)
	case json.Number:
		return numberValue(t), nil
	}
	return slog.AnyValue(t), nil
}

func parseArray(d *json.Decoder, depth int) (slog.Value, error) {
	if depth > maxGroups {
		return slog.Value{}, errNoRecord
	}
	values := []any{}
	for d.More() {
		v, err := parseValue(d, depth)
		if err != nil {
			return slog.Value{}, err
		}
		values = append(values, v.Any())
	}
	_, err := d.Token()
	return slog.AnyValue(values), err
}

func numberValue(n json.Number) slog.Value {
	if !strings.ContainsAny(n.String(), ".eE") {
		if i, err := n.Int64(); err == nil {
			return slog.Int64Value(i)
		}
	}
	f, _ := n.Float64() // out of range is an infinity
	return slog.Float64Value(f)
}
