package codegen

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/dasf-go/dasf/codegen/internal/layout"
)

// typeScriptWidth is prettier's default for the length of lines.
const typeScriptWidth = 80

// TypeScript writes a client as one TypeScript file that depends on nothing:
// interfaces for all types, a class for the module, and one for each of its
// classes. It runs in browsers and in Node 20 and later. tsc takes it with
// strict and all its checks, and prettier leaves it alone.
func TypeScript(in Input) ([]byte, error) {
	m, err := resolve(in)
	if err != nil {
		return nil, err
	}
	t := newTypeScript(in, m)
	text, err := t.file()
	if err != nil {
		return nil, err
	}
	return []byte(text), nil
}

// A typeScript writes one TypeScript file.
type typeScript struct {
	in     Input
	out    *module
	render renderer
	names  namespace
	types  map[*definition]string
	shapes map[string]string // name of a type to what is to be changed in it
	extra  []string          // types of requests and results
}

// typeScriptOwn are the names that the file has itself.
var typeScriptOwn = strings.Fields(`Client Options CallOptions ProgressReport ErrorCode DasfError WebSocketClass
	WebSocketLike Properties Message Unsent Shape Pieces Socket Call Connection topic connected shapes invoke request
	fail isObject fits alternative revive element member write writeNumber read encode decode letters closedError
	canceled codeOf Array Record Promise Object String Number BigInt Date Error JSON Map Set Math Symbol RegExp
	RegExpExecArray Infinity NaN AbortSignal TextEncoder TextDecoder Uint8Array ArrayBuffer ReturnType globalThis
	undefined setTimeout clearTimeout setInterval clearInterval btoa atob encodeURIComponent`)

var typeScriptKeywords = strings.Fields(`any arguments as async await bigint boolean break case catch class const
	continue debugger declare default delete do else enum eval export extends false finally for from function get if
	implements import in infer instanceof interface is keyof let module namespace never new null number object of
	package private protected public readonly require return set static string super switch symbol this throw true
	try type typeof undefined unique unknown var void while with yield`)

// typeScriptMethods can't be the names of methods: they mean something to
// JavaScript, or are the client's own.
var typeScriptMethods = strings.Fields(`close constructor then toJSON toString valueOf __proto__ hasOwnProperty
	isPrototypeOf propertyIsEnumerable toLocaleString`)

func newTypeScript(in Input, m *module) *typeScript {
	t := &typeScript{
		in: in, out: m, render: renderer{in.Templates}, names: namespace{}, types: map[*definition]string{},
		shapes: map[string]string{},
	}
	t.names.reserve(typeScriptOwn...)
	t.names.reserve(typeScriptKeywords...)
	return t
}

// typeScriptFile is what the template typescript/module.ts.tmpl is given.
type typeScriptFile struct {
	Doc        string // a comment
	Imports    []string
	Topic      string   // a statement
	Defaults   []string // properties of an object
	Types      []string
	Methods    []string // of the class Client
	Classes    []string
	HardCode   []string
	Shapes     string // members of an object, "" for none
	Options    string // the text of typescript/options.ts.tmpl, and so on
	JSON       string
	Socket     string
	Connection string
}

func (t *typeScript) file() (string, error) {
	classes := map[*class]string{}
	for _, m := range t.out.members { // before types: callers write these names
		if m.class != nil {
			classes[m.class] = t.names.take(typeScriptName(m.class.name))
		}
	}
	for _, d := range t.out.definitions {
		t.types[d] = t.names.take(typeScriptName(d.name))
	}
	data := typeScriptFile{
		Doc: typeScriptComment(t.moduleDoc(), 0), Imports: t.in.Imports, Topic: assignment(0, "export const topic =", typeScriptString(t.out.topic), ";"), Defaults: t.defaults(),
		Types: t.definitions(), HardCode: t.in.HardCode,
	}
	given := namespace{}
	given.reserve(typeScriptMethods...)
	for _, m := range t.out.members {
		if m.class != nil {
			data.Classes = append(data.Classes, t.class(m.class, classes[m.class]))
		} else {
			data.Methods = append(data.Methods, t.method(m.function, given.take(m.function.name), camel(m.function.name), nil))
		}
	}
	data.Types = append(data.Types, t.extra...)
	data.Shapes = t.shapeText()
	for _, part := range []struct {
		name string
		text *string
	}{{"options", &data.Options}, {"json", &data.JSON}, {"socket", &data.Socket}, {"connection", &data.Connection}} {
		text, err := t.render.render("typescript/"+part.name+".ts.tmpl", nil)
		if err != nil {
			return "", err
		}
		*part.text = strings.Trim(text, "\n")
	}
	return t.render.render("typescript/module.ts.tmpl", data)
}

func (t *typeScript) moduleDoc() string {
	doc := "Client of the backend on the topic " + t.out.topic + "."
	if t.out.doc != "" {
		doc += "\n\n" + t.out.doc
	}
	return doc + "\n\nMade by dasf generate: make it anew rather than change it."
}

// defaults writes the connection that the stub is made with, as properties.
func (t *typeScript) defaults() []string {
	c := t.in.Connection
	var out []string
	for _, one := range []struct{ name, value string }{
		{"url", c.WebSocketURL}, {"producerUrl", c.ProducerURL}, {"consumerUrl", c.ConsumerURL},
		{"host", c.Host}, {"port", c.Port}, {"persistent", c.Persistent}, {"tenant", c.Tenant}, {"namespace", c.Namespace},
	} {
		if one.value != "" {
			out = append(out, assignment(2, one.name+":", typeScriptString(one.value), ","))
		}
	}
	return out
}

// typeScriptName makes the name of a type.
func typeScriptName(name string) string {
	if typeScriptIdentifier.MatchString(name) {
		return name
	}
	s := camel(name)
	if s == "" || !typeScriptIdentifier.MatchString(s) {
		s = "X" + s
	}
	return s
}

var typeScriptIdentifier = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)

// typeScriptKey writes the name of a property or a method, in quotes where it
// is no identifier.
func typeScriptKey(name string) string {
	if isECMAScriptName(name) {
		return name
	}
	return typeScriptString(name)
}

func isECMAScriptName(name string) bool {
	for i, r := range name {
		switch {
		case r > 0xffff:
			return false
		case r == '$' || r == '_' || unicode.IsLetter(r) || unicode.Is(unicode.Nl, r):
		case i > 0 && unicode.In(r, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc):
		default:
			return false
		}
	}
	return name != ""
}

func (t *typeScript) class(c *class, name string) string {
	var b strings.Builder
	b.WriteString(typeScriptComment(or(c.doc, "The class "+c.name+" of the backend."), 0))
	parameter, shape := t.args(c.params, name+"Args")
	held := "Record<string, never>"
	parameters, given := []string{"client: Client"}, "{}"
	if parameter != "" {
		held, _, _ = strings.Cut(strings.TrimPrefix(parameter, "args: "), " =")
		parameters, given = append(parameters, parameter), "args"
	}
	b.WriteString("export class " + name + " {\n  private readonly client: Client;\n  private readonly args: " + held + ";\n\n")
	b.WriteString(typeScriptComment("Makes an instance. Nothing is sent before a method is called.", 2))
	b.WriteString(signature("  constructor", parameters, "") + " {\n    this.client = client;\n    this.args = " + given + ";\n  }\n")
	methods := namespace{}
	methods.reserve(typeScriptMethods...)
	methods.reserve("client", "args")
	base := []string{`{ class_name: ` + typeScriptString(c.name) + ` }`, "this.args", shape, "made"}
	for _, m := range c.methods {
		b.WriteString("\n" + t.method(m, methods.take(m.name), name+camel(m.name), base) + "\n")
	}
	b.WriteString("}")
	return b.String()
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// method writes a method of the client, or of a class: base is then what makes
// a request to the class of one to the method.
func (t *typeScript) method(f *function, name, typeName string, base []string) string {
	parameter, shape := t.args(f.params, typeName+"Args")
	doc := or(f.doc, "Calls "+f.name+".")
	if f.resultDoc != "" {
		doc += "\n\n@returns " + f.resultDoc
	}
	parameters, given := []string{"options?: CallOptions"}, "{}"
	if parameter != "" {
		parameters, given = []string{parameter, "options?: CallOptions"}, "args"
	}
	result, resultShape := t.result(f.result, typeName+"Result")
	var b strings.Builder
	b.WriteString(typeScriptComment(doc, 2))
	b.WriteString(signature("  async "+typeScriptKey(name), parameters, ": Promise<"+result+">") + " {\n")
	own := `{ func_name: ` + typeScriptString(f.name) + ` }`
	b.WriteString(statement("    ", "const made = ", "request", []string{own, given, shape}, ";") + "\n")
	client, made := "this", "made"
	if base != nil {
		client, made = "this.client", "whole"
		b.WriteString(statement("    ", "const whole = ", "request", base, ";") + "\n")
	}
	b.WriteString(statement("    ", "return ", "invoke", []string{client, made, resultShape, "options"}, ";") + "\n  }")
	return b.String()
}

// signature writes the head of a method, its parameters one a line where they
// do not fit on one.
func signature(head string, parameters []string, result string) string {
	line := head + "(" + strings.Join(parameters, ", ") + ")" + result + " {"
	if len(line) <= typeScriptWidth {
		return strings.TrimSuffix(line, " {")
	}
	return head + "(\n    " + strings.Join(parameters, ",\n    ") + ",\n  )" + result
}

// statement writes a call, its arguments one a line where they do not fit on one.
func statement(indentation, before, function string, args []string, after string) string {
	line := indentation + before + function + "(" + strings.Join(args, ", ") + ")" + after
	if len(line) <= typeScriptWidth {
		return line
	}
	inner := "\n" + indentation + "  "
	var lines []string
	for _, arg := range args {
		if len(indentation)+2+len(arg)+1 > typeScriptWidth && strings.HasPrefix(arg, "{ ") {
			key, value, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(arg, "{ "), " }"), " ")
			arg = "{\n" + assignment(len(indentation)+4, key, value, ",") + inner + "}"
		}
		lines = append(lines, arg)
	}
	return indentation + before + function + "(" + inner + strings.Join(lines, ","+inner) + ",\n" + indentation + ")" + after
}

// args writes the type of some parameters. It returns the parameter that has
// it, "" for none, and what is to be changed in it.
func (t *typeScript) args(params []*field, name string) (parameter, shape string) {
	if len(params) == 0 {
		return "", "undefined"
	}
	name = t.names.take(name)
	t.extra = append(t.extra, t.interfaceType(name, "", params))
	parameter = "args: " + name
	if !slices.ContainsFunc(params, func(f *field) bool { return f.required }) {
		parameter += " = {}"
	}
	return parameter, t.note(t.fieldsNode(params), name)
}

// result writes the type of a result, under a name where it is long, and what
// is to be changed in it.
func (t *typeScript) result(s *shape, name string) (text, changes string) {
	text = layout.String(t.typ(s, inAlias), typeScriptWidth)
	node := t.shape(s)
	if node.isLeaf() && len(text) <= 32 && !strings.Contains(text, "\n") {
		return text, t.note(node, "")
	}
	name = t.names.take(name)
	if len(text) > 32 || strings.Contains(text, "\n") {
		t.extra = append(t.extra, t.aliasType(name, "", s))
		text = name
	}
	return text, t.note(node, name)
}

// interfaceType writes an interface.
func (t *typeScript) interfaceType(name, doc string, fields []*field) string {
	var b strings.Builder
	b.WriteString(typeScriptComment(doc, 0))
	b.WriteString("export interface " + name + " {")
	if len(fields) == 0 {
		b.WriteString("}")
		return b.String()
	}
	b.WriteString("\n")
	for _, f := range fields {
		b.WriteString(typeScriptComment(fieldDoc(f), 2))
		mark := ""
		if !f.required {
			mark = "?"
		}
		property := layout.Concat(layout.Text(typeScriptKey(f.name)+mark+": "), t.typ(f.shape, inProperty), layout.Text(";"))
		b.WriteString("  " + layout.String(layout.Indent(property), typeScriptWidth-2) + "\n")
	}
	b.WriteString("}")
	return b.String()
}

// fieldDoc is what a field says of itself.
func fieldDoc(f *field) string {
	lines := []string{f.doc}
	switch s := f.shape; {
	case s.kind == kindDataset || s.kind == kindDataArray:
		lines = append(lines, "@format NetCDF in base64")
	case s.kind == kindString && s.format != "":
		lines = append(lines, "@format "+s.format)
	}
	if f.initial != nil && string(f.initial) != "null" {
		lines = append(lines, "@default "+string(f.initial))
	}
	return strings.Join(lines, "\n")
}

// aliasType writes a type alias. Where not even the begin of the type fits
// behind the name, it goes to a line of its own.
func (t *typeScript) aliasType(name, doc string, s *shape) string {
	head, typ := "export type "+name+" =", t.typ(s, inAlias)
	begin, _, _ := strings.Cut(layout.String(layout.Concat(typ, layout.Text(";")), 1), "\n")
	right := layout.Concat(layout.Text(head+" "), typ)
	if len(t.alternatives(s)) == 1 && len(head)+1+len(begin) > typeScriptWidth {
		right = layout.Indent(layout.Text(head), layout.Line(), typ)
	}
	return typeScriptComment(doc, 0) + layout.String(layout.Concat(right, layout.Text(";")), typeScriptWidth)
}

// assignment writes a property or a variable. A string literal that does not
// fit goes to the next line, but for a key that is hardly wider than the
// indentation (prettier's isObjectPropertyWithShortKey).
func assignment(spaces int, left, value, after string) string {
	margin := strings.Repeat(" ", spaces)
	line := margin + left + " " + value + after
	shortKey := strings.HasSuffix(left, ":") && len(left) <= len("1234:")
	if len(line) > typeScriptWidth && !shortKey && strings.ContainsAny(value[:1], `"'`) {
		return margin + left + "\n" + margin + "  " + value + after
	}
	return line
}

// typeScriptComment writes text as a JSDoc comment, "" for no text.
func typeScriptComment(text string, spaces int) string {
	text = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n", "*/", `*\/`).Replace(text))
	if text == "" {
		return ""
	}
	margin := strings.Repeat(" ", spaces)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(printable(line), " \t")
	}
	if len(lines) == 1 {
		return fmt.Sprintf("%s/** %s */\n", margin, lines[0])
	}
	var b strings.Builder
	b.WriteString(margin + "/**\n")
	for _, line := range lines {
		b.WriteString(strings.TrimRight(margin+" * "+line, " ") + "\n")
	}
	b.WriteString(margin + " */\n")
	return b.String()
}
