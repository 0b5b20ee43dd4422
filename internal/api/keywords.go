package api

import "encoding/json"

// A keyword says how one keyword of JSON schema is found in, written from and
// read into a Schema.
type keyword struct {
	present func(*Schema) bool
	write   func(*Schema, *writer)
	read    func(*Schema, *reader) error
}

// keywords is never changed. A reader and a writer are handed the table, since
// its functions read and write the schemas inside a schema, and could not name it.
var keywords = map[string]keyword{
	"$ref":             text(func(s *Schema) *string { return &s.Ref }),
	"title":            text(func(s *Schema) *string { return &s.Title }),
	"description":      text(func(s *Schema) *string { return &s.Description }),
	"format":           text(func(s *Schema) *string { return &s.Format }),
	"pattern":          text(func(s *Schema) *string { return &s.Pattern }),
	"contentEncoding":  text(func(s *Schema) *string { return &s.ContentEncoding }),
	"contentMediaType": text(func(s *Schema) *string { return &s.ContentMediaType }),

	"const":    value(func(s *Schema) *json.RawMessage { return &s.Const }),
	"default":  value(func(s *Schema) *json.RawMessage { return &s.Default }),
	"enum":     values(func(s *Schema) *[]json.RawMessage { return &s.Enum }),
	"examples": values(func(s *Schema) *[]json.RawMessage { return &s.Examples }),

	"minimum":          number(func(s *Schema) *json.Number { return &s.Minimum }),
	"maximum":          number(func(s *Schema) *json.Number { return &s.Maximum }),
	"exclusiveMinimum": number(func(s *Schema) *json.Number { return &s.ExclusiveMinimum }),
	"exclusiveMaximum": number(func(s *Schema) *json.Number { return &s.ExclusiveMaximum }),
	"multipleOf":       number(func(s *Schema) *json.Number { return &s.MultipleOf }),

	"minLength":     count(func(s *Schema) **int { return &s.MinLength }),
	"maxLength":     count(func(s *Schema) **int { return &s.MaxLength }),
	"minItems":      count(func(s *Schema) **int { return &s.MinItems }),
	"maxItems":      count(func(s *Schema) **int { return &s.MaxItems }),
	"minProperties": count(func(s *Schema) **int { return &s.MinProperties }),
	"maxProperties": count(func(s *Schema) **int { return &s.MaxProperties }),

	"items":                schema(func(s *Schema) **Schema { return &s.Items }),
	"additionalProperties": schema(func(s *Schema) **Schema { return &s.AdditionalProperties }),
	"propertyNames":        schema(func(s *Schema) **Schema { return &s.PropertyNames }),
	"prefixItems":          schemas(func(s *Schema) *[]*Schema { return &s.PrefixItems }),
	"anyOf":                schemas(func(s *Schema) *[]*Schema { return &s.AnyOf }),
	"oneOf":                schemas(func(s *Schema) *[]*Schema { return &s.OneOf }),
	"allOf":                schemas(func(s *Schema) *[]*Schema { return &s.AllOf }),

	"type":        typeKeyword(),
	"uniqueItems": uniqueItemsKeyword(),
	"properties":  propertiesKeyword(),
	"required":    requiredKeyword(),
	"$defs":       defsKeyword(),
}

func text(at func(*Schema) *string) keyword {
	return keyword{
		present: func(s *Schema) bool { return *at(s) != "" },
		write:   func(s *Schema, w *writer) { w.string(*at(s)) },
		read:    func(s *Schema, r *reader) (err error) { *at(s), err = r.string(); return err },
	}
}

func value(at func(*Schema) *json.RawMessage) keyword {
	return keyword{
		present: func(s *Schema) bool { return *at(s) != nil },
		write:   func(s *Schema, w *writer) { w.raw(*at(s)) },
		read:    func(s *Schema, r *reader) (err error) { *at(s), err = r.value(); return err },
	}
}

func values(at func(*Schema) *[]json.RawMessage) keyword {
	return keyword{
		present: func(s *Schema) bool { return *at(s) != nil },
		write:   func(s *Schema, w *writer) { list(w, *at(s), w.raw) },
		read: func(s *Schema, r *reader) error {
			*at(s) = []json.RawMessage{}
			return r.array(func() error {
				v, err := r.value()
				*at(s) = append(*at(s), v)
				return err
			})
		},
	}
}

func number(at func(*Schema) *json.Number) keyword {
	return keyword{
		present: func(s *Schema) bool { return *at(s) != "" },
		write:   func(s *Schema, w *writer) { w.dst = append(w.dst, *at(s)...) },
		read:    func(s *Schema, r *reader) (err error) { *at(s), err = r.number(); return err },
	}
}

func count(at func(*Schema) **int) keyword {
	return keyword{
		present: func(s *Schema) bool { return *at(s) != nil },
		write:   func(s *Schema, w *writer) { w.int(**at(s)) },
		read: func(s *Schema, r *reader) error {
			n, err := r.count()
			*at(s) = &n
			return err
		},
	}
}

func schema(at func(*Schema) **Schema) keyword {
	return keyword{
		present: func(s *Schema) bool { return *at(s) != nil },
		write:   func(s *Schema, w *writer) { w.schema(*at(s)) },
		read:    func(s *Schema, r *reader) (err error) { *at(s), err = r.schema(); return err },
	}
}

func schemas(at func(*Schema) *[]*Schema) keyword {
	return keyword{
		present: func(s *Schema) bool { return *at(s) != nil },
		write:   func(s *Schema, w *writer) { list(w, *at(s), w.schema) },
		read: func(s *Schema, r *reader) error {
			*at(s) = []*Schema{}
			return r.array(func() error {
				v, err := r.schema()
				*at(s) = append(*at(s), v)
				return err
			})
		},
	}
}

func typeKeyword() keyword {
	return keyword{
		present: func(s *Schema) bool { return s.Type != nil },
		write: func(s *Schema, w *writer) {
			if len(s.Type) == 1 {
				w.string(s.Type[0])
				return
			}
			list(w, s.Type, w.string)
		},
		read: func(s *Schema, r *reader) error {
			names, err := r.stringOrStrings()
			s.Type = names
			return err
		},
	}
}

func uniqueItemsKeyword() keyword {
	return keyword{
		present: func(s *Schema) bool { return s.UniqueItems },
		write:   func(_ *Schema, w *writer) { w.dst = append(w.dst, "true"...) },
		read:    func(s *Schema, r *reader) (err error) { s.UniqueItems, err = r.bool(); return err },
	}
}

func propertiesKeyword() keyword {
	return keyword{
		present: func(s *Schema) bool { return s.Properties != nil },
		write:   func(s *Schema, w *writer) { w.properties(s.Properties) },
		read: func(s *Schema, r *reader) error {
			s.Properties = []Property{}
			return r.object(func(name string) error {
				v, err := r.schema()
				s.Properties = append(s.Properties, Property{Name: name, Schema: v})
				return err
			})
		},
	}
}

func requiredKeyword() keyword {
	return keyword{
		present: func(s *Schema) bool { return s.Required != nil },
		write:   func(s *Schema, w *writer) { list(w, s.Required, w.string) },
		read:    func(s *Schema, r *reader) (err error) { s.Required, err = r.strings(); return err },
	}
}

func defsKeyword() keyword {
	return keyword{
		present: func(s *Schema) bool { return s.Defs != nil },
		write:   func(s *Schema, w *writer) { w.defs(s.Defs) },
		read: func(s *Schema, r *reader) error {
			s.Defs = map[string]*Schema{}
			return r.object(func(name string) error {
				v, err := r.schema()
				s.Defs[name] = v
				return err
			})
		},
	}
}
