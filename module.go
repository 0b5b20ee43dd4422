package dasf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/dasf-go/dasf/internal/typed"
)

// A Module is a backend: members offered under one topic. Its methods may be
// called concurrently.
type Module struct {
	given   Config // as NewModule got it
	cfg     Config // with its defaults
	members []*Member
	byName  map[string]*entry
	names   struct{ functions, classes []string }
	handle  Handler
	api     *API
	info    string // JSON of the schema, as an info message carries it
	apiInfo string // JSON of the API, as an api_info message carries it
}

type entry struct {
	member *Member
	*compiled
}

// NewModule makes a backend. It compiles every type once, and panics on a
// mistake in the program, naming the member and the cure: a bad Config, two
// members of one name, a type without a schema, a validate tag that the
// validator does not know, a default that breaks its own rules.
func NewModule(cfg Config, members ...*Member) *Module {
	m, err := newModule(cfg, members)
	if err != nil {
		panic("dasf: NewModule: " + err.Error())
	}
	return m
}

func newModule(cfg Config, members []*Member) (*Module, error) {
	m := &Module{members: members, byName: map[string]*entry{}}
	if err := m.configure(cfg); err != nil {
		return nil, err
	}
	compiler := typed.NewCompiler(typed.Options{Strict: m.cfg.Strict, Validator: m.cfg.Validator, Injected: injectedReports()})
	for _, member := range members {
		kind := "Func"
		if member.class {
			kind = "Class"
		}
		if err := checkName(kind, member.name); err != nil {
			return nil, err
		}
		if m.byName[member.name] != nil {
			return nil, fmt.Errorf("two members are called %s: rename one", member.name)
		}
		c, err := member.compile(compiler, member)
		if err != nil {
			return nil, err
		}
		m.byName[member.name] = &entry{member, c}
		if member.class {
			m.names.classes = append(m.names.classes, member.name)
		} else {
			m.names.functions = append(m.names.functions, member.name)
		}
	}
	if err := m.describe(compiler); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Module) configure(given Config) error {
	m.given, m.cfg = given, given.withDefaults()
	if err := m.cfg.check(); err != nil {
		return err
	}
	m.handle = m.dispatch
	for i := len(m.cfg.Middleware) - 1; i >= 0; i-- {
		m.handle = m.cfg.Middleware[i](m.handle)
	}
	return nil
}

// checkName refuses what is no identifier in Python, TypeScript or Go.
func checkName(what, name string) error {
	if name == "" {
		return fmt.Errorf("a %s has no name: give it one", what)
	}
	for i, r := range name {
		if r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || i > 0 && '0' <= r && r <= '9' {
			continue
		}
		return fmt.Errorf("%s %q: the name must be an identifier in every client language: letters a to z, digits and _, no digit in front", what, name)
	}
	return nil
}

// With returns a module with the same members, or only those named, and its
// configuration changed. It is how a command line overrides what main gave.
// The error names an unknown member, or what is wrong with the configuration.
func (m *Module) With(change func(*Config), members ...string) (*Module, error) {
	cfg := m.given
	if change != nil {
		change(&cfg)
	}
	if len(members) == 0 && m.alike(cfg) {
		other := *m // compiling again would take most of a command's time
		if err := other.configure(cfg); err != nil {
			return nil, err
		}
		return &other, nil
	}
	if len(members) == 0 {
		return newModule(cfg, m.members)
	}
	var some []*Member
	for _, name := range members {
		e := m.byName[name]
		if e == nil {
			return nil, fmt.Errorf("no member is called %q; there are %s", name, strings.Join(m.memberNames(), ", "))
		}
		some = append(some, e.member)
	}
	return newModule(cfg, some)
}

// alike reports whether a module with the same members and the configuration c
// compiles to what m did, and has its description.
func (m *Module) alike(c Config) bool {
	old := m.given
	return c.Topic == old.Topic && c.Doc == old.Doc && c.Strict == old.Strict && c.Validator == old.Validator &&
		len(c.SchemaExtra)+len(old.SchemaExtra) == 0 &&
		slices.Equal(c.Stub.Imports, old.Stub.Imports) && slices.Equal(c.Stub.HardCode, old.Stub.HardCode)
}

func (m *Module) memberNames() []string {
	names := make([]string, len(m.members))
	for i, member := range m.members {
		names[i] = member.name
	}
	return names
}

// Configured returns the configuration as NewModule got it, without defaults.
func (m *Module) Configured() Config { return m.given }

// Topic returns the topic on which the module answers.
func (m *Module) Topic() string { return m.cfg.Topic }

// Config returns the module's configuration with its defaults filled in.
func (m *Module) Config() Config { return m.cfg }

// Members returns the members in the order in which they were given.
func (m *Module) Members() []*Member { return append([]*Member(nil), m.members...) }

// Schema returns the schema of a request to any member: what the command
// schema prints and an info message carries. The caller must not change it.
func (m *Module) Schema() *Schema { return m.api.RPCSchema }

// API returns the description of the module that an api_info message carries.
// The caller must not change it.
func (m *Module) API() API { return *m.api }

// Handle answers one request in this process, without a broker. It is what
// requests from a broker, the command compute and [Local] all go through,
// middleware included. The request is not kept.
//
// The error is an [*Error], or what the member returned; [CodeOf] tells.
func (m *Module) Handle(ctx context.Context, request json.RawMessage) (json.RawMessage, error) {
	return m.handle(ctx, request)
}

// Validate decodes a request and checks it, and calls nothing: neither a
// member nor middleware. It returns nil for a request that Handle would run.
func (m *Module) Validate(request json.RawMessage) (err error) {
	e, head, err := m.find(request)
	if err != nil {
		return err
	}
	return e.check(request, head)
}

// Result reads given, which something else than the member has computed as the
// result of request, and returns it as the member would send it. It is read by
// the rules for requests, and checked against the result's rules. What is wrong
// comes back as the [Error] that the caller would get.
func (m *Module) Result(request, given json.RawMessage) (json.RawMessage, error) {
	e, head, err := m.find(request)
	if err != nil {
		return nil, err
	}
	return e.result(head, given)
}

// find reads which member a request is for.
func (m *Module) find(request []byte) (*entry, typed.Head, error) {
	head, err := typed.ScanHead(request)
	if err != nil {
		return nil, head, invalid(m.title(), err)
	}
	name, key, names := head.Func, "func_name", m.names.functions
	if head.HasClass {
		name, key, names = head.Class, "class_name", m.names.classes
	} else if !head.HasFunc {
		if len(names) == 0 {
			key = "class_name"
		}
		return nil, head, invalid(m.title(), typed.MissingName(key, request))
	}
	e := m.byName[name]
	if e == nil || e.member.class != head.HasClass {
		return nil, head, invalid(m.title(), typed.UnknownName(key, name, names))
	}
	return e, head, nil
}

// title is the name of the whole in errors about no member in particular.
func (m *Module) title() string {
	if m.cfg.Topic != "" {
		return m.cfg.Topic
	}
	return "module"
}

func (m *Module) dispatch(ctx context.Context, request json.RawMessage) (response json.RawMessage, err error) {
	e, head, err := m.find(request)
	if err != nil {
		return nil, err
	}
	names(ctx, &e.member.name)
	ctx, reports := m.withReports(ctx)
	defer func() {
		if p := recover(); p != nil {
			err = m.recovered(ctx, e.member.name, p)
		}
		reports.finish(err)
	}()
	return e.call(ctx, request, head)
}

// recovered turns a handler's panic into an error for the caller. The stack
// goes to the log, and to the caller only with Config.Debug.
func (m *Module) recovered(ctx context.Context, member string, p any) error {
	stack := debug.Stack()
	TraceOf(ctx).traced(m.cfg.Logger).ErrorContext(ctx, "a member panicked", slog.String("member", member), slog.Any("panic", p), slog.String("stack", string(stack)))
	cause, ok := p.(error)
	if !ok {
		cause = errors.New(fmt.Sprint(p))
	}
	if m.cfg.Debug {
		return Errorf(CodeExecution, "panic: %w\n%s", cause, stack)
	}
	return Errorf(CodeExecution, "panic: %w", cause)
}
