package typed

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
)

// A Cache holds the codecs of a client, by type. Its zero value is ready to
// use, and it is safe for concurrent use.
type Cache struct {
	// Injected are as in [Options]: a nil pointer to one is left out of a
	// request. It must be set before first use.
	Injected []any

	results  sync.Map // (*T)(nil) → *program
	requests dynamic
	once     sync.Once // gives requests the injected types
}

// DecodeResult decodes a result that a backend sent, in lax mode and without
// rules; null is NaN for a float at every depth. The error is an [*Invalid], or
// says why T cannot be decoded at all.
func DecodeResult[T any](c *Cache, src []byte) (T, error) {
	var v T
	p, ok := c.results.Load(any((*T)(nil)))
	if !ok {
		var err error
		if p, err = resultProgram(reflect.TypeFor[T]()); err != nil {
			return v, err
		}
		c.results.Store(any((*T)(nil)), p)
	}
	compiled, _ := p.(*program)
	if err := compiled.into(reflect.ValueOf(&v).Elem(), src, DecodeOptions{}, true); err != nil {
		return *new(T), err
	}
	return v, nil
}

func resultProgram(t reflect.Type) (*program, error) {
	return newCompiler(Options{}).compile(t, "decoding the result")
}

// A Key is one addressing key of a request: Raw if it is not nil, else Value as a string.
type Key struct {
	Name  string
	Value string
	Raw   []byte
}

// AppendRequest appends the JSON object of args (a struct, a pointer to one, a
// map with string keys, raw JSON, a None or nil) to dst, keys first. It is an
// error when args has one of the keys itself.
func (c *Cache) AppendRequest(dst []byte, keys []Key, args any) ([]byte, error) {
	object, err := c.object(args)
	if err != nil {
		return dst, err
	}
	for at := (text{src: object, pos: 1}); at.next(); at.skip() {
		name := at.key()
		for _, k := range keys {
			if string(name) == k.Name {
				return dst, fmt.Errorf("the arguments have a key %q, which addresses the request: rename it", name)
			}
		}
	}
	room := len(object)
	for _, k := range keys {
		room += len(k.Name) + len(k.Value) + len(k.Raw) + len(`"":"",`)
	}
	dst = append(slices.Grow(dst, room), '{')
	for i, k := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendString(dst, k.Name); err != nil {
			return dst, err
		}
		dst = append(dst, ':')
		if k.Raw != nil {
			dst = append(dst, k.Raw...)
		} else if dst, err = appendString(dst, k.Value); err != nil {
			return dst, err
		}
	}
	if len(keys) > 0 && len(object) > 2 {
		dst = append(dst, ',')
	}
	return append(dst, object[1:]...), nil
}

// smallRequest is the room that the arguments of a request get at first.
const smallRequest = 128

// object returns the JSON object of args.
func (c *Cache) object(args any) ([]byte, error) {
	empty := []byte("{}")
	v := reflect.ValueOf(args)
	for v.IsValid() && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && !v.IsNil() {
		v = v.Elem()
	}
	if !v.IsValid() || v.Kind() == reflect.Pointer {
		return empty, nil
	}
	c.once.Do(func() { c.requests.injected = c.Injected })
	raw, err := c.requests.append(make([]byte, 0, smallRequest), v)
	if err != nil {
		return nil, fmt.Errorf("encoding the arguments: %w", err)
	}
	switch {
	case raw[0] == '{':
		return raw, nil
	case string(raw) == "null":
		return empty, nil
	}
	return nil, errors.New("the arguments must be a struct, a map with string keys or nil, not " + v.Type().String())
}
