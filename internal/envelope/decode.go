package envelope

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// decode is Scan with the full decoder of encoding/json: slower, and the
// judge of whatever the scanner does not know.
func (f *Frame) decode(text []byte) error {
	if !utf8.Valid(text) {
		return errors.New("envelope is no valid UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	start, err := d.Token()
	if err != nil {
		return fmt.Errorf("envelope is no JSON: %w", whole(err))
	}
	if start != json.Delim('{') {
		return fmt.Errorf("envelope is %s, it must be an object", kindName(bytes.TrimLeft(text, " \t\r\n")))
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return fmt.Errorf("envelope is no JSON: %w", whole(err))
		}
		key, _ := name.(string) // Token yields nothing else here
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return fmt.Errorf("envelope is no JSON: %s: %w", key, whole(err))
		}
		if err := f.set([]byte(key), raw); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("envelope is no JSON: %w", whole(err))
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("envelope is no JSON: there is more after the object")
	}
	return nil
}

// whole calls the end of a text what it is: io.EOF alone reads as if nothing
// were wrong.
func whole(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
