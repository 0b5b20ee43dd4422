package codegen

import (
	"fmt"
	"go/format"
	"go/token"
	"maps"
	"slices"
	"strings"
)

// Go writes a client as a Go package of that name: a struct with tags for the
// parameters of each member, and a typed function that is called by
// dasf.Call. The result is what gofmt makes of it.
func Go(in Input, packageName string) ([]byte, error) {
	if !token.IsIdentifier(packageName) || packageName == "_" {
		return nil, fmt.Errorf("codegen: %q is no name of a Go package: take letters and digits", packageName)
	}
	m, err := resolve(in)
	if err != nil {
		return nil, err
	}
	g := newGolang(in, m)
	text, err := g.file(packageName)
	if err != nil {
		return nil, err
	}
	// gofmt makes lists of what looks like one in comments, and looks again.
	out := []byte(text)
	for range 2 {
		if out, err = format.Source(out); err != nil {
			return nil, fmt.Errorf("codegen: the Go package is not well-formed; a template, an import or a type by hand may be wrong: %w", err)
		}
	}
	return out, nil
}

// A golang writes one Go package.
type golang struct {
	in      Input
	out     *module
	render  renderer
	names   namespace
	types   map[*definition]string
	asked   map[*definition]bool // types that are in requests
	imports map[string]bool
}

func newGolang(in Input, m *module) *golang {
	g := &golang{
		in: in, out: m, render: renderer{in.Templates}, names: namespace{}, types: map[*definition]string{},
		asked: map[*definition]bool{}, imports: map[string]bool{},
	}
	g.names.reserve("Topic", "Dial")
	for _, one := range m.members {
		switch {
		case one.class != nil:
			for _, method := range one.class.methods {
				g.ask(method.params)
			}
			g.ask(one.class.params)
		default:
			g.ask(one.function.params)
		}
	}
	return g
}

// ask notes the types that are in parameters.
func (g *golang) ask(fields []*field) {
	for _, f := range fields {
		f.shape.each(func(s *shape) {
			if s.ref != nil && !g.asked[s.ref] {
				g.asked[s.ref] = true
				g.ask(s.ref.fields)
				g.ask([]*field{{shape: s.ref.base}})
			}
		})
	}
}

// goFile is what the template go/package.go.tmpl is given.
type goFile struct {
	Package string
	Doc     string // a comment
	Imports []string
	Topic   string // a literal
	Types   []string
	Members []string
}

func (g *golang) file(packageName string) (string, error) {
	var members []string
	named := map[member]string{}
	for _, m := range g.out.members { // before types: callers write these names
		named[m] = g.take(goName(m.name()))
	}
	for _, d := range g.out.definitions {
		g.types[d] = g.take(goName(d.name))
	}
	for _, m := range g.out.members {
		if m.class != nil {
			members = append(members, g.class(m.class, named[m]))
		} else {
			members = append(members, g.function(m.function, named[m]))
		}
	}
	types := g.definitions()
	data := goFile{Package: packageName, Doc: goComment(g.packageDoc(packageName)), Topic: goString(g.out.topic), Types: types, Members: members}
	g.use("context", dasfPath, dasfPath+"/transport")
	for _, text := range g.in.Imports {
		g.use(strings.Split(text, "\n")...)
	}
	data.Imports = goImports(slices.Sorted(maps.Keys(g.imports)))
	return g.render.render("go/package.go.tmpl", data)
}

const dasfPath = "github.com/dasf-go/dasf"

func (g *golang) use(paths ...string) {
	for _, path := range paths {
		g.imports[path] = true
	}
}

// goImports writes import specs: the standard library's, a gap, the others.
func goImports(paths []string) []string {
	var standard, others []string
	for _, path := range paths {
		spec := strings.TrimSpace(path)
		switch {
		case spec == "":
			continue
		case !strings.Contains(spec, `"`):
			spec = goString(spec)
		}
		if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
			others = append(others, spec)
		} else {
			standard = append(standard, spec)
		}
	}
	return append(append(standard, ""), others...)
}

// take gives out a name, with a number behind it where it is taken.
func (g *golang) take(name string) string { return takeNumbered(g.names, name) }

func takeNumbered(n namespace, name string) string {
	candidate := name
	for i := 2; n[candidate]; i++ {
		candidate = name + itoa(i)
	}
	n[candidate] = true
	return candidate
}

func (g *golang) packageDoc(packageName string) string {
	doc := "Package " + packageName + " calls the backend on the topic " + g.out.topic + "."
	if g.out.doc != "" {
		doc += "\n\n" + g.out.doc
	}
	return doc
}

// goName makes an exported name: hello_world is HelloWorld, url is URL.
func goName(name string) string {
	var b strings.Builder
	for _, w := range words(name) {
		switch upper := strings.ToUpper(w); upper {
		case "API", "HTTP", "ID", "JSON", "URL", "UUID":
			b.WriteString(upper)
		default:
			b.WriteString(camel(w))
		}
	}
	s := b.String()
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		s = "X" + s
	}
	return s
}

func (g *golang) function(f *function, name string) string {
	var b strings.Builder
	request, arg := g.request(&b, f.params, name+"Request", "the parameters of ["+name+"]")
	result := g.typ(f.result, false)
	b.WriteString(goComment(memberDoc(name+" calls "+f.name+".", f.doc, f.resultDoc)))
	fmt.Fprintf(&b, "func %s(ctx context.Context, c *dasf.Client, %sopts ...dasf.CallOption) (%s, error) {\n", name, request, result)
	fmt.Fprintf(&b, "\treturn dasf.Call[%s](ctx, c, %s, %s, opts...)\n}\n", result, goString(f.name), arg)
	return b.String()
}

// request writes the struct of parameters, and returns how it stands in a
// signature and in the call.
func (g *golang) request(b *strings.Builder, params []*field, name, holds string) (parameter, arg string) {
	if len(params) == 0 {
		return "", "dasf.None{}"
	}
	name = g.take(name)
	b.WriteString(goComment(name + " holds " + holds + "."))
	g.structType(b, name, params, true)
	b.WriteString("\n")
	return "req " + name + ", ", "req"
}

func memberDoc(first, doc, result string) string {
	if doc != "" {
		first += "\n\n" + doc
	}
	if result != "" {
		first += "\n\nIt returns: " + result
	}
	return first
}

func (g *golang) class(c *class, name string) string {
	var b strings.Builder
	b.WriteString(goComment(memberDoc(name+" is an instance of the class "+c.name+" of the backend. It is made by [New"+name+"].", c.doc, "")))
	fmt.Fprintf(&b, "type %s struct{ object *dasf.Object }\n\n", name)
	constructor := g.take("New" + name)
	args, arg := g.request(&b, c.params, name+"Args", "the parameters of ["+constructor+"]")
	args = strings.TrimSuffix(strings.Replace(args, "req ", "args ", 1), ", ")
	if arg == "req" {
		arg = "args"
		args = ", " + args
	}
	b.WriteString(goComment(constructor + " returns an instance of " + c.name + ". Nothing is sent before a method is called."))
	fmt.Fprintf(&b, "func %s(c *dasf.Client%s) %s {\n\treturn %s{c.Object(%s, %s)}\n}\n", constructor, args, name, name, goString(c.name), arg)
	methods := namespace{}
	for _, m := range c.methods {
		method := takeNumbered(methods, goName(m.name))
		b.WriteString("\n")
		request, arg := g.request(&b, m.params, name+method+"Request", "the parameters of ["+name+"."+method+"]")
		result := g.typ(m.result, false)
		b.WriteString(goComment(memberDoc(method+" calls "+m.name+".", m.doc, m.resultDoc)))
		fmt.Fprintf(&b, "func (o %s) %s(ctx context.Context, %sopts ...dasf.CallOption) (%s, error) {\n", name, method, request, result)
		fmt.Fprintf(&b, "\treturn dasf.Call[%s](ctx, o.object, %s, %s, opts...)\n}\n", result, goString(m.name), arg)
	}
	return b.String()
}
