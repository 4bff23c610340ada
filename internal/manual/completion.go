package manual

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// What can be completed is a kind: one of these, fixed words, or "" for nothing. The
// live ones are asked of `montimer complete`.
const (
	ofFiles     = "files"
	ofDirs      = "dirs"
	ofUsers     = "users"
	ofInstances = "instances"
	ofProfiles  = "profiles"
	ofTasks     = "tasks"
	ofRuns      = "profiles runs"
	ofWords     = "words "
)

// Fixed are the words of options whose values the grammar does not list, by the
// placeholder of the option.
type Fixed map[string][]string

// A completion is what can follow a command: its commands, or its options and
// arguments.
type completion struct {
	path     string // "notify flush"; "" of the program
	commands [][2]string
	options  [][2]string // with help, "--name"
	values   []optionValue
	args     []string // kinds of its arguments
}

// An optionValue is the kind of the value of an option.
type optionValue struct {
	names []string // --output, -o
	kind  string
}

// completions returns what can follow each command, the program last.
func completions(app *kong.Application, known Fixed) []completion {
	var all []completion
	var walk func(n *kong.Node, at string)
	walk = func(n *kong.Node, at string) {
		c := completion{path: at}
		for _, sub := range n.Children {
			if !sub.Hidden {
				c.commands = append(c.commands, [2]string{sub.Name, brief(sub.Help)})
				walk(sub, strings.TrimSpace(at+" "+sub.Name))
			}
		}
		for _, f := range slices.Concat(n.Flags, app.Flags) {
			if f.Hidden || slices.ContainsFunc(c.options, func(o [2]string) bool { return o[0] == "--"+f.Name }) || n != app.Node && f.Name == "help" {
				continue
			}
			c.options = append(c.options, [2]string{"--" + f.Name, brief(f.Help)})
			if !f.IsBool() {
				v := optionValue{[]string{"--" + f.Name}, optionKind(f, known)}
				if f.Short != 0 {
					v.names = append(v.names, "-"+string(f.Short))
				}
				c.values = append(c.values, v)
			}
		}
		for _, p := range n.Positional {
			c.args = append(c.args, argKind(p))
		}
		all = append(all, c)
	}
	walk(app.Node, "")
	return all
}

// brief is the first clause of a help, without what a shell could take for its own.
func brief(help string) string {
	first, _, _ := strings.Cut(help, ". ")
	for _, end := range []string{" (", "; "} {
		first, _, _ = strings.Cut(first, end)
	}
	return strings.NewReplacer("'", "", `"`, "", "`", "", "$", "", `\`, "").Replace(strings.TrimSuffix(first, "."))
}

func optionKind(f *kong.Flag, known Fixed) string {
	words := known[f.PlaceHolder]
	switch {
	case f.Enum != "":
		return ofWords + strings.ReplaceAll(f.Enum, ",", " ")
	case words != nil:
		return ofWords + strings.Join(words, " ")
	case f.Name == "instance":
		return ofInstances
	case f.Name == "profile":
		return ofProfiles
	case f.Name == "user":
		return ofUsers
	}
	return map[string]string{"FILE": ofFiles, "OLD.db": ofFiles, "DIR": ofDirs, "TASK": ofTasks, "USER": ofUsers}[f.PlaceHolder]
}

func argKind(p *kong.Positional) string {
	if p.Enum != "" {
		return ofWords + strings.ReplaceAll(p.Enum, ",", " ")
	}
	return map[string]string{
		"profile": ofProfiles, "profile|run": ofRuns, "file": ofFiles, "path": ofFiles, "backup": ofFiles, "dir": ofDirs,
	}[p.Name]
}

// names are the first words of a list.
func names(list [][2]string) string {
	var all []string
	for _, w := range list {
		all = append(all, w[0])
	}
	return strings.Join(all, " ")
}

// takers are the options that take a value, of all commands.
func takers(all []completion) []string {
	var found []string
	for _, c := range all {
		for _, v := range c.values {
			found = append(found, v.names...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// cases are the lines of a case: for each command what can follow it, and for each
// option or argument its kind, behind the command and a colon.
func cases(all []completion, ofCommand func(c completion) string, ofKind func(patterns []string, kind string) string) (commands, kinds string) {
	for _, c := range all {
		commands += ofCommand(c)
		for _, v := range c.values {
			var patterns []string
			for _, name := range v.names {
				patterns = append(patterns, c.path+":"+name)
			}
			if v.kind != "" {
				kinds += ofKind(patterns, v.kind)
			}
		}
		for i, kind := range c.args {
			if kind != "" {
				kinds += ofKind([]string{fmt.Sprintf("%s:%d", c.path, i)}, kind)
			}
		}
	}
	return commands, kinds
}

// paths are all commands, quoted.
func paths(all []completion) (list []string) {
	for _, c := range all {
		if c.path != "" {
			list = append(list, quoted(c.path))
		}
	}
	return list
}

// quoted is a text that has no quote, for a shell.
func quoted(text string) string { return "'" + text + "'" }

func allQuoted(texts []string) (list []string) {
	for _, text := range texts {
		list = append(list, quoted(text))
	}
	return list
}

// described are words with their help, each quoted.
func described(list [][2]string, between string) string {
	var all []string
	for _, w := range list {
		all = append(all, quoted(w[0]+between+w[1]))
	}
	return strings.Join(all, " ")
}

// etcDir has the settings of all instances.
func etcDir() string { return path.Dir(own.ConfigFile()) }

// Bash writes the completions for bash(1). A word of montimer or of a file is never
// expanded by the shell.
func Bash(w io.Writer, app *kong.Application, known Fixed) error {
	all := completions(app, known)
	commands, kinds := cases(all, func(c completion) string {
		return fmt.Sprintf("    %s) words=%s options=%s ;;\n", quoted(c.path), quoted(names(c.commands)), quoted(names(c.options)))
	}, func(patterns []string, kind string) string {
		return fmt.Sprintf("    %s) kind=%s ;;\n", strings.Join(allQuoted(patterns), "|"), quoted(kind))
	})
	_, err := fmt.Fprintf(w, `# Completion of montimer(1) for bash; make golden writes it.
_montimer() {
  local cur=${COMP_WORDS[COMP_CWORD]} command="" flag="" words="" kind="" word i
  local -a args=() of=()
  local - # what set -f changes is of this function
  set -f
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $flag && $word != "=" ]]; then
      [[ $flag != @(--instance|--jobs|--checkout) ]] || of+=("$flag=$word")
      flag=""
      continue
    fi
    case $word in
      =) continue ;;
      %s) flag=$word ;;
      -*) ;;
      *)
        case "${command:+$command }$word" in
          %s) command+="${command:+ }$word" ;;
          *) args+=("$word") ;;
        esac ;;
    esac
  done
  [[ $cur != "=" ]] || cur=""
  case $command in
%s  esac
  case "$command:${flag:-${#args[@]}}" in
%s  esac
  if [[ ! $flag && ($cur == -* || ! $kind && ! $words) ]]; then
    kind="" words=$options
  fi
  [[ ! $flag ]] || words=""
  case $kind in
    words\ *) words=${kind#words } ;;
    files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    dirs) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    users) mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
    instances) words=$(set +f; cd %s 2>/dev/null && printf '%%s\n' [a-z]*.yaml | sed -n '/^\(config\.yaml\|.*[*].*\)$/d; s/\.yaml$//p') ;;
    ?*)
      [[ $kind != *runs || $cur == [0-9a-f]* ]] || kind=profiles
      for word in $kind; do
        words+=" $(montimer complete "$word" "${args[@]:0:1}" "${of[@]}" 2>/dev/null | cut -f 1)"
      done ;;
  esac
  for word in $words; do
    [[ $word != "$cur"* ]] || COMPREPLY+=("$word")
  done
}
complete -F _montimer montimer
`, strings.Join(takers(all), "|"), strings.Join(paths(all), "|"), commands, kinds, etcDir())
	return err
}

// Zsh writes the completions for zshcompsys(1).
func Zsh(w io.Writer, app *kong.Application, known Fixed) error {
	all := completions(app, known)
	commands, kinds := cases(all, func(c completion) string {
		return fmt.Sprintf("    (%s) subcommands=(%s) options=(%s) ;;\n", quoted(c.path), described(c.commands, ":"), described(c.options, ":"))
	}, func(patterns []string, kind string) string {
		return fmt.Sprintf("    (%s) kind=%s ;;\n", strings.Join(allQuoted(patterns), "|"), quoted(kind))
	})
	_, err := fmt.Fprintf(w, `#compdef montimer
# Completion of montimer(1) for zsh; make golden writes it.
_montimer() {
  local command="" flag="" kind="" word i
  local -a args of subcommands options live
  for ((i = 2; i < CURRENT; i++)); do
    word=${words[i]}
    if [[ -n $flag ]]; then
      [[ $flag != (--instance|--jobs|--checkout) ]] || of+=("$flag=$word")
      flag=""
      continue
    fi
    case $word in
      (--(instance|jobs|checkout)=*) of+=("$word") ;;
      (%s) flag=$word ;;
      (-*) ;;
      (*)
        case "${command:+$command }$word" in
          (%s) command+="${command:+ }$word" ;;
          (*) args+=("$word") ;;
        esac ;;
    esac
  done
  if [[ -z $flag && $PREFIX == --*=* ]]; then
    flag=${PREFIX%%%%=*}
    compset -P '*='
  fi
  case $command in
%s  esac
  case "$command:${flag:-${#args}}" in
%s  esac
  if [[ -z $flag && ($PREFIX == -* || -z $kind && ${#subcommands} -eq 0) ]]; then
    _describe option options
    return 0
  fi
  case $kind in
    ("words "*) compadd -- ${=kind#words } ;;
    (files) _files ;;
    (dirs) _files -/ ;;
    (users) _users ;;
    (instances)
      live=(%s/[a-z]*.yaml(N:t:r))
      compadd -- ${live:#config} ;;
    (?*)
      [[ $kind != *runs || $PREFIX == [0-9a-f]* ]] || kind=profiles
      for word in ${=kind}; do
        live+=(${(f)"$(montimer complete $word ${args[1,1]} $of 2>/dev/null)"})
      done
      live=("${live[@]/$'\t'/:}")
      _describe "${kind%%%% *}" live ;;
    (*) [[ -n $flag || ${#subcommands} -eq 0 ]] || _describe command subcommands ;;
  esac
  return 0 # else it would offer files
}
if [[ $funcstack[1] == _montimer ]]; then
  _montimer "$@"
else
  compdef _montimer montimer
fi
`, strings.Join(takers(all), "|"), strings.Join(paths(all), "|"), commands, kinds, etcDir())
	return err
}

// Fish writes the completions for fish(1).
func Fish(w io.Writer, app *kong.Application, known Fixed) error {
	all := completions(app, known)
	commands, kinds := cases(all, func(c completion) string {
		return fmt.Sprintf("        case %s\n            set subcommands %s\n            set options %s\n", quoted(c.path), described(c.commands, "\t"), described(c.options, "\t"))
	}, func(patterns []string, kind string) string {
		return fmt.Sprintf("        case %s\n            set kind %s\n", strings.Join(allQuoted(patterns), " "), kind)
	})
	_, err := fmt.Fprintf(w, `# Completion of montimer(1) for fish; make golden writes it.
function __montimer
    set -l tokens (commandline -opc)
    set -l cur (commandline -ct)
    set -e tokens[1]
    set -l command ""
    set -l flag ""
    set -l prefix ""
    set -l args
    set -l of
    set -l subcommands
    set -l options
    set -l kind
    for word in $tokens
        if test -n "$flag"
            contains -- $flag --instance --jobs --checkout; and set -a of "$flag=$word"
            set flag ""
            continue
        end
        switch $word
            case '--instance=*' '--jobs=*' '--checkout=*'
                set -a of $word
            case %s
                set flag $word
            case '-*'
            case '*'
                switch (string trim -- "$command $word")
                    case %s
                        set command (string trim -- "$command $word")
                    case '*'
                        set -a args $word
                end
        end
    end
    if test -z "$flag"; and string match -q -- '--*=*' "$cur"
        set -l parts (string split -m 1 = -- $cur)
        set flag $parts[1]
        set cur $parts[2]
        set prefix "$flag="
    end
    switch "$command"
%s    end
    set -l at $flag
    test -n "$at"; or set at (count $args)
    switch "$command:$at"
%s    end
    if test -z "$flag"; and begin
            string match -q -- '-*' "$cur"
            or test -z "$kind" -a -z "$subcommands"
        end
        string join \n -- $options
        return
    end
    switch "$kind"
        case 'words *'
            string join \n -- $prefix$kind[2..]
        case files
            string replace -r '^' "$prefix" -- (__fish_complete_path "$cur")
        case dirs
            string replace -r '^' "$prefix" -- (__fish_complete_directories "$cur" '')
        case users
            string replace -r '^' "$prefix" -- (__fish_complete_users)
        case instances
            set -l settings %s/*.yaml
            for name in (string replace -r '.*/(.*)\.yaml$' '$1' -- $settings)
                test "$name" = config; or echo "$prefix$name"
            end
        case '?*'
            string match -q -- '*runs' "$kind"; and not string match -qr -- '^[0-9a-f]' "$cur"; and set kind profiles
            for word in $kind
                string replace -r '^' "$prefix" -- (montimer complete $word $args[1] $of 2>/dev/null)
            end
        case '*'
            test -n "$flag"; or string join \n -- $subcommands
    end
end
complete -c montimer -f -a '(__montimer)'
`, strings.Join(takers(all), " "), strings.Join(paths(all), " "), commands, kinds, etcDir())
	return err
}
