package typed

import (
	"fmt"
	"reflect"

	"github.com/go-playground/validator/v10"
)

// Options say how the types of one module are compiled.
type Options struct {
	// Strict refuses conversions ("7" for an int) and unknown keys.
	Strict bool
	// Validator checks the validate tags; nil means a fresh one with
	// WithRequiredStructEnabled. Nothing is registered on it.
	Validator *validator.Validate
	// Injected are pointers of the types that the framework fills, such as a
	// progress report. A parameter of such a type is optional on the wire and
	// given to [DecodeOptions].Inject, present or not. What a pointer that is
	// not nil is encoded as is the default of a parameter without a default tag.
	Injected []any
}

// A Compiler compiles the types of one module, each once. It must not be used
// concurrently; the codecs that it makes may be.
type Compiler struct {
	options   Options
	validator *validator.Validate
	dynamic   *dynamic
	noRules   bool // for results of others: their rules are their own affair
	injected  map[reflect.Type]any
	names     map[string]reflect.Type

	structs  map[reflect.Type]*structType
	programs map[reflect.Type]*structProgram
	unset    []*structProgram // their defaults have not been decoded yet
	decoders map[reflect.Type]*decodeFunc
	encoders map[reflect.Type]*encodeFunc
	walkers  map[reflect.Type]*checkFunc
}

// NewCompiler returns a Compiler.
func NewCompiler(o Options) *Compiler {
	c := newCompiler(o)
	c.noRules, c.validator = false, o.Validator
	if c.validator == nil {
		c.validator = validator.New(validator.WithRequiredStructEnabled())
	}
	return c
}

// newCompiler returns a Compiler that leaves rules out.
func newCompiler(o Options) *Compiler {
	c := &Compiler{
		options:  o,
		noRules:  true,
		dynamic:  &dynamic{injected: o.Injected},
		injected: map[reflect.Type]any{},
		names:    map[string]reflect.Type{},
	}
	for _, i := range o.Injected {
		c.injected[reflect.TypeOf(i)] = i
	}
	c.reset()
	return c
}

// reset forgets what has been compiled: after an error it may be half done.
func (c *Compiler) reset() {
	c.unset = nil
	c.structs = map[reflect.Type]*structType{}
	c.programs = map[reflect.Type]*structProgram{}
	c.decoders = map[reflect.Type]*decodeFunc{}
	c.encoders = map[reflect.Type]*encodeFunc{}
	c.walkers = map[reflect.Type]*checkFunc{}
}

// claim notes that schemas call t name, and returns an error that names both
// types when another one is called so already.
func (c *Compiler) claim(name string, t reflect.Type) error {
	if other, ok := c.names[name]; ok && other != t {
		return fmt.Errorf("two types are called %s: %s.%s and %s.%s: rename one of them, clients see only the last part",
			name, other.PkgPath(), other.Name(), t.PkgPath(), t.Name())
	}
	c.names[name] = t
	return nil
}

// A Codec decodes, checks and encodes values of type T. It is safe for concurrent use.
type Codec[T any] struct{ *program }

// For compiles T, once: a second call costs nothing. what names the use in
// errors ("Func hello_world"). An error is a mistake in the program; it names
// type, field and cure.
func For[T any](c *Compiler, what string) (*Codec[T], error) {
	p, err := c.forValue(reflect.TypeFor[T](), what)
	if err != nil {
		return nil, err
	}
	return &Codec[T]{p}, nil
}

// ForRequest is [For] for the parameters of a function, constructor or method:
// T must be a struct (or a pointer to one), and its keys must be names that
// every stub language can have and the dispatcher does not need itself.
func ForRequest[T any](c *Compiler, what string) (*Codec[T], error) {
	p, err := c.forRequest(reflect.TypeFor[T](), what)
	if err != nil {
		return nil, err
	}
	return &Codec[T]{p}, nil
}

// DecodeOptions say what one call of Decode needs.
type DecodeOptions struct {
	// Reserved are the keys of the object that belong to the dispatcher
	// (func_name, class_name, function) and are no parameters.
	Reserved []string
	// Inject is given a pointer to each parameter of an injected type.
	Inject func(field any)
	// Prefix is the path put before the path of each error ("function").
	Prefix string
	// Checked says that src is, or is part of, a text that [ScanHead] took: its
	// syntax is not looked at again.
	Checked bool
}

// Decode decodes and checks src. The error is an [*Invalid].
func (c *Codec[T]) Decode(src []byte, o DecodeOptions) (T, error) {
	var v T
	if err := c.into(reflect.ValueOf(&v).Elem(), src, o, false); err != nil {
		return *new(T), err
	}
	return v, nil
}

// Check checks the rules (validate tags, those of [Codec.Result]) and the
// Validate methods of *v. Decode has done so already. The error is an [*Invalid].
func (c *Codec[T]) Check(v *T) error { return c.checkValue(reflect.ValueOf(v).Elem()) }

// Append appends the JSON of v to dst, as pydantic writes it. It never panics:
// a value that has no JSON form (a cycle, a failing method, a string that is
// not UTF-8) is an error.
func (c *Codec[T]) Append(dst []byte, v T) ([]byte, error) {
	return run(c.encode, c.dynamic, dst, reflect.ValueOf(&v).Elem())
}

// Result returns a codec that holds the value itself to the rules of validate
// tags ("gt=0"). An error is a mistake in the program.
func (c *Codec[T]) Result(tags ...string) (*Codec[T], error) {
	p, err := c.result(tags)
	if err != nil {
		return nil, err
	}
	return &Codec[T]{p}, nil
}

// A Param is one parameter of a request type.
type Param struct {
	Name     string
	Alias    string // what stubs call it; Name where no alias was given
	Required bool
	Default  []byte // JSON text, nil without
	Injected bool
}

// Params lists the parameters in the order of their declaration; nil when T is
// no struct.
func (c *Codec[T]) Params() []Param { return c.params }
