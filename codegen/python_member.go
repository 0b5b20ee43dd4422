package codegen

import (
	"strings"
)

// pythonFunction is what the template python/function.py.tmpl is given, for a
// function and for a method.
type pythonFunction struct {
	Decorator string // "" or the decorator's call, without @
	Name      string
	Params    string // between the brackets of def
	Result    string // annotation
	Docstring string // with its quotes, "" without a description
	Request   string // the arguments of _call
	Rename    string // "" or a statement behind a function that is called otherwise by the backend
}

// pythonClass is what the template python/class.py.tmpl is given.
type pythonClass struct {
	Decorator string
	Name      string
	Docstring string
	Params    string // of the constructor
	Request   string // a dict display: what all requests to the class have
	Dict, Any string // the names of typing's Dict and Any in the stub
	Methods   []string
	Renames   []string // statements behind the class
}

// member writes a function or a class, and returns what the stub calls it.
func (p *python) member(m member) (text, name string, err error) {
	name = p.memberName(m.name())
	if m.class != nil {
		text, err = p.class(m.class, name)
	} else {
		text, err = p.function(m.function, name, false)
	}
	return strings.TrimRight(text, "\n"), name, err
}

func (p *python) function(f *function, name string, method bool) (string, error) {
	params := p.params(f.params, nil)
	data := pythonFunction{
		Decorator: p.configure(params, f.result), Name: name, Params: p.signature(params, method),
		Result: p.annotation(f.result, annotating{}), Docstring: pythonDocstring(p.doc(f.doc, params, f)),
	}
	request := "{" + strings.Join(append([]string{`"func_name": ` + pythonString(f.name)}, requestItems(params)...), ", ") + "}"
	request = p.without(request, params)
	if method {
		request = "self._request_base, " + request
	}
	data.Request = request
	if name != f.name && !method {
		data.Rename = name + ".__name__ = " + pythonString(f.name)
	}
	return p.render.render("python/function.py.tmpl", data)
}

// without wraps a request whose parameters may be left out.
func (p *python) without(request string, params []pythonParam) string {
	var names []string
	for _, f := range params {
		if f.omittable() && !f.shape.optional {
			names = append(names, pythonString(f.name))
		}
	}
	if len(names) == 0 {
		return request
	}
	p.helpers["without"] = true
	return "_without(" + request + ", " + strings.Join(names, ", ") + ")"
}

func requestItems(params []pythonParam) []string {
	items := make([]string, len(params))
	for i, f := range params {
		items[i] = pythonString(f.name) + ": " + f.python
	}
	return items
}

func (p *python) class(c *class, name string) (string, error) {
	params := p.params(c.params, nil)
	data := pythonClass{
		Decorator: p.configure(params, nil), Name: name, Docstring: pythonDocstring(p.doc(c.doc, params, nil)),
		Params: p.signature(params, true), Dict: p.typing("Dict"), Any: p.typing("Any"),
	}
	items := append([]string{`"class_name": ` + pythonString(c.name)}, requestItems(params)...)
	data.Request = p.without("{"+strings.Join(items, ", ")+"}", params)
	given := namespace{}
	given.reserve("_request_base")
	var exposed []string
	for _, m := range c.methods {
		python := m.name
		if !isPythonName(python) || strings.HasPrefix(python, "__") || given[python] {
			python = plain(python)
			if !isPythonName(python) {
				python += "_"
			}
		}
		python = given.take(python)
		text, err := p.function(m, python, true)
		if err != nil {
			return "", err
		}
		data.Methods = append(data.Methods, strings.TrimRight(text, "\n"))
		exposed = append(exposed, pythonString(python))
		if python != m.name {
			data.Renames = append(data.Renames, name+"."+python+".__name__ = "+pythonString(m.name))
		}
	}
	if name != c.name {
		data.Renames = append(data.Renames, name+".__name__ = "+pythonString(c.name))
	}
	if hidden(exposed) {
		data.Decorator = p.addArgument(data.Decorator, "methods=["+strings.Join(exposed, ", ")+"]")
	}
	return p.render.render("python/class.py.tmpl", data)
}

// hidden reports whether demessaging would not see a method by itself.
func hidden(quoted []string) bool {
	for _, q := range quoted {
		if strings.HasPrefix(q, `"_`) {
			return true
		}
	}
	return false
}

// configure writes demessaging's decorator, with what the signature does not
// say. It is "" where that is nothing.
func (p *python) configure(params []pythonParam, result *shape) string {
	var rules, annotations []string
	for _, f := range params {
		if args := p.fieldArguments(f, false); len(args) > 0 {
			rules = append(rules, pythonString(f.python)+": "+asDict(args))
		}
		if s := f.shape; hasDataset(s) || hasInnerRules(s) {
			annotations = append(annotations, pythonString(f.python)+": "+p.annotation(s, annotating{runtime: true, rules: true}))
		}
	}
	decorator := ""
	if len(rules) > 0 {
		decorator = p.addArgument(decorator, "field_params={"+strings.Join(rules, ", ")+"}")
	}
	if len(annotations) > 0 {
		decorator = p.addArgument(decorator, "annotations={"+strings.Join(annotations, ", ")+"}")
	}
	if result != nil {
		if annotation := p.result(result); annotation != "" {
			decorator = p.addArgument(decorator, "return_annotation="+annotation)
		}
	}
	return decorator
}

func (p *python) addArgument(decorator, argument string) string {
	if decorator == "" {
		return p.from("demessaging", "configure") + "(" + argument + ")"
	}
	return strings.TrimSuffix(decorator, ")") + ", " + argument + ")"
}

// asDict turns name=value arguments into a dict display.
func asDict(args []string) string {
	items := make([]string, len(args))
	for i, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		items[i] = pythonString(name) + ": " + value
	}
	return "{" + strings.Join(items, ", ") + "}"
}

// hasInnerRules reports whether a part of a value has constraints.
func hasInnerRules(s *shape) bool {
	found := false
	s.each(func(inner *shape) {
		found = found || inner != s && len(ruleArguments(inner)) > 0
	})
	return found
}

// signature writes parameters with their annotations and defaults. A required
// one behind an optional one can only be given by name.
func (p *python) signature(params []pythonParam, method bool) string {
	var parts []string
	if method {
		parts = append(parts, "self")
	}
	optional, byName := false, false
	for _, f := range params {
		s := f.shape
		annotation := p.annotation(s, annotating{})
		initial := ""
		switch {
		case f.initial != nil:
			initial = p.value(s, f.initial)
		case !f.required:
			initial = "None"
			if !s.optional && s.kind != kindAny {
				annotation = p.typing("Optional") + "[" + annotation + "]"
			}
		}
		if initial == "" && optional && !byName {
			byName = true
			parts = append(parts, "*")
		}
		part := f.python + ": " + annotation
		if initial != "" {
			optional = true
			part += " = " + initial
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// doc writes a description in numpy's manner: with the parameters that have a
// description, and the result if it has one.
func (p *python) doc(text string, params []pythonParam, f *function) string {
	var b strings.Builder
	b.WriteString(text)
	described := false
	for _, param := range params {
		if param.doc == "" {
			continue
		}
		if !described {
			b.WriteString("\n\nParameters\n----------")
			described = true
		}
		kind := p.annotation(param.shape, annotating{})
		if !param.required {
			kind += ", optional"
		}
		b.WriteString("\n" + param.python + " : " + kind + "\n" + indent(4, param.doc))
	}
	if f != nil && f.resultDoc != "" {
		b.WriteString("\n\nReturns\n-------\n" + p.annotation(f.result, annotating{}) + "\n" + indent(4, f.resultDoc))
	}
	return strings.TrimSpace(b.String())
}
