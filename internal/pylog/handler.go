package pylog

import (
	"context"
	"errors"
	"log/slog"
	"slices"
)

// A handler is one logger seen through slog.
type handler struct {
	logger string
	level  slog.Level
	sinks  []*sink
	attrs  []slog.Attr // of WithAttrs, keys with their groups in front
	prefix string      // of WithGroup: "a.b."
}

// Enabled implements [slog.Handler].
func (h *handler) Enabled(_ context.Context, l slog.Level) bool {
	if l < h.level {
		return false
	}
	for _, s := range h.sinks {
		if l >= s.level {
			return true
		}
	}
	return false
}

// Handle implements [slog.Handler].
func (h *handler) Handle(_ context.Context, r slog.Record) error {
	rec := &record{Record: r, logger: h.logger, attrs: h.attrs}
	if r.NumAttrs() > 0 {
		rec.attrs = slices.Clip(h.attrs)
		r.Attrs(func(a slog.Attr) bool {
			rec.attrs = flatten(rec.attrs, h.prefix, a)
			return true
		})
	}
	var errs []error
	for i, s := range h.sinks {
		if r.Level >= s.level && !s.shadowed(h.sinks[:i], r.Level) {
			errs = append(errs, s.write(rec))
		}
	}
	return errors.Join(errs...)
}

// WithAttrs implements [slog.Handler].
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.attrs = slices.Clip(c.attrs)
	for _, a := range attrs {
		c.attrs = flatten(c.attrs, h.prefix, a)
	}
	return &c
}

// WithGroup implements [slog.Handler].
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	c := *h
	c.prefix += name + "."
	return &c
}

// flatten appends an attribute; those of a group get its name in front.
func flatten(attrs []slog.Attr, prefix string, a slog.Attr) []slog.Attr {
	a.Value = a.Value.Resolve()
	if a.Equal(slog.Attr{}) {
		return attrs
	}
	if a.Value.Kind() != slog.KindGroup {
		a.Key = prefix + a.Key
		return append(attrs, a)
	}
	if a.Key != "" {
		prefix += a.Key + "."
	}
	for _, inner := range a.Value.Group() {
		attrs = flatten(attrs, prefix, inner)
	}
	return attrs
}
