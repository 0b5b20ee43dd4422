package cmdline

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// CompleteCommand is the hidden command that the scripts of [Script] call:
// __complete SHELL WORDS..., the last word being the one at the cursor.
const CompleteCommand = "__complete"

// What a completion script is told besides words: to offer files, or folders.
const (
	OfferFiles   = ":file"
	offerFolders = ":dir"
)

// Complete prints what the last of words may become, a line each: the word,
// and behind a tab what it means. words begin with the name of the shell.
//
// values are given the arguments in front of the one at the cursor. The tag
// complete says what a flag or an argument takes: file, dir, or a key
// of values, behind which "file" may stand ("request,file").
func (p *Parser) Complete(w io.Writer, words []string, values map[string]func(before []string) []string) error {
	if len(words) == 0 {
		return usagef("%s needs the name of a shell", CompleteCommand)
	}
	k, err := p.build()
	if err != nil {
		return err
	}
	c := &completion{app: k.Model.Node, values: values, shell: words[0]}
	c.words(words[1:])
	for _, line := range c.lines {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

type completion struct {
	app    *kong.Node
	values map[string]func(before []string) []string
	shell  string
	before []string // arguments
	lines  []string
}

func (c *completion) words(words []string) {
	if c.shell == "bash" {
		words = joinAssigned(words)
	}
	current := ""
	if n := len(words); n > 0 {
		current, words = words[n-1], words[:n-1]
	}
	w := &walker{known: allFlags(c.app), path: []*kong.Node{c.app}, rest: words, lenient: true}
	l := &line{}
	for len(w.rest) > 0 {
		if w.step(l) != nil {
			return // a command that is not known
		}
	}
	c.before = l.positionals
	if w.plain {
		c.positional(w, current)
		return
	}
	if name, value, assigned := strings.Cut(current, "="); assigned && strings.HasPrefix(name, "--") {
		if f, _, err := w.known.named(name[2:]); err == nil {
			prefix := name + "="
			if c.shell == "bash" {
				prefix = "" // bash takes what is behind = for a word
			}
			c.offer(f.Tag, choicesOf(f), prefix, value)
		}
		return
	}
	switch {
	case w.pending != nil && (!strings.HasPrefix(current, "-") || !takesMany(w.pending)):
		c.offer(w.pending.Tag, choicesOf(w.pending), "", current)
		if takesMany(w.pending) {
			c.commands(w, current)
		}
	case strings.HasPrefix(current, "-"):
		c.flags(w, current)
	default:
		c.commands(w, current)
		c.positional(w, current)
	}
}

// joinAssigned undoes that bash splits words at =.
func joinAssigned(words []string) []string {
	var out []string
	for i := 0; i < len(words); i++ {
		if n := len(out); words[i] == "=" && n > 0 && strings.HasPrefix(out[n-1], "--") {
			out[n-1] += "="
			if i+1 < len(words) {
				i++
				out[n-1] += words[i]
			}
			continue
		}
		out = append(out, words[i])
	}
	return out
}

func choicesOf(f *kong.Flag) []string {
	if all := f.Tag.Get("choices"); all != "" {
		return strings.Split(all, ",")
	}
	return nil
}

func (c *completion) add(word, help, current string) {
	if !strings.HasPrefix(word, current) {
		return
	}
	if help != "" {
		if sentence, _, ok := strings.Cut(help, ". "); ok {
			help = sentence
		}
		word += "\t" + strings.TrimSuffix(help, ".")
	}
	if !slices.Contains(c.lines, word) {
		c.lines = append(c.lines, word)
	}
}

// offer offers the values that a tag names.
func (c *completion) offer(tag *kong.Tag, choices []string, prefix, current string) {
	for _, choice := range choices {
		c.add(prefix+choice, "", prefix+current)
	}
	for kind := range strings.SplitSeq(tag.Get("complete"), ",") {
		switch kind {
		case "":
		case "file":
			c.lines = append(c.lines, OfferFiles)
		case "dir":
			c.lines = append(c.lines, offerFolders)
		default:
			if list := c.values[kind]; list != nil {
				for _, value := range list(c.before) {
					if value == OfferFiles {
						c.lines = append(c.lines, value)
						continue
					}
					c.add(prefix+value, "", prefix+current)
				}
			}
		}
	}
}

func (c *completion) flags(w *walker, current string) {
	for _, node := range slices.Backward(withDefault(w.path)) {
		for _, f := range visible(node.Flags) {
			c.add("--"+f.Name, f.Help, current)
		}
	}
}

func (c *completion) commands(w *walker, current string) {
	for _, child := range w.path[len(w.path)-1].Children {
		if !child.Hidden {
			c.add(child.Name, child.Help, current)
		}
	}
}

func (c *completion) positional(w *walker, current string) {
	args := w.path[len(w.path)-1].Positional
	if len(args) == 0 {
		return
	}
	i := len(c.before)
	if i >= len(args) {
		if i = len(args) - 1; !args[i].IsCumulative() {
			return
		}
		c.offer(args[i].Tag, nil, "", current)
		return
	}
	var choices []string
	if all := args[i].Tag.Get("choices"); all != "" {
		choices = strings.Split(all, ",")
	}
	c.offer(args[i].Tag, choices, "", current)
}
