package typed

// MissingName is the error of an object without one of its addressing keys:
// func_name, class_name, or a class's function. The object's text is shown.
func MissingName(path string, object []byte) *Invalid {
	return &Invalid{Fields: []FieldError{{
		Path: path, Type: "missing", Message: "Field required",
		Input: pythonRepr(object), InputType: pythonType(object),
	}}}
}
