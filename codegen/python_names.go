package codegen

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

var pythonKeywords = strings.Fields(`False None True and as assert async await break class continue def del elif else
	except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield`)

// pythonModuleNames are the names on module level that stubs have themselves.
var pythonModuleNames = strings.Fields(`BackendModule backend_config _creator _call _without _reliable _Backend
	_BackendModule _configured _nan _or_nan _Float _to_dataset _to_dataarray _Dataset _DataArray _Sparse _typing _builtins`)

// pythonFieldNames can't be the names of fields of demessaging's models: they
// are what BackendFunction, BackendClass and pydantic's BaseModel are made of.
// A field may hide the other methods of BaseModel.
var pythonFieldNames = strings.Fields(`self backend_config return_model create_model get_api_info get_constructor_fields
	model_computed_fields model_config model_construct model_copy model_dump model_dump_json model_extra model_fields
	model_fields_set model_json_schema model_parametrized_name model_post_init model_rebuild model_validate
	model_validate_json model_validate_strings root`)

// pythonModelNames are those methods of BaseModel that the fields of a model do
// not hide, for the sake of type checkers.
var pythonModelNames = strings.Fields(`construct copy dict from_orm json parse_file parse_obj parse_raw schema schema_json
	update_forward_refs validate`)

// name gives types and members their names in the stub. Members come first:
// they are what users call, and the name of a type does not travel.
func (p *python) name() {
	p.members.reserve(pythonModuleNames...)
	for _, m := range p.out.members {
		p.taken[m.name()] = true
		if m.class != nil {
			for _, method := range m.class.methods {
				p.taken[method.name] = true
			}
		}
	}
	for _, d := range p.out.definitions {
		for _, f := range d.fields {
			if !f.required { // its default hides what has its name, for the fields behind it
				p.taken[f.name] = true
			}
		}
	}
	for _, m := range p.out.members {
		if !p.members[m.name()] && isPythonName(m.name()) {
			p.members[m.name()] = true
		}
	}
	for _, d := range p.out.definitions {
		name := plain(d.name)
		if isPythonName(d.name) && !strings.HasPrefix(d.name, "_") {
			name = d.name
		}
		for p.members[name] || p.isImported(name) || !isPythonName(name) {
			name += "_"
		}
		p.members[name] = true
		p.types[d] = name
		p.taken[name] = true
	}
}

// memberName returns what a member is called in the stub: its own name unless
// that is a keyword or one of the stub's own names.
func (p *python) memberName(name string) string {
	if isPythonName(name) && !slices.Contains(pythonModuleNames, name) {
		return name
	}
	candidate := name
	if !isPythonName(candidate) {
		candidate = plain(name)
		if !isPythonName(candidate) {
			candidate += "_"
		}
	} else {
		candidate += "_"
	}
	return p.members.take(candidate)
}

// isImported reports whether the stub may import something under that name.
func (p *python) isImported(name string) bool {
	_, typing := pythonTypingNames[name]
	return typing || slices.Contains(pythonBuiltins, name) || slices.Contains(pythonImportNames, name)
}

// pythonImportNames are the names that stubs import.
var pythonImportNames = strings.Fields(`main configure ModuleConfig PulsarConfig WebsocketURLConfig BaseModel Field
	ConfigDict RootModel AnyUrl Base64Bytes BeforeValidator PlainSerializer WrapValidator TypeAdapter ValidationError
	model_serializer ProgressReport PrintReport datetime decimal enum ipaddress math pathlib uuid os xarray base64 io
	encode_xarray`)

var pythonBuiltins = strings.Fields(`bool bytes dict float int list set str tuple`)

var pythonTypingNames = map[string]bool{
	"Any": true, "Callable": true, "Dict": true, "List": true, "Literal": true, "Optional": true, "Set": true,
	"Tuple": true, "Union": true,
}

// isPythonName reports whether name is an identifier that is no keyword, and
// that Python does not change: it normalises letters such as ligatures.
func isPythonName(name string) bool {
	if name == "" || slices.Contains(pythonKeywords, name) {
		return false
	}
	for i, r := range name {
		if r == '_' || isPlainLetter(r) || i > 0 && '0' <= r && r <= '9' {
			continue
		}
		return false
	}
	return true
}

// isPlainLetter reports whether r is a letter that is its own normal form.
func isPlainLetter(r rune) bool {
	switch {
	case r < 0x80:
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	case !unicode.IsLetter(r):
		return false
	case r == 0xaa || r == 0xba || 0x132 <= r && r <= 0x133 || 0x13f <= r && r <= 0x140 || r == 0x149 || r == 0x17f:
		return false
	}
	return r <= 0x1c3 || 0x391 <= r && r <= 0x3c9 || 0x410 <= r && r <= 0x44f
}

// A pythonParam is a parameter or a field by its names.
type pythonParam struct {
	*field
	python string // what the stub calls it
}

// alias reports whether the stub's name differs from that on the wire.
func (f pythonParam) aliased() bool { return f.python != f.name }

// params gives names to the parameters of a member, or the fields of a model.
func (p *python) params(fields []*field, reserved []string) []pythonParam {
	given := namespace{}
	given.reserve(pythonKeywords...)
	given.reserve(pythonFieldNames...)
	given.reserve(reserved...)
	out := make([]pythonParam, len(fields))
	// Names that can stay do so whatever stands before them.
	for i, f := range fields {
		out[i] = pythonParam{field: f}
		if isPythonName(f.name) && !strings.HasPrefix(f.name, "_") && !given[f.name] && f.alias == "" {
			out[i].python = given.take(f.name)
		}
	}
	for i, f := range fields {
		if out[i].python == "" {
			out[i].python = given.take(pythonAlias(f))
		}
	}
	return out
}

// pythonAlias returns the name for a field that can't have its own.
func pythonAlias(f *field) string {
	if f.alias != "" && isPythonName(f.alias) {
		return f.alias
	}
	name := plain(f.name)
	if strings.HasPrefix(name, "model_") {
		return "the_" + name // pydantic keeps model_ for itself
	}
	return name
}

// pythonImports collects what a stub imports.
type pythonImports struct {
	modules map[string]string            // module to name
	names   map[string]map[string]string // module to name to local name
}

func newPythonImports() pythonImports {
	return pythonImports{modules: map[string]string{}, names: map[string]map[string]string{}}
}

// moduleName imports a module and returns the name that it has in the stub.
func (p *python) moduleName(module string) string {
	name, ok := p.imports.modules[module]
	if !ok {
		name = strings.ReplaceAll(module, ".", "_")
		if p.taken[name] || name != module {
			name = "_" + name
		}
		p.imports.modules[module] = name
	}
	return name
}

// from imports a name from a module and returns the name that it has in the stub.
func (p *python) from(module, name string) string {
	local := name
	if p.taken[name] {
		local = "_" + name
	}
	return p.fromAs(module, name, local)
}

func (p *python) fromAs(module, name, local string) string {
	if p.imports.names[module] == nil {
		p.imports.names[module] = map[string]string{}
	}
	p.imports.names[module][name] = local
	return local
}

func (p *python) typing(name string) string { return p.from("typing", name) }

// builtin returns the name of a built-in type, also where a member hides it.
func (p *python) builtin(name string) string {
	if p.taken[name] {
		p.imports.modules["builtins"] = "_builtins"
		return "_builtins." + name
	}
	return name
}

// standardModules are those of Python's own library that stubs import.
var standardModules = map[string]bool{
	"base64": true, "builtins": true, "json": true, "datetime": true, "decimal": true, "enum": true, "io": true, "ipaddress": true,
	"math": true, "os": true, "pathlib": true, "typing": true, "uuid": true,
}

// text writes the imports as isort sorts them, and then those of the user.
func (m pythonImports) text(extra []string) string {
	var blocks []string
	for _, standard := range []bool{true, false} {
		var lines []string
		for _, module := range slices.Sorted(maps.Keys(m.modules)) {
			if standardModules[module] != standard {
				continue
			}
			line := "import " + module
			if name := m.modules[module]; name != module {
				line += " as " + name
			}
			lines = append(lines, line)
		}
		for _, module := range slices.Sorted(maps.Keys(m.names)) {
			if standardModules[module] == standard {
				lines = append(lines, m.fromLines(module)...)
			}
		}
		if len(lines) > 0 {
			blocks = append(blocks, strings.Join(lines, "\n"))
		}
	}
	if len(extra) > 0 {
		blocks = append(blocks, strings.Join(extra, "\n"))
	}
	return strings.Join(blocks, "\n\n")
}

// fromLines writes the names of one module. Renamed ones stand alone.
func (m pythonImports) fromLines(module string) []string {
	var plain, renamed []string
	names := slices.SortedFunc(maps.Keys(m.names[module]), importOrder)
	for _, name := range names {
		if local := m.names[module][name]; local != name {
			renamed = append(renamed, "from "+module+" import "+name+" as "+local)
		} else {
			plain = append(plain, name)
		}
	}
	if len(plain) > 0 {
		renamed = append(renamed, "from "+module+" import "+strings.Join(plain, ", "))
	}
	return renamed
}

// importOrder is isort's: constants, then classes, then the rest.
func importOrder(a, b string) int {
	if d := importRank(a) - importRank(b); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}

func importRank(name string) int {
	switch {
	case name == strings.ToUpper(name):
		return 0
	case unicode.IsUpper(rune(name[0])):
		return 1
	}
	return 2
}

// extraImports returns the import lines of the module and of the user. A line
// that is only the name of a module imports it.
func (p *python) extraImports() []string {
	var out []string
	lines := strings.Split(p.in.extension().Imports, "\n")
	for _, text := range p.in.Imports {
		lines = append(lines, strings.Split(text, "\n")...)
	}
	for _, line := range lines {
		line = strings.TrimRight(line, " \t\r")
		switch {
		case line == "":
			continue
		case !strings.ContainsAny(line, " \t(),"):
			line = "import " + line
		}
		if !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	return out
}
