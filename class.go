package dasf

import (
	"context"
	"errors"
	"fmt"

	"github.com/dasf-go/dasf/internal/typed"
)

// A MethodOf is one method of a class whose instances are T, made by [Method].
type MethodOf[T any] struct {
	about
	compile func(c *typed.Compiler, m *MethodOf[T], class string) (*compiledMethod[T], error)
}

type compiledMethod[T any] struct {
	// decode decodes a call and returns it ready to run on an instance.
	decode func(ctx context.Context, call []byte) (run[T], error)
	result func(given []byte) ([]byte, error)
	types
}

// A run of a method on an instance.
type run[T any] func(context.Context, T) ([]byte, error)

// Method offers fn, written as a method expression, under name:
//
//	dasf.Method("repeat_message", (*HelloWorld).RepeatMessage)
//
// All three types are inferred. It takes what [Func] takes.
func Method[T, Req, Resp any](name string, fn func(T, context.Context, Req) (Resp, error)) *MethodOf[T] {
	m := &MethodOf[T]{about: about{name: name}}
	m.compile = func(c *typed.Compiler, m *MethodOf[T], class string) (*compiledMethod[T], error) {
		size := new(resultSize)
		in, out, err := codecs[Req, Resp](c, "Class "+class+", Method "+name, m.rules)
		if err != nil {
			return nil, err
		}
		decode := func(ctx context.Context, call []byte) (run[T], error) {
			req, err := in.Decode(call, typed.DecodeOptions{
				Reserved: functionKeys, Inject: injector(ctx), Prefix: "function", Checked: true,
			})
			if err != nil {
				return nil, err
			}
			return func(ctx context.Context, self T) ([]byte, error) {
				resp, err := fn(self, ctx, req)
				if err != nil {
					return nil, err
				}
				return encode(out, size, class+"."+name, resp)
			}, nil
		}
		result := func(given []byte) ([]byte, error) { return encodeAgain(out, size, class+"."+name, given) }
		return &compiledMethod[T]{decode, result, types{in, out}}, nil
	}
	return m
}

// Doc sets the description that clients and generated stubs show.
func (m *MethodOf[T]) Doc(text string) *MethodOf[T] { m.doc = text; return m }

// Returns describes the result and gives it rules: see [Member.Returns].
func (m *MethodOf[T]) Returns(text string, rules ...string) *MethodOf[T] {
	m.returns, m.rules = text, rules
	return m
}

// SchemaExtra is merged into the method's schema: see [Member.SchemaExtra].
func (m *MethodOf[T]) SchemaExtra(extra map[string]any) *MethodOf[T] { m.extra = extra; return m }

// Class offers a class under name. For each request ctor makes one instance
// from Ctor, a struct whose fields are the parameters, and one method is
// called on it. Both are decoded and checked before ctor runs.
//
// A method of another type does not compile. Use [New] as ctor where the
// instance is its parameters.
func Class[Ctor, T any](name string, ctor func(context.Context, Ctor) (T, error), methods ...*MethodOf[T]) *Member {
	m := &Member{about: about{name: name}, class: true}
	for _, method := range methods {
		m.methods = append(m.methods, &method.about)
	}
	m.compile = func(c *typed.Compiler, m *Member) (*compiled, error) {
		k, err := compileClass(c, m, ctor, methods)
		if err != nil {
			return nil, err
		}
		return &compiled{
			types:   types{request: k.args},
			methods: k.types,
			check: func(request []byte, h typed.Head) error {
				_, _, err := k.decode(context.Background(), request, h)
				return err
			},
			call:   k.call,
			result: k.result,
		}, nil
	}
	return m
}

// New is the constructor of a class whose instance is its parameters:
//
//	dasf.Class("Point", dasf.New[Point], dasf.Method("norm", (*Point).Norm))
func New[T any](_ context.Context, args T) (*T, error) { return &args, nil }

type class[Ctor, T any] struct {
	name    string
	args    *typed.Codec[Ctor]
	ctor    func(context.Context, Ctor) (T, error)
	methods map[string]*compiledMethod[T]
	names   []string
	types   []types // of the methods, in order
}

func compileClass[Ctor, T any](c *typed.Compiler, m *Member, ctor func(context.Context, Ctor) (T, error), methods []*MethodOf[T]) (*class[Ctor, T], error) {
	args, err := typed.ForRequest[Ctor](c, "Class "+m.name)
	if err != nil {
		return nil, err
	}
	k := &class[Ctor, T]{name: m.name, args: args, ctor: ctor, methods: map[string]*compiledMethod[T]{}}
	if len(methods) == 0 {
		return nil, fmt.Errorf("Class %s has no methods: give it at least one with Method", m.name)
	}
	for _, method := range methods {
		if err := checkName("Class "+m.name+", Method", method.name); err != nil {
			return nil, err
		}
		if k.methods[method.name] != nil {
			return nil, fmt.Errorf("Class %s has two methods called %s: rename one", m.name, method.name)
		}
		one, err := method.compile(c, method, m.name)
		if err != nil {
			return nil, err
		}
		k.methods[method.name] = one
		k.names = append(k.names, method.name)
		k.types = append(k.types, one.types)
	}
	return k, nil
}

// decode decodes the constructor's and the method's arguments. What is wrong
// with either comes back in one error.
func (k *class[Ctor, T]) decode(ctx context.Context, request []byte, h typed.Head) (Ctor, run[T], error) {
	var wrong typed.Invalid
	args, err := k.args.Decode(request, typed.DecodeOptions{Reserved: classKeys, Inject: injector(ctx), Checked: true})
	merge(&wrong, err)
	run, err := k.method(ctx, request, h)
	merge(&wrong, err)
	if wrong.Processing != nil || len(wrong.Fields) > 0 {
		return args, nil, invalid(k.name, &wrong)
	}
	return args, run, nil
}

func (k *class[Ctor, T]) method(ctx context.Context, request []byte, h typed.Head) (run[T], error) {
	method, err := k.find(request, h)
	if err != nil {
		return nil, err
	}
	return method.decode(ctx, h.Function)
}

// find reads which method a request is for.
func (k *class[Ctor, T]) find(request []byte, h typed.Head) (*compiledMethod[T], error) {
	if h.Function == nil {
		return nil, typed.MissingName("function", request)
	}
	inner, err := h.Method()
	if err != nil {
		return nil, err
	}
	if !inner.HasFunc {
		return nil, typed.MissingName("function.func_name", h.Function)
	}
	method := k.methods[inner.Func]
	if method == nil {
		return nil, typed.UnknownName("function.func_name", inner.Func, k.names)
	}
	return method, nil
}

func (k *class[Ctor, T]) result(h typed.Head, given []byte) ([]byte, error) {
	method, err := k.find(nil, h)
	if err != nil {
		return nil, invalid(k.name, err)
	}
	return method.result(given)
}

func (k *class[Ctor, T]) call(ctx context.Context, request []byte, h typed.Head) ([]byte, error) {
	args, run, err := k.decode(ctx, request, h)
	if err != nil {
		return nil, err
	}
	self, err := k.ctor(ctx, args)
	if err != nil {
		return nil, err
	}
	return run(ctx, self)
}

func merge(wrong *typed.Invalid, err error) {
	var one *typed.Invalid
	if errors.As(err, &one) {
		wrong.Merge(one)
	} else if err != nil {
		wrong.Processing = err
	}
}
