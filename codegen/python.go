package codegen

import (
	"fmt"
	"strings"

	"github.com/dasf-go/dasf/codegen/internal/pyfmt"
)

// PythonOptions are options of [Python].
type PythonOptions struct {
	// LineLength is where lines are broken, as black does it. 0 is 79, the
	// default of demessaging.
	LineLength int
}

// connectionWidth is the length of the longest line of the template
// python/connection.py.tmpl. It is written so that black leaves it alone at
// this and any greater line length.
const connectionWidth = 79

// Python writes a client stub in Python. It needs Python 3.9, demessaging and
// deprogressapi where it is used, and nothing where it is made. Black leaves it
// alone at the given line length.
func Python(in Input, o PythonOptions) ([]byte, error) {
	m, err := resolve(in)
	if err != nil {
		return nil, err
	}
	if o.LineLength == 0 {
		o.LineLength = 79
	}
	if o.LineLength < 1 {
		return nil, fmt.Errorf("codegen: a line length of %d: it must be more than 0", o.LineLength)
	}
	p := newPython(in, m, o.LineLength)
	text, err := p.module()
	if err != nil {
		return nil, err
	}
	return []byte(pyfmt.Format(text, o.LineLength)), nil
}

// A python writes one Python stub.
type python struct {
	in     Input
	out    *module
	width  int
	render renderer

	taken   map[string]bool          // names that members and types have
	members namespace                // names on module level
	types   map[*definition]string   // what types are called in the stub
	enums   map[*definition][]string // what the values of enums are called
	defined map[*definition]bool     // types that were written already
	imports pythonImports
	helpers map[string]bool // helper functions that are used
}

func newPython(in Input, m *module, width int) *python {
	p := &python{
		in: in, out: m, width: width, render: renderer{in.Templates},
		taken: map[string]bool{}, members: namespace{}, types: map[*definition]string{}, enums: map[*definition][]string{},
		defined: map[*definition]bool{}, imports: newPythonImports(), helpers: map[string]bool{},
	}
	p.name()
	return p
}

// pythonModule is what the template python/module.py.tmpl is given.
type pythonModule struct {
	Docstring  string   // with its quotes
	Notes      []string // lines of a comment
	Imports    string
	All        string // a list display
	Helpers    string // what types and members need before them
	Types      string
	Members    string
	Connection string // the text of python/connection.py.tmpl
	Config     string // the arguments of the messaging configuration
	Creator    string // how BackendModule is made
	List       string // the members, a list display

	ModuleConfig string // the name of demessaging's ModuleConfig in the stub
}

func (p *python) module() (string, error) {
	// Types and members come first: they say what is to be imported.
	types := p.definitions()
	var members []string
	var names, quoted []string
	for _, m := range p.out.members {
		text, name, err := p.member(m)
		if err != nil {
			return "", err
		}
		members = append(members, text)
		names = append(names, name)
		quoted = append(quoted, pythonString(name))
	}
	connection, err := p.connection()
	if err != nil {
		return "", err
	}
	data := pythonModule{
		Docstring: pythonDocstring(p.moduleDoc()), Notes: p.notes(),
		All: "[" + strings.Join(quoted, ", ") + "]", List: "[" + strings.Join(names, ", ") + "]",
		Helpers: p.fixed(p.helperText()), Types: types, Members: strings.Join(members, "\n\n\n"), Connection: connection,
		Config: p.config(), Creator: p.creator(), ModuleConfig: p.from("demessaging.config", "ModuleConfig"),
	}
	p.fromAs("demessaging", "BackendModule", "_BackendModule")
	data.Imports = p.imports.text(p.extraImports())
	return p.render.render("python/module.py.tmpl", data)
}

func (p *python) moduleDoc() string {
	if p.out.doc != "" {
		return p.out.doc
	}
	return "Client of the backend on the topic " + p.out.topic + "."
}

// notes says what the description of a running backend did not hold.
func (p *python) notes() []string {
	if !p.in.Remote {
		return nil
	}
	var notes []string
	if p.in.API.Extension == nil {
		notes = append(notes,
			"Made from the api_info of a running backend, which holds neither the",
			"description of the module nor its imports and hard-coded parts.")
	}
	if len(p.out.untyped) > 0 {
		notes = append(notes, "These may be of any type, as far as it says. Where one is a dataset, make the",
			"stub anew with --dataset:")
		for _, path := range p.out.untyped {
			notes = append(notes, "  "+path)
		}
	}
	return notes
}

// config returns the arguments of the messaging configuration that are written
// down, as keyword arguments.
func (p *python) config() string {
	c := p.in.Connection
	parts := []string{"topic=" + pythonString(p.out.topic)}
	for _, one := range []struct{ name, value string }{
		{"host", c.Host}, {"port", c.Port}, {"persistent", c.Persistent}, {"tenant", c.Tenant}, {"namespace", c.Namespace},
		{"websocket_url", c.WebSocketURL}, {"producer_url", c.ProducerURL}, {"consumer_url", c.ConsumerURL},
	} {
		if one.value != "" && isURLSetting(one.name) == c.url() {
			parts = append(parts, one.name+"="+pythonString(one.value))
		}
	}
	if c.MaxPayloadSize != 0 {
		parts = append(parts, fmt.Sprintf("max_payload_size=%d", c.MaxPayloadSize))
	}
	return strings.Join(parts, ", ")
}

func isURLSetting(name string) bool { return strings.HasSuffix(name, "_url") }

// connection returns the code that talks to the backend.
func (p *python) connection() (string, error) {
	text, err := p.render.render("python/connection.py.tmpl", map[string]string{"Any": p.typing("Any"), "Dict": p.typing("Dict")})
	return p.fixed(text), err
}

// creator returns the code that chooses how the module is made: by the command
// line of demessaging where the stub is run as a program.
func (p *python) creator() string {
	backend := p.moduleName("demessaging.backend")
	return p.fixed(`_Backend = _reliable(_BackendModule)

_creator: ` + p.typing("Any") + `
if __name__ == "__main__":
    # main makes its module of the class that it finds there.
    setattr(` + backend + `, "BackendModule", _Backend)
    _creator = ` + p.from("demessaging", "main") + `
else:
    _creator = _Backend.create_model`)
}

// fixed returns text that black leaves alone at the width that it is written
// for and more, and is told to leave alone at less.
func (p *python) fixed(text string) string {
	text = strings.Trim(text, "\n")
	if p.width < connectionWidth && text != "" {
		text = "# fmt: off\n" + text + "\n# fmt: on"
	}
	return text
}
