package api

import (
	"encoding/json"
	"errors"
	"fmt"
)

// ParseDocument reads what describes a backend: an api_info document, or the
// schema of a module as the command schema prints it. A schema says nothing
// about results, so that the members' ReturnSchema is nil then. It refuses what
// [Parse] refuses.
func ParseDocument(data []byte) (*API, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(data, &keys); err == nil {
		if _, isAPI := keys["rpc_schema"]; isAPI {
			return Parse(data)
		}
	}
	s := &Schema{}
	if err := s.UnmarshalJSON(data); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return fromSchema(s)
}

// fromSchema finds the members in the schema of a module.
func fromSchema(s *Schema) (*API, error) {
	a := &API{Classes: []Class{}, Functions: []Function{}, RPCSchema: s}
	for _, member := range alternativesOf(s) {
		def := s.Def(member.Ref)
		if def == nil {
			return nil, errors.New("schema: this is no schema of a module: it does not refer to its members")
		}
		if name, ok := constName(def, "class_name"); ok {
			c := Class{Name: name, RPCSchema: withDefs(without(def, "function"), s.Defs), Methods: []Function{}}
			for _, method := range alternativesOf(def.Property("function")) {
				m := s.Def(method.Ref)
				if name, ok := constName(m, "func_name"); ok {
					c.Methods = append(c.Methods, Function{Name: name, RPCSchema: withDefs(m, s.Defs)})
				}
			}
			a.Classes = append(a.Classes, c)
		} else if name, ok := constName(def, "func_name"); ok {
			a.Functions = append(a.Functions, Function{Name: name, RPCSchema: withDefs(def, s.Defs)})
		} else {
			return nil, fmt.Errorf("schema: the member %s has neither func_name nor class_name", member.Ref)
		}
	}
	return a, nil
}

// alternativesOf returns the parts of a union, or the schema itself if it is none.
func alternativesOf(s *Schema) []*Schema {
	if s != nil && len(s.AnyOf) > 0 {
		return s.AnyOf
	}
	return []*Schema{s}
}

// constName returns the string that the named property always is.
func constName(s *Schema, property string) (string, bool) {
	p := s.Property(property)
	var name string
	if p == nil || p.Const == nil || json.Unmarshal(p.Const, &name) != nil || name == "" {
		return "", false
	}
	return name, true
}

// without returns a copy of s without the named property.
func without(s *Schema, property string) *Schema {
	out := *s
	out.Properties, out.Required = []Property{}, []string{}
	for _, p := range s.Properties {
		if p.Name != property {
			out.Properties = append(out.Properties, p)
		}
	}
	for _, r := range s.Required {
		if r != property {
			out.Required = append(out.Required, r)
		}
	}
	return &out
}

func withDefs(s *Schema, defs map[string]*Schema) *Schema {
	out := *s
	out.Defs = defs
	return &out
}
