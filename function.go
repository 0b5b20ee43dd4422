package dasf

import (
	"context"

	"github.com/dasf-go/dasf/internal/typed"
)

// A Member is a function or a class of a [Module], made by [Func] or [Class].
// Its methods describe it further; they must not be called after the member
// was given to [NewModule].
type Member struct {
	about
	class   bool
	methods []*about
	compile func(*typed.Compiler, *Member) (*compiled, error)
}

// about is what is said of a member or a method beside its Go types.
type about struct {
	name, doc, returns string
	rules              []string // of the result
	extra              map[string]any
}

// A compiled member has the types erased: all around it is raw JSON.
type compiled struct {
	// check decodes and validates a request and calls nothing.
	check func(request []byte, h typed.Head) error
	// call runs a request.
	call func(ctx context.Context, request []byte, h typed.Head) ([]byte, error)
	// result reads what is given as the result of a request, and writes it
	// as call would.
	result func(h typed.Head, given []byte) ([]byte, error)
	types
	methods []types // of a class, in order
}

// types are the compiled types of a member or a method, for its schema.
type types struct{ request, result typed.Type }

// Func offers fn under name.
//
// Req is a struct whose fields are the parameters; it is decoded from the
// request's JSON object and validated before fn runs. Resp may be any type
// that has a JSON form. Use [None] for either. Both types are inferred:
//
//	dasf.Func("hello_world", HelloWorld)
//
// fn may be called concurrently. What it returns as an error reaches the
// caller as "error executing request: …"; see [Errorf] for another code.
// A panic is recovered and becomes such an error, its stack goes to the log.
//
// [NewModule] panics when name is not an identifier, or when Req or Resp has
// no schema.
func Func[Req, Resp any](name string, fn func(context.Context, Req) (Resp, error)) *Member {
	m := &Member{about: about{name: name}}
	m.compile = func(c *typed.Compiler, m *Member) (*compiled, error) {
		size := new(resultSize)
		in, out, err := codecs[Req, Resp](c, "Func "+name, m.rules)
		if err != nil {
			return nil, err
		}
		decode := func(ctx context.Context, request []byte) (Req, error) {
			req, err := in.Decode(request, typed.DecodeOptions{Reserved: functionKeys, Inject: injector(ctx), Checked: true})
			if err != nil {
				err = invalid(name, err)
			}
			return req, err
		}
		return &compiled{
			types: types{in, out},
			check: func(request []byte, _ typed.Head) error {
				_, err := decode(context.Background(), request)
				return err
			},
			call: func(ctx context.Context, request []byte, _ typed.Head) ([]byte, error) {
				req, err := decode(ctx, request)
				if err != nil {
					return nil, err
				}
				resp, err := fn(ctx, req)
				if err != nil {
					return nil, err
				}
				return encode(out, size, name, resp)
			},
			result: func(_ typed.Head, given []byte) ([]byte, error) { return encodeAgain(out, size, name, given) },
		}, nil
	}
	return m
}

var (
	functionKeys = []string{"func_name"}
	classKeys    = []string{"class_name", "function"}
)

// codecs compiles both types of a function or method.
func codecs[Req, Resp any](c *typed.Compiler, what string, rules []string) (*typed.Codec[Req], *typed.Codec[Resp], error) {
	in, err := typed.ForRequest[Req](c, what)
	if err != nil {
		return nil, nil, err
	}
	out, err := typed.For[Resp](c, what+", result")
	if err != nil {
		return nil, nil, err
	}
	if out, err = out.Result(rules...); err != nil {
		return nil, nil, err
	}
	return in, out, nil
}

// encode checks a result against its rules and encodes it.
func encode[Resp any](out *typed.Codec[Resp], size *resultSize, title string, resp Resp) ([]byte, error) {
	if err := out.Check(&resp); err != nil {
		return nil, brokenResult(title, err)
	}
	b, err := size.encode(func(dst []byte) ([]byte, error) { return out.Append(dst, resp) })
	if err != nil {
		return nil, &Error{code: CodeExecution, err: err}
	}
	return b, nil
}

// encodeAgain decodes a result by the rules for requests, and encodes it.
func encodeAgain[Resp any](out *typed.Codec[Resp], size *resultSize, title string, given []byte) ([]byte, error) {
	resp, err := out.Decode(given, typed.DecodeOptions{})
	if err != nil {
		return nil, brokenResult(title, err)
	}
	return encode(out, size, title, resp)
}

// Doc sets the description that clients and generated stubs show: the first
// line is the summary.
func (m *Member) Doc(text string) *Member { m.doc = text; return m }

// Returns describes the result and gives it rules, written as for a validate
// tag: Returns("The sum.", "gte=0"). A result that breaks one is an error for
// the caller. A class has no result: the constructor's value is not sent.
func (m *Member) Returns(text string, rules ...string) *Member {
	m.returns, m.rules = text, rules
	return m
}

// SchemaExtra is merged into the member's schema, as the json_schema_extra of
// demessaging's configure.
func (m *Member) SchemaExtra(extra map[string]any) *Member { m.extra = extra; return m }

// Name returns the name that the member is called by.
func (m *Member) Name() string { return m.name }

// IsClass reports whether the member is a class.
func (m *Member) IsClass() bool { return m.class }
