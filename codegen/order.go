package codegen

// sort puts each definition after those that it uses, as far as that goes, and
// finds the ones that contain themselves.
func (r *resolver) sort() {
	for _, d := range r.out.definitions {
		d.uses = usedBy(d)
	}
	var sorted []*definition
	state := map[*definition]int{}
	var visit func(d *definition)
	visit = func(d *definition) {
		if state[d] != 0 {
			return
		}
		state[d] = 1
		for _, used := range d.uses {
			visit(used)
		}
		sorted = append(sorted, d)
	}
	for _, d := range r.out.definitions {
		visit(d)
	}
	r.out.definitions = sorted
	for _, d := range sorted {
		d.recursive = reaches(d, d)
	}
}

func usedBy(d *definition) []*definition {
	var out []*definition
	note := func(s *shape) {
		if s.ref != nil {
			out = append(out, s.ref)
		}
	}
	for _, f := range d.fields {
		f.shape.each(note)
	}
	d.base.each(note)
	return out
}

func reaches(from, to *definition) bool {
	seen := map[*definition]bool{}
	var walk func(d *definition) bool
	walk = func(d *definition) bool {
		for _, used := range d.uses {
			if used == to {
				return true
			}
			if !seen[used] {
				seen[used] = true
				if walk(used) {
					return true
				}
			}
		}
		return false
	}
	return walk(from)
}
