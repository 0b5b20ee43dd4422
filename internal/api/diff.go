package api

import (
	"bytes"
	"fmt"
)

// A Change is one way in which a new API differs from an old one.
type Change struct {
	// Path says where: "hello_world.name", "HelloWorld.greet, result.message".
	Path string
	// Text says what changed, in a sentence without a full stop.
	Text string
	// Breaking says that a client which was made for the old API may fail: a
	// request that was valid may be refused, a value may be ignored, or a result
	// may be what the client does not expect.
	Breaking bool
}

func (c Change) String() string { return c.Path + ": " + c.Text }

// Diff lists how updated differs from old where clients can notice it, in the
// order of old's members. What only widens the requests that are taken, or
// narrows the results, is no change.
//
// It compares schemas, not code. Where it cannot tell, as with two different
// patterns, it reports the change as breaking.
func Diff(old, updated *API) []Change {
	d := &differ{}
	for _, f := range old.Functions {
		if g := functionOf(updated.Functions, f.Name); g != nil {
			d.function(f.Name, &f, g)
		} else {
			d.breaking(f.Name, "the function is gone")
		}
	}
	for _, c := range old.Classes {
		k := classOf(updated.Classes, c.Name)
		if k == nil {
			d.breaking(c.Name, "the class is gone")
			continue
		}
		d.request(c.Name, c.RPCSchema, k.RPCSchema)
		for _, m := range c.Methods {
			path := c.Name + "." + m.Name
			if n := functionOf(k.Methods, m.Name); n != nil {
				d.function(path, &m, n)
			} else {
				d.breaking(path, "the method is gone")
			}
		}
	}
	return d.changes
}

func functionOf(functions []Function, name string) *Function {
	for i := range functions {
		if functions[i].Name == name {
			return &functions[i]
		}
	}
	return nil
}

func classOf(classes []Class, name string) *Class {
	for i := range classes {
		if classes[i].Name == name {
			return &classes[i]
		}
	}
	return nil
}

// A differ collects changes.
type differ struct {
	changes []Change
}

func (d *differ) breaking(path, format string, args ...any) {
	d.changes = append(d.changes, Change{Path: path, Text: fmt.Sprintf(format, args...), Breaking: true})
}

func (d *differ) note(path, format string, args ...any) {
	d.changes = append(d.changes, Change{Path: path, Text: fmt.Sprintf(format, args...)})
}

func (d *differ) function(path string, old, updated *Function) {
	d.request(path, old.RPCSchema, updated.RPCSchema)
	if old.ReturnSchema == nil || updated.ReturnSchema == nil {
		return
	}
	// Every new result must be one that the old schema allows.
	c := newComparison(updated.ReturnSchema, old.ReturnSchema, true)
	for _, misfit := range c.compare(updated.ReturnSchema, old.ReturnSchema) {
		d.breaking(joinPath(path+", result", misfit.path), "%s", misfit.text)
	}
}

// request compares the parameters of a function, method or constructor.
func (d *differ) request(path string, old, updated *Schema) {
	// Every old request must be one that the new schema allows.
	c := newComparison(old, updated, false)
	for _, misfit := range c.compare(old, updated) {
		d.breaking(joinPath(path, misfit.path), "%s", misfit.text)
	}
	for _, p := range old.Properties {
		q := updated.Property(p.Name)
		if q == nil || p.Schema == nil || bytes.Equal(p.Schema.Default, q.Default) || !updatedHasDefault(p.Schema, q) {
			continue
		}
		d.note(joinPath(path, p.Name), "the default was %s and is %s", p.Schema.Default, q.Default)
	}
	d.order(path, old, updated)
}

func updatedHasDefault(old, updated *Schema) bool {
	return old.Default != nil && updated.Default != nil
}

// order notes where parameters that both have stand in another order.
func (d *differ) order(path string, old, updated *Schema) {
	next := 0
	for _, p := range old.Properties {
		at := -1
		for i, q := range updated.Properties {
			if q.Name == p.Name {
				at = i
			}
		}
		if at < 0 {
			continue
		}
		if at < next {
			d.note(path, "the order of the parameters changed: calls of a new stub by position change their meaning")
			return
		}
		next = at
	}
}

func joinPath(path, inner string) string {
	if inner == "" {
		return path
	}
	return path + "." + inner
}
