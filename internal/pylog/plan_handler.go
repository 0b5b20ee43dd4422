package pylog

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/dasf-go/dasf/internal/yamljson"
)

// handler reads one handler. The entry of one that can't be mapped is nil.
func (r *reader) handler(name string, n *yamljson.Node) error {
	r.handlers[name] = nil
	if n.Kind != yaml.MappingNode {
		return yamljson.At(n, "the handler %s must be a mapping", name)
	}
	class := get(n, "class")
	if class == nil {
		if get(n, "()") == nil {
			return yamljson.At(n, "the handler %s has no class", name)
		}
		r.cannot("the handler %s, which is made by a function", name)
		return nil
	}
	h := &handlerPlan{stream: "stderr", format: &format{parts: []part{{attr: "message", precision: -1}}}}
	file := true
	switch class.Value {
	case "logging.StreamHandler":
		file = false
	case "logging.FileHandler":
	case "logging.handlers.WatchedFileHandler":
		h.watched = true
	case "logging.handlers.RotatingFileHandler":
	case "logging.NullHandler":
		r.handlers[name] = &handlerPlan{null: true}
		return nil
	default:
		r.cannot("the class %s of the handler %s", class.Value, name)
		return nil
	}
	if file {
		h.stream = ""
	}
	if err := each(n, func(key string, v *yamljson.Node) error { return r.handlerKey(h, name, key, v) }); err != nil {
		return err
	}
	if file && h.path == "" {
		return yamljson.At(n, "the handler %s has no filename", name)
	}
	if h.maxBytes > 0 {
		h.truncate = false // Python appends to a file that is rotated, whatever its mode
	}
	r.handlers[name] = h
	return nil
}

func (r *reader) handlerKey(h *handlerPlan, name, key string, v *yamljson.Node) (err error) {
	switch key {
	case "class":
	case "level":
		h.level, err = readLevel(v)
	case "formatter":
		f := r.formats[v.Value]
		if f == nil {
			return yamljson.At(v, "no formatter is called %q%s", v.Value, thereAre(r.formats))
		}
		h.format = f
	case "stream":
		return r.stream(h, name, v)
	case "filename":
		if h.stream == "" {
			h.path = v.Value
		}
	case "mode":
		if v.Value != "a" && v.Value != "w" {
			return yamljson.At(v, "the mode of %s is %q: it must be a or w", name, v.Value)
		}
		h.truncate = v.Value == "w"
	case "delay":
		h.delay, err = truth(v)
	case "maxBytes":
		h.maxBytes, err = whole(v)
	case "backupCount":
		var count int64
		count, err = whole(v)
		h.backupCount = int(min(count, 1_000_000))
	case "encoding":
		if e := strings.ToLower(strings.ReplaceAll(v.Value, "-", "")); e != "utf8" && e != "ascii" && v.ShortTag() != "!!null" {
			r.cannot("the encoding %s of the handler %s", v.Value, name)
		}
	case "filters":
		if len(v.Content) > 0 {
			r.cannot("filters of the handler %s", name)
		}
	default:
		r.cannot("%s of the handler %s", key, name)
	}
	return err
}

func (r *reader) stream(h *handlerPlan, name string, v *yamljson.Node) error {
	switch v.Value {
	case "ext://sys.stdout":
		h.stream = "stdout"
	case "ext://sys.stderr":
		h.stream = "stderr"
	default:
		r.cannot("the stream %s of the handler %s, which is standard error now", v.Value, name)
	}
	return nil
}
