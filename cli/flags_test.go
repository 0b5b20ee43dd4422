package cli_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/dasf-go/dasf"
)

// An entry is a line of help: a flag, an argument or a command.
type entry struct{ group, short, name, place, text string }

var (
	helpFlag  = regexp.MustCompile(`^  (?:(-.), |    )(--[a-zA-Z0-9_-]+)(?: (\S.*?))?(?:  +(.*))?$`)
	helpOther = regexp.MustCompile(`^  (\S.*?)(?:  +(.*))?$`)
)

// readHelp reads a page of help back into its entries.
func readHelp(text string) []entry {
	var all []entry
	group := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch m := helpFlag.FindStringSubmatch(line); {
		case strings.HasSuffix(line, ":") && !strings.HasPrefix(line, " "):
			group = strings.TrimSuffix(line, ":")
		case m != nil:
			all = append(all, entry{group, m[1], m[2], m[3], m[4]})
		case len(all) > 0 && strings.HasPrefix(line, strings.Repeat(" ", 24)):
			all[len(all)-1].text += " " + strings.TrimSpace(line)
		case helpOther.MatchString(line) && (group == "Commands" || group == "Arguments"):
			m := helpOther.FindStringSubmatch(line)
			all = append(all, entry{group: group, name: m[1], text: m[2]})
		}
	}
	return all
}

func help(t *testing.T, args ...string) string {
	t.Helper()
	r := call(t, append(args, "--help"), nil, module(dasf.Config{Topic: "hello-world-topic"}))
	if r.code != 0 || r.err != "" {
		t.Fatalf("%v --help: exit code %d, stderr %q", args, r.code, r.err)
	}
	return r.out
}

func find(all []entry, name string) *entry {
	for i := range all {
		if all[i].name == name || strings.HasPrefix(all[i].name, "<"+name+">") {
			return &all[i]
		}
	}
	return nil
}

// original.tsv is what demessaging 0.6.4 takes. Whatever it has, a backend here
// has too, with the same short form, group, kind of value, default and choices.
func TestEveryFlagOfTheOriginalIsThere(t *testing.T) {
	excused := map[string]string{
		"- --module default":     "a Go program has no __main__; its first module is the default",
		"- --log-config default": "the built-in configuration is no file here",
	}
	text, err := os.ReadFile("testdata/original.tsv")
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string][]entry{"-": readHelp(help(t))}
	used := 0
	for line := range strings.Lines(string(text)) {
		column := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		command, name, short, takes, fallback, choices, group := column[0], column[1], column[2], column[3], column[4], column[5], column[6]
		if pages[command] == nil {
			if find(pages["-"], command) == nil {
				t.Errorf("the command %s is missing", command)
				continue
			}
			pages[command] = readHelp(help(t, command))
		}
		check := func(what string, ok bool) {
			t.Helper()
			if why := excused[command+" "+name+" "+what]; why != "" {
				used++
				return
			}
			if !ok {
				t.Errorf("%s %s: the %s is not that of the original (%s)", command, name, what, strings.TrimSpace(line))
			}
		}
		e := find(pages[command], name)
		if e == nil && command != "-" && name == "--help" {
			continue // it is a flag of the program, and help(t, command) has just used it
		}
		if e == nil {
			t.Errorf("%s %s is missing", command, name)
			continue
		}
		check("short form", e.short == strings.Replace(short, "-", "", boolToInt(short == "-")))
		check("kind of value", (e.place == "") == (takes == "none") || !strings.HasPrefix(name, "-"))
		check("kind of value", takes != "many" || strings.HasSuffix(e.place, "..."))
		check("choices", choices == "-" || e.place == "{"+choices+"}")
		check("default", fallback == "-" || strings.HasSuffix(e.text, "Default: "+fallback))
		check("group", group == "-" || e.group == group)
	}
	if used != len(excused) {
		t.Errorf("%d of %d exceptions were needed: remove the others", used, len(excused))
	}
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Ours stand beside them.
func TestFlagsOfOurOwn(t *testing.T) {
	pages := map[string][]entry{"": readHelp(help(t)), "listen": readHelp(help(t, "listen")), "generate": readHelp(help(t, "generate"))}
	for _, tt := range []struct{ command, name string }{
		{"", "--version"}, {"", "--ca-file"}, {"", "--subscription"}, {"", "--subscription-type"}, {"", "--ack"}, {"", "--grace"}, {"", "--log-format"},
		{"listen", "--embedded-broker"}, {"generate", "--lang"}, {"", "completion"},
	} {
		if find(pages[tt.command], tt.name) == nil {
			t.Errorf("%s %s is missing", tt.command, tt.name)
		}
	}
}

func TestHelpFits80Columns(t *testing.T) {
	for _, command := range []string{"", "test-connect", "listen", "schema", "send-request", "compute", "shell", "generate", "completion"} {
		page := help(t, strings.Fields(command)...)
		for line := range strings.Lines(page) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
				t.Errorf("%s --help has %d columns: %s", command, n, line)
			}
		}
		for _, e := range readHelp(page) {
			if strings.TrimSpace(e.text) == "" {
				t.Errorf("%s --help says nothing of %s", command, e.name)
			}
		}
	}
}

func TestHelpFollowsTheWidth(t *testing.T) {
	r := call(t, []string{"--help"}, []string{"COLUMNS=50"}, module(dasf.Config{Topic: "t"}))
	widest := 0
	for line := range strings.Lines(r.out) {
		widest = max(widest, utf8.RuneCountInString(strings.TrimRight(line, "\n")))
	}
	if widest > 50 {
		t.Errorf("%d columns for COLUMNS=50", widest)
	}
}

func TestHelpSaysWhatTheProgramGives(t *testing.T) {
	r := call(t, []string{"-h"}, []string{"DE_BACKEND_HOST=variable"}, module(dasf.Config{Topic: "mine", Doc: "What it is for.", Workers: 3}))
	for _, want := range []string{"What it is for.", "Default: mine", "Default: variable", "Default: 3"} {
		if !strings.Contains(strings.Join(strings.Fields(r.out), " "), want) {
			t.Errorf("help lacks %q", want)
		}
	}
}
