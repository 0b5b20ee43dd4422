package codegen

import "strings"

// helperText writes what types and members of the stub use, as far as they do.
func (p *python) helperText() string {
	var blocks []string
	if p.helpers["nan"] || p.helpers["or_nan"] {
		math := p.moduleName("math")
		annotated := p.from("typing_extensions", "Annotated")
		anything := p.typing("Any")
		blocks = append(blocks, `def _nan(value: `+anything+`, info: `+anything+`) -> `+anything+`:
    # JSON has no NaN. Where a result has null for a float, that was one.
    if value is None and info.mode == "json":
        return `+math+`.nan
    return value`, `_Float = `+annotated+`[`+p.builtin("float")+`, `+p.from("pydantic", "BeforeValidator")+`(_nan)]`)
	}
	if p.helpers["or_nan"] {
		anything := p.typing("Any")
		blocks = append(blocks, `def _or_nan(annotation: `+anything+`) -> `+anything+`:
    # To look at each float costs much, so this is done only where it must be.
    adapter = `+p.from("pydantic", "TypeAdapter")+`(annotation)

    def check(value: `+anything+`, handler: `+anything+`, info: `+anything+`) -> `+anything+`:
        try:
            return handler(value)
        except `+p.from("pydantic", "ValidationError")+`:
            if info.mode != "json":
                raise
            return adapter.validate_json(`+p.moduleName("json")+`.dumps(value))

    return `+p.from("pydantic", "WrapValidator")+`(check)`)
	}
	for _, class := range []string{"Dataset", "DataArray"} {
		if p.helpers[class] {
			blocks = append(blocks, p.datasetHelper(class)...)
		}
	}
	if p.helpers["sparse"] {
		blocks = append(blocks, `class _Sparse(`+p.from("pydantic", "BaseModel")+`):
    """A model that leaves out what was not given."""

    @`+p.from("pydantic", "model_serializer")+`(mode="wrap")
    def _given(self, handler: `+p.typing("Any")+`) -> `+p.typing("Any")+`:
        data = handler(self)
        for name, field in `+p.builtin("type")+`(self).model_fields.items():
            if name not in self.model_fields_set and field.default is None:
                data.pop(name, None)
                data.pop(field.alias, None)
        return data`)
	}
	if p.helpers["without"] {
		anything, dict := p.typing("Any"), p.typing("Dict")
		blocks = append(blocks, `def _without(request: `+anything+`, *names: `+p.builtin("str")+`) -> `+dict+`[`+p.builtin("str")+`, `+anything+`]:
    # None stands for what is not given, where the backend takes no null.
    for name in names:
        if request[name] is None:
            del request[name]
    return request`)
	}
	return strings.Join(blocks, "\n\n\n")
}

func (p *python) datasetHelper(class string) []string {
	xarray, anything := p.moduleName("xarray"), p.typing("Any")
	open := map[string]string{"Dataset": "open_dataset", "DataArray": "open_dataarray"}[class]
	lower, instance := strings.ToLower(class), p.builtin("isinstance")
	return []string{`def _to_` + lower + `(value: ` + anything + `) -> ` + anything + `:
    # demessaging's own validator fails for a ` + class + ` from xarray 2026.4 on.
    if ` + instance + `(value, ` + xarray + `.` + class + `):
        return value
    if ` + instance + `(value, ` + p.builtin("dict") + `):
        return ` + xarray + `.` + class + `.from_dict(value)
    if ` + instance + `(value, ` + p.builtin("str") + `):
        value = ` + p.moduleName("base64") + `.b64decode(value)
    if ` + instance + `(value, ` + p.builtin("bytes") + `):
        value = ` + p.moduleName("io") + `.BytesIO(value)
    return ` + xarray + `.` + open + `(value)`,
		`_` + class + ` = ` + p.from("typing_extensions", "Annotated") + `[` + anything + `, ` + p.from("pydantic", "BeforeValidator") + `(_to_` + lower + `), ` +
			p.from("pydantic", "PlainSerializer") + `(` + p.from("demessaging.serializers.xarray", "encode_xarray") + `, return_type=` + p.builtin("str") + `, when_used="json")]`}
}
