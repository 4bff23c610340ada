package manual

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

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
