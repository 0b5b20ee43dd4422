package cli

// Expand is expand.
func Expand(template, path string) string { return expand(template, path) }
