package transport

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// checkName refuses what can't be one segment of a URL's path. Brokers have
// further rules of their own; Django takes only [-_\w]+ in a topic, and answers
// 500 to anything else.
func checkName(what, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%s is empty; give it a name", what)
	case strings.Contains(name, "/"):
		return fmt.Errorf("%s %q contains a slash, which would change the path of the URL; use another character", what, name)
	case name == "." || name == "..":
		return fmt.Errorf("%s %q is a relative path, which would change the path of the URL; use another name", what, name)
	case !utf8.ValidString(name):
		return fmt.Errorf("%s %q is no valid UTF-8", what, name)
	}
	for _, r := range name {
		if r < 0x20 || r == 0x7f {
			return fmt.Errorf("%s %q contains a control character; leave it out", what, name)
		}
	}
	return nil
}
