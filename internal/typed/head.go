package typed

// A Head is what addresses a request.
type Head struct {
	Func, Class       string // func_name, class_name
	HasFunc, HasClass bool
	// Function is the value of the key function of a class's request, a part of
	// the request's text; nil without.
	Function []byte
}

// ScanHead checks the syntax of a request and reads its addressing keys: a
// func_name, or a class_name and a function. Where both are there it is a
// request for a function, whatever their order; func_name ends the scan.
//
// The error is an [*Invalid]: bad syntax, a duplicate key, no object, a name
// that is no string. What is absent is no error here. A text that passes may be
// decoded with [DecodeOptions].Checked, and so may its Function.
func ScanHead(src []byte) (Head, error) {
	if e := checkSyntax(src); e != nil {
		return Head{}, e
	}
	return scanHead(src, "")
}

// Method reads the addressing keys of h.Function, which must not be nil. Error
// paths begin with "function".
func (h Head) Method() (Head, error) { return scanHead(h.Function, "function") }

func scanHead(src []byte, prefix string) (h Head, err error) {
	d := newDecoding(src)
	defer d.free()
	if d.space(); d.src[d.pos] != '{' {
		d.wrong("model_type", "Input should be an object")
		return h, d.invalid(prefix)
	}
	for d.pos++; d.next(); {
		switch string(d.key()) {
		case "func_name":
			h = Head{}
			if h.Func, h.HasFunc = d.name("func_name"); h.HasFunc {
				return h, nil
			}
		case "class_name":
			h.Class, h.HasClass = d.name("class_name")
		case "function":
			at := d.pos
			d.skip()
			h.Function = d.src[at:d.pos:d.pos]
		default:
			d.skip()
		}
		if e := d.invalid(prefix); e != nil {
			return Head{}, e
		}
	}
	return h, nil
}

// name reads a string; false if it has reported that the value is none.
func (d *decoding) name(key string) (string, bool) {
	if d.src[d.pos] == '"' {
		return string(d.str()), true
	}
	d.enter(key)
	d.wrong("string_type", "Input should be a valid string")
	d.leave()
	return "", false
}
