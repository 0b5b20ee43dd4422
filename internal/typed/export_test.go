package typed

import "reflect"

// Decoder compiles t as For does, but a type that is made at run time: a table
// of types at many depths would take the Go compiler minutes and gigabytes.
// The result decodes a text and encodes the value again.
func Decoder(t reflect.Type, o Options) (func(text string) (string, error), error) {
	p, err := NewCompiler(o).forValue(t, "the type")
	if err != nil {
		return nil, err
	}
	return func(text string) (string, error) {
		v := reflect.New(t).Elem()
		if err := p.into(v, []byte(text), DecodeOptions{}, false); err != nil {
			return "", err
		}
		out, err := run(p.encode, p.dynamic, nil, v)
		return string(out), err
	}, nil
}

// Undeclared returns the schema of a type that no package declares, and what
// swaggest makes of it.
func Undeclared(t reflect.Type) (ours, theirs string, err error) {
	sh, err := structural(t)
	if err != nil {
		return "", "", err
	}
	s, err := swaggest(sh)
	if err != nil {
		return "", "", err
	}
	return string(undeclared(t).Append(nil)), string(s.Append(nil)), nil
}
