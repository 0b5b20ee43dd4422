package shell

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"go.starlark.net/starlark"
)

// fromJSON makes a value of JSON. Integers of any size stay exact, objects
// keep their order.
func fromJSON(text json.RawMessage) (starlark.Value, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := decode(d, 0)
	if err != nil {
		return nil, fmt.Errorf("reading the result: %w", err)
	}
	return v, nil
}

// maxDepth bounds how deep values nest.
const maxDepth = 1000

func decode(d *json.Decoder, depth int) (starlark.Value, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it nests deeper than %d levels", maxDepth)
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case nil:
		return starlark.None, nil
	case bool:
		return starlark.Bool(t), nil
	case string:
		return starlark.String(t), nil
	case json.Number:
		return number(t)
	case json.Delim:
		if t == '[' {
			return decodeList(d, depth)
		}
	}
	return decodeDict(d, depth)
}

func number(n json.Number) (starlark.Value, error) {
	if whole, ok := new(big.Int).SetString(n.String(), 10); ok {
		return starlark.MakeBigInt(whole), nil
	}
	f, err := n.Float64()
	return starlark.Float(f), err
}

func decodeList(d *json.Decoder, depth int) (starlark.Value, error) {
	var items []starlark.Value
	for d.More() {
		v, err := decode(d, depth+1)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	_, err := d.Token()
	return starlark.NewList(items), err
}

func decodeDict(d *json.Decoder, depth int) (starlark.Value, error) {
	dict := starlark.NewDict(0)
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := decode(d, depth+1)
		if err != nil {
			return nil, err
		}
		if err := dict.SetKey(starlark.String(fmt.Sprint(key)), v); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return dict, err
}

// appendJSON writes a value as JSON. NaN becomes null, as pydantic writes it.
func appendJSON(dst []byte, v starlark.Value, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it nests deeper than %d levels", maxDepth)
	}
	switch v := v.(type) {
	case starlark.NoneType:
		return append(dst, "null"...), nil
	case starlark.Bool:
		return strconv.AppendBool(dst, bool(v)), nil
	case starlark.Int:
		return append(dst, v.String()...), nil
	case starlark.Float:
		return appendFloat(dst, float64(v))
	case starlark.String:
		return appendText(dst, string(v)), nil
	case starlark.Bytes:
		return appendText(dst, string(v)), nil
	case starlark.IterableMapping:
		return appendObject(dst, v, depth)
	case starlark.Iterable:
		return appendArray(dst, v, depth)
	}
	return nil, fmt.Errorf("a %s can't be sent", v.Type())
}

func appendFloat(dst []byte, f float64) ([]byte, error) {
	switch {
	case math.IsNaN(f):
		return append(dst, "null"...), nil
	case math.IsInf(f, 0):
		return nil, errors.New("infinity can't be sent")
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'g', -1, 64)
	if !strings.ContainsAny(string(dst[start:]), ".e") {
		dst = append(dst, ".0"...)
	}
	return dst, nil
}

func appendText(dst []byte, s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string can always be written
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte{'\n'})...)
}

func appendObject(dst []byte, m starlark.IterableMapping, depth int) ([]byte, error) {
	dst = append(dst, '{')
	for i, item := range m.Items() {
		if i > 0 {
			dst = append(dst, ',')
		}
		key, ok := starlark.AsString(item[0])
		if !ok {
			key = item[0].String()
		}
		dst = append(appendText(dst, key), ':')
		var err error
		if dst, err = appendJSON(dst, item[1], depth+1); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

func appendArray(dst []byte, all starlark.Iterable, depth int) ([]byte, error) {
	dst = append(dst, '[')
	items := all.Iterate()
	defer items.Done()
	var item starlark.Value
	for i := 0; items.Next(&item); i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendJSON(dst, item, depth+1); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}
