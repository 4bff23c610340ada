package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// completeIn has a shell complete each command line of its standard input, by the
// completions in $1: it prints a line with "=" and then one word on each line.
var completeIn = map[string]string{
	"bash": `source "$1"
		while IFS= read -r line; do
			read -ra COMP_WORDS <<<"${line//=/ = }."
			COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
			COMP_WORDS[COMP_CWORD]=${COMP_WORDS[COMP_CWORD]%.}
			_montimer || true # compopt is for a real completion
			printf '%s\n' = "${COMPREPLY[@]}"
		done`,
	"fish": `fish --no-config -c '
		source $argv[1]
		while read -l line
			echo =
			complete -C "$line" | string replace -r "\t.*" ""
		end
		true' "$1"`,
	// A zsh with a terminal, in which the matches are printed between two marks.
	"zsh": `zsh -f -c '
		zmodload zsh/zpty
		zpty z zsh -f -i
		zpty -w z "PROMPT= RPROMPT=; autoload -Uz compinit && compinit -D -u; source ${(q)1}
		begin() { print -n -- \"<\"\"BEGIN>\" }
		finish() { print -n -- \"<\"\"END>\" }
		compadd() {
			if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd \"\$@\"; return; fi
			local -a hits
			builtin compadd -A hits \"\$@\"
			[[ -z \$hits ]] || print -l -- \$hits
			builtin compadd \"\$@\"
		}
		bindkey \"^I\" complete-word
		bindkey \"^U\" kill-whole-line
		print READY\"\"NOW"
		zpty -r z out "*READYNOW*"
		while IFS= read -r line; do
			zpty -w z "compprefuncs=(begin) comppostfuncs=(finish); print NEXT\"\"LINE"
			zpty -r z out "*NEXTLINE*"
			zpty -n -w z "$line"$'"'\\t'"'
			zpty -r z out "*<END>*"
			print =
			print -r -- ${${out##*<BEGIN>}%%<END>*} | tr -d "\r"
			zpty -n -w z $'"'\\x15'"'
		done' zsh "$1"`,
}

// TestCompletion has bash, fish and zsh complete command lines, with the profiles,
// tasks and runs that there are.
func TestCompletion(t *testing.T) {
	t.Parallel()
	l := newLaptop(t, "bash", "fish", "zsh")
	l.write(t, "app/jobs.yaml", `profiles:
  hourly:
    cron: "5 * * * *"
    tasks:
      - { name: fetch, command: "true" }
      - { name: $(touch pwned), command: "true" }
      - { name: "'; touch pwned; '", command: "true" }
  nightly: { every: 1h, tasks: [{ name: report, command: "true" }] }
`)
	l.write(t, "app/old.db", "")
	l.env = append(l.env, "MONTIMER_STATE_DIR="+l.dir+"/state", "TERM=dumb")
	if out, err := l.command("montimer exec hourly").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := l.command("montimer complete runs").Output()
	run, _, _ := strings.Cut(string(out), "\t")
	if err != nil || len(run) != 32 {
		t.Fatalf("runs: %v, %q", err, out)
	}
	cases := [][2]string{
		{"com", "compile"},
		{"notify ", "drop flush pending report test"},
		{"notify report ", "daily weekly"},
		{"compile --stri", "--strict"},
		{"notify flush --du", "--due"},
		{"run hourly --fol", "--follow"},
		{"--instance b compile --strict", "--strict"},
		{"list --inst", "--instance"},
		{"list --zzz", ""},
		{"run ", "hourly nightly"},
		{"pause --until 2h h", "hourly"},
		{"run hourly --task ", "fetch"},
		{"run --task ", "fetch report"},
		{"explain --profile n", "nightly"},
		{"logs nightly --task r", "report"},
		{"compile --output ", "github json text"},
		{"compile -o j", "json"},
		{"explain --dialect cro", "cronie crontab"},
		{"history --state mi", "missed"},
		{"doctor --only db-s", "db-schema db-size"},
		{"history " + run[:8], run},
		{"history x", ""},
		{"history --compare ol", "old.db"},
		{"compile jo", "jobs.yaml"},
		{"import crontab --user nobo", "nobody"},
		{"run --checkout /nowhere ", ""},
		{"compile --output=te", "text"},
	}
	for shell, script := range completeIn {
		file := l.dir + "/completions." + shell
		copyFile(t, "../../deploy/completions/"+map[string]string{"bash": "montimer.bash", "fish": "montimer.fish", "zsh": "_montimer"}[shell], file, 0o644)
		var lines strings.Builder
		for _, c := range cases {
			lines.WriteString("montimer " + c[0] + "\n")
		}
		cmd := l.command(script)
		cmd.Args = append(cmd.Args, "bash", file)
		cmd.Stdin = strings.NewReader(lines.String())
		out, err := cmd.CombinedOutput()
		answers := regexp.MustCompile(`(?m)^=$`).Split(string(out), -1)
		if err != nil || len(answers) != len(cases)+1 {
			t.Errorf("%s: %v, %d answers to %d lines\n%s", shell, err, len(answers)-1, len(cases), out)
			continue
		}
		for i, c := range cases {
			got := strings.Fields(answers[i+1])
			slices.Sort(got)
			// --output=te is one word for fish, and three for bash.
			if text := strings.TrimPrefix(strings.Join(slices.Compact(got), " "), "--output="); text != c[1] {
				t.Errorf("%s: %q: %q, want %q", shell, c[0], text, c[1])
			}
		}
	}
	if _, err := os.Stat(l.dir + "/app/pwned"); err == nil {
		t.Error("the name of a task was run")
	}
}
