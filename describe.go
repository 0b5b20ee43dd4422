package dasf

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/dasf-go/dasf/internal/api"
	"github.com/dasf-go/dasf/internal/typed"
)

// describe makes the module's schema and API, and the two texts that go over
// the wire.
func (m *Module) describe(c *typed.Compiler) error {
	extra, err := rawExtra("Config", m.cfg.SchemaExtra)
	if err != nil {
		return err
	}
	d := typed.ModuleDescription{Topic: m.cfg.Topic, Extra: extra, Extension: m.extension()}
	for _, member := range m.members {
		compiled := m.byName[member.name].compiled
		one, err := member.describe(member.name, compiled.types)
		if err != nil {
			return err
		}
		one.Class = member.class
		for i, method := range member.methods {
			sub, err := method.describe(member.name+"."+method.name, compiled.methods[i])
			if err != nil {
				return err
			}
			one.Methods = append(one.Methods, sub)
		}
		d.Members = append(d.Members, one)
	}
	if m.api, err = c.Describe(d); err != nil {
		return err
	}
	info, err := m.api.RPCSchema.MarshalJSON()
	if err != nil {
		return err
	}
	apiInfo, err := m.api.MarshalJSON()
	if err != nil {
		return err
	}
	m.info, m.apiInfo = string(api.Spaced(info)), string(apiInfo)
	return nil
}

// extension is what only our own backends put into api_info, and only where
// there is something, so that plain modules stay equal to Python's.
func (m *Module) extension() *api.Extension {
	s := m.cfg.Stub
	if len(s.Imports) == 0 && len(s.HardCode) == 0 && m.cfg.Doc == "" {
		return nil
	}
	return &api.Extension{Doc: m.cfg.Doc, Imports: strings.Join(s.Imports, "\n"), HardCode: strings.Join(s.HardCode, "\n")}
}

func (a *about) describe(path string, t types) (typed.MemberDescription, error) {
	extra, err := rawExtra(path, a.extra)
	return typed.MemberDescription{
		Name: a.name, Doc: a.doc, Returns: a.returns, Extra: extra, Request: t.request, Result: t.result,
	}, err
}

func rawExtra(path string, extra map[string]any) (map[string]json.RawMessage, error) {
	if len(extra) == 0 {
		return nil, nil
	}
	raw := make(map[string]json.RawMessage, len(extra))
	for key, value := range extra {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("%s: SchemaExtra %q has no JSON form: %w", path, key, err)
		}
		raw[key] = text
	}
	return raw, nil
}
