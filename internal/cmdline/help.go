package cmdline

import (
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"
)

// A page is a help text of a given width.
type page struct {
	b     strings.Builder
	width int
}

// PrintHelp prints the help of the command, or of the program if there is
// none.
func (r *Result) PrintHelp(w io.Writer, value resolve) error {
	p := &page{width: r.parser.Width}
	if p.width <= 0 {
		p.width = 80
	}
	// What a command does by itself is told with what else it can do.
	above, by := r.node, r.node
	if isDefault(r.node) {
		above = r.node.Parent
	}
	p.usage(r.kong.Model.Name, above, by)
	for _, text := range []string{above.Help, above.Detail} {
		if text != "" {
			p.paragraphs(text)
		}
	}
	var rows [][2]string
	for _, arg := range r.node.Positional {
		rows = append(rows, [2]string{arg.Summary(), arg.Help})
	}
	p.table("Arguments", "", rows)
	rows = nil
	for _, c := range above.Children {
		if !c.Hidden {
			rows = append(rows, [2]string{c.Name, c.Help})
		}
	}
	p.table("Commands", "", rows)
	for _, group := range groups(r.node.Flags) {
		rows = nil
		for _, f := range group.flags {
			rows = append(rows, [2]string{spell(f), help(f, value)})
		}
		p.table(group.title, group.text, rows)
	}
	if parent := above.Parent; parent != nil && len(visible(parent.Flags)) > 1 {
		p.paragraphs("All flags of " + parent.FullPath() + " --help may be given here too.")
	}
	if len(above.Children) > 0 {
		p.paragraphs(above.FullPath() + " COMMAND --help tells more of a command.")
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

func visible(flags []*kong.Flag) []*kong.Flag {
	return slices.DeleteFunc(slices.Clone(flags), func(f *kong.Flag) bool { return f.Hidden })
}

type group struct {
	title, text string
	flags       []*kong.Flag
}

// groups sorts flags by group, in order of appearance, those of none last.
func groups(flags []*kong.Flag) []group {
	rest := group{title: "Options"}
	var out []group
next:
	for _, f := range visible(flags) {
		if f.Group == nil {
			rest.flags = append(rest.flags, f)
			continue
		}
		for i := range out {
			if out[i].title == f.Group.Title {
				out[i].flags = append(out[i].flags, f)
				continue next
			}
		}
		out = append(out, group{f.Group.Title, f.Group.Description, []*kong.Flag{f}})
	}
	return append([]group{rest}, out...)
}

// spell writes a flag as it stands in help.
func spell(f *kong.Flag) string {
	text := "    --" + f.Name
	if f.Short != 0 {
		text = "-" + string(f.Short) + ", --" + f.Name
	}
	if f.IsBool() {
		return text
	}
	place := f.PlaceHolder
	if choices := f.Tag.Get("choices"); choices != "" && place == "" {
		place = "{" + choices + "}"
	}
	if place == "" {
		place = strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
	}
	return text + " " + place
}

// help is a flag's text with the value that it has when it is not given.
func help(f *kong.Flag, value resolve) string {
	otherwise := f.Default
	if value != nil {
		if v, err := value(nil, nil, f); err == nil && v != nil {
			otherwise = shown(f, v.(string))
		}
	}
	if otherwise == "" || f.IsBool() || strings.Contains(f.Help, "default "+f.Default) {
		return f.Help
	}
	return f.Help + " Default: " + otherwise
}

// shown leaves out of a value what others should not see.
func shown(f *kong.Flag, value string) string {
	switch {
	case f.Tag.Has("secret"):
		return "(set)"
	case strings.Contains(value, "://"):
		return redact(value)
	}
	return value
}

func (p *page) usage(name string, node, by *kong.Node) {
	text := "usage: " + name
	if node.Parent != nil {
		text += " " + node.Path()
	}
	text += " [options]"
	for _, arg := range node.Positional {
		text += " " + arg.Summary()
	}
	switch {
	case node != by:
		text += "\n       " + text[len("usage: "):] + " COMMAND ..."
	case len(node.Children) > 0:
		text += " COMMAND ..."
	}
	p.b.WriteString(text + "\n")
}

func (p *page) paragraphs(text string) {
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		p.b.WriteString("\n")
		if strings.HasPrefix(part, "    ") { // an example
			p.b.WriteString(part + "\n")
			continue
		}
		for _, line := range wrap(part, p.width) {
			p.b.WriteString(line + "\n")
		}
	}
}

// column is where the text of a table begins.
const column = 24

func (p *page) table(title, text string, rows [][2]string) {
	if len(rows) == 0 {
		return
	}
	p.b.WriteString("\n" + title + ":\n")
	if text != "" {
		for _, line := range wrap(text, p.width-2) {
			p.b.WriteString("  " + line + "\n")
		}
		p.b.WriteString("\n")
	}
	for _, row := range rows {
		left := "  " + row[0]
		lines := wrap(row[1], p.width-column)
		if utf8.RuneCountInString(left) > column-2 {
			p.b.WriteString(left + "\n")
		} else if len(lines) > 0 {
			p.b.WriteString(left + strings.Repeat(" ", column-utf8.RuneCountInString(left)) + lines[0] + "\n")
			lines = lines[1:]
		} else {
			p.b.WriteString(left + "\n")
		}
		for _, line := range lines {
			p.b.WriteString(strings.Repeat(" ", column) + line + "\n")
		}
	}
}

// wrap breaks text between words.
func wrap(text string, width int) []string {
	var lines []string
	for word := range strings.FieldsSeq(text) {
		last := len(lines) - 1
		if last >= 0 && utf8.RuneCountInString(lines[last])+1+utf8.RuneCountInString(word) <= width {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}
