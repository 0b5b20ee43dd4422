package typed

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// Words that are no identifiers in the languages of the stubs.
var (
	pythonKeywords = strings.Fields(`False None True and as assert async await break class continue def del elif else except
		finally for from global if import in is lambda nonlocal not or pass raise return try while with yield`)
	typeScriptKeywords = strings.Fields(`arguments await break case catch class const continue debugger default delete do else
		enum eval export extends false finally for function if implements import in instanceof interface let new null package
		private protected public return static super switch this throw true try typeof var void while with yield`)
	// pydanticNames are attributes of pydantic's BaseModel, which a field would hide.
	pydanticNames = strings.Fields(`construct copy dict from_orm json parse_file parse_obj parse_raw schema schema_json
		update_forward_refs validate`)
	// dispatcherNames address a request.
	dispatcherNames = []string{"func_name", "class_name", "function"}
)

// nameProblem says why stubs cannot have name, "" if they can.
func nameProblem(name string, param bool) string {
	switch {
	case strings.HasPrefix(name, "_"):
		return "begins with _, which pydantic takes for private"
	case !identifier.MatchString(name):
		return "is no identifier: letters, digits and _, a letter first"
	case slices.Contains(pythonKeywords, name):
		return "is a keyword of Python"
	case param && slices.Contains(typeScriptKeywords, name):
		return "is a reserved word of TypeScript"
	case strings.HasPrefix(name, "model_"):
		return "begins with model_, which pydantic keeps for itself"
	case slices.Contains(pydanticNames, name):
		return "is the name of a method of pydantic's BaseModel"
	}
	return ""
}

// checkField checks what stubs will call f.
func (f *field) checkName(param bool) error {
	name := f.Name
	if f.Alias != "" {
		name = f.Alias
	}
	problem := nameProblem(name, param)
	switch {
	case problem == "":
		return nil
	case f.Alias != "":
		return fmt.Errorf("alias tag: %q %s", name, problem)
	}
	return fmt.Errorf("the name %q %s, so stubs cannot have it: choose another json tag, or keep it and say what stubs call it: `alias:%q`",
		name, problem, suggestion(name))
}

var notIdentifierPart = regexp.MustCompile(`[^A-Za-z0-9_]+`)

// suggestion is an alias for name.
func suggestion(name string) string {
	s := strings.Trim(notIdentifierPart.ReplaceAllString(name, "_"), "_")
	if s == "" || s[0] >= '0' && s[0] <= '9' {
		s = "x" + s
	}
	if nameProblem(s, true) != "" {
		s += "_"
	}
	if nameProblem(s, true) != "" {
		s = "the_" + s
	}
	return s
}

// checkParams checks that t can be the parameters of a function, constructor or method.
func (c *Compiler) checkParams(t reflect.Type) error {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s, err := shapeOf(t)
	if err != nil {
		return err
	}
	if s.Kind == KindNone {
		return nil
	}
	if s.Kind != KindStruct {
		return fmt.Errorf("%s cannot be the parameters: use a struct, its json tags name them (or dasf.None for no parameters)", t)
	}
	st, err := c.fieldsOf(t)
	if err != nil {
		return err
	}
	for i := range st.Fields {
		f := &st.Fields[i]
		if slices.Contains(dispatcherNames, f.Name) {
			return fmt.Errorf("%s.%s: a parameter cannot be called %q, the word addresses the request: choose another json tag", t, f.GoName, f.Name)
		}
		if err := f.checkName(true); err != nil {
			return fmt.Errorf("%s.%s: %w", t, f.GoName, err)
		}
	}
	return nil
}

// checkNames checks the fields of all structs in t.
func (c *Compiler) checkNames(t reflect.Type, seen map[reflect.Type]bool) error {
	if seen[t] {
		return nil
	}
	seen[t] = true
	s, err := shapeOf(t)
	if err != nil {
		return err
	}
	for _, part := range append([]reflect.Type{s.Elem, s.Key}, s.Alternatives...) {
		if part == nil {
			continue
		}
		if err := c.checkNames(part, seen); err != nil {
			return err
		}
	}
	if s.Kind != KindStruct {
		return nil
	}
	st, err := c.fieldsOf(t)
	if err != nil {
		return err
	}
	stubNames := map[string]string{}
	for i := range st.Fields {
		f := &st.Fields[i]
		if err := f.checkName(false); err != nil {
			return fmt.Errorf("%s.%s: %w", t, f.GoName, err)
		}
		name := f.Name
		if f.Alias != "" {
			name = f.Alias
		}
		if other := stubNames[name]; other != "" {
			return fmt.Errorf("%s: stubs would call both %s and %s %q: change an alias tag", t, other, f.GoName, name)
		}
		stubNames[name] = f.GoName
		if err := c.checkNames(f.Type, seen); err != nil {
			return fmt.Errorf("%s.%s: %w", t, f.GoName, err)
		}
	}
	return nil
}
