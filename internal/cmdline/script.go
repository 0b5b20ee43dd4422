package cmdline

import (
	"fmt"
	"regexp"
	"strings"
)

// Shells are those that [Script] knows.
var shells = []string{"bash", "zsh", "fish"}

var scripts = map[string]string{
	"bash": `# Completion of PROGRAM for bash. Put it into ~/.bashrc as
#   source <(PROGRAM completion bash)
_IDENT_complete() {
    local value help current=${COMP_WORDS[COMP_CWORD]}
    [[ $current == = ]] && current=
    COMPREPLY=()
    while IFS=$'\t' read -r value help; do
        case $value in
        :file)
            compopt -o filenames 2>/dev/null
            while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$current") ;;
        :dir)
            compopt -o filenames 2>/dev/null
            while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -d -- "$current") ;;
        *)
            [[ $value == *= ]] && compopt -o nospace 2>/dev/null
            COMPREPLY+=("$value") ;;
        esac
    done < <("${COMP_WORDS[0]}" __complete bash "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _IDENT_complete PROGRAM
`,
	"zsh": `#compdef PROGRAM
# Completion of PROGRAM for zsh. Put it into ~/.zshrc, behind compinit, as
#   source <(PROGRAM completion zsh)
_IDENT_complete() {
    local value help
    local -a found open
    while IFS=$'\t' read -r value help; do
        case $value in
        :file) _files ;;
        :dir) _files -/ ;;
        *=) open+=("$value") ;;
        *) found+=("${value//:/\\:}${help:+:$help}") ;;
        esac
    done < <("${words[1]}" __complete zsh "${(@)words[2,CURRENT]}" 2>/dev/null)
    (( $#found )) && _describe 'completion' found
    (( $#open )) && compadd -S '' -- $open
    return 0
}
compdef _IDENT_complete PROGRAM
`,
	"fish": `# Completion of PROGRAM for fish. Put it into
#   ~/.config/fish/completions/PROGRAM.fish
function __IDENT_complete
    set -l tokens (commandline -opc)
    set -l current (commandline -ct)
    for line in ($tokens[1] __complete fish $tokens[2..] "$current" 2>/dev/null)
        switch $line
            case ':file'
                __fish_complete_path "$current"
            case ':dir'
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end
complete -c PROGRAM -f -a '(__IDENT_complete)'
`,
}

var noIdentifier = regexp.MustCompile(`[^A-Za-z0-9_]`)

// Script returns the completion script of a program for a shell: bash, zsh or
// fish. The program must have the command [CompleteCommand].
func Script(shell, program string) (string, error) {
	script, ok := scripts[shell]
	if !ok {
		return "", usagef("the shell is %q: it must be one of %s", shell, strings.Join(shells, ", "))
	}
	if strings.ContainsAny(program, " \t\n'\"$`\\") {
		return "", fmt.Errorf("the name of the program, %q, can't be written in a script", program)
	}
	ident := noIdentifier.ReplaceAllString(program, "_")
	return strings.NewReplacer("PROGRAM", program, "IDENT", ident).Replace(script), nil
}
