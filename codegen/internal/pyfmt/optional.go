package pyfmt

// withOptionalBrackets puts pairs of brackets without text where black may put
// brackets around an expression: after return, =, the colon of an annotated
// assignment and the arrow of a def, and around the names of an import.
func withOptionalBrackets(leaves []*leaf) []*leaf {
	first := leaves[0]
	if first.kind != name && first.kind != opening {
		return leaves
	}
	switch first.text {
	case "return":
		return wrap(leaves, 1, len(leaves))
	case "from":
		for i, f := range leaves {
			if f.kind == name && f.text == "import" {
				return wrap(leaves, i+1, len(leaves))
			}
		}
		return leaves
	case "def":
		for i, f := range leaves {
			if f.text == "->" && leaves[len(leaves)-1].kind == colon {
				return wrap(leaves, i+1, len(leaves)-1)
			}
		}
		return leaves
	case "class", "import":
		return leaves
	}
	return assignment(leaves)
}

func assignment(leaves []*leaf) []*leaf {
	depth, at := 0, -1
	annotation := -1
	for i, f := range leaves {
		switch f.kind {
		case opening:
			depth++
		case closing:
			depth--
		case colon:
			if depth == 0 && annotation < 0 {
				annotation = i
			}
		case equal:
			if depth == 0 && at < 0 {
				at = i
			}
		}
	}
	if at >= 0 {
		leaves = wrap(leaves, at+1, len(leaves))
	}
	if annotation >= 0 {
		end := at
		if at < 0 {
			end = len(leaves)
		}
		leaves = wrap(leaves, annotation+1, end)
	}
	return leaves
}

// wrap puts a pair without text around leaves[from:to].
func wrap(leaves []*leaf, from, to int) []*leaf {
	if from >= to || !balanced(leaves[from:to]) {
		return leaves
	}
	open := &leaf{kind: opening, space: leaves[from].space, display: true, optional: true}
	leaves[from].space = false
	out := append([]*leaf(nil), leaves[:from]...)
	out = append(out, open)
	out = append(out, leaves[from:to]...)
	out = append(out, &leaf{kind: closing, open: open, optional: true})
	return append(out, leaves[to:]...)
}

func balanced(leaves []*leaf) bool {
	depth := 0
	for _, f := range leaves {
		switch f.kind {
		case opening:
			depth++
		case closing:
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return depth == 0
}

// hideOptional takes optional brackets away again.
func hideOptional(leaves []*leaf) {
	for _, f := range leaves {
		if f.optional {
			f.text = ""
		}
	}
}

// noteAnnotations marks the commas in the annotations of a def.
func noteAnnotations(leaves []*leaf) {
	if leaves[0].text != "def" {
		return
	}
	depth, annotation := 0, false
	for _, f := range leaves {
		switch {
		case f.kind == opening:
			depth++
		case f.kind == closing:
			depth--
		case depth == 1 && f.kind == colon:
			annotation = true
		case depth == 1 && (f.kind == comma || f.kind == equal):
			annotation = false
		case f.kind == comma:
			f.noted = annotation
		}
	}
}
