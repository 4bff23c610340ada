package imports

import (
	"slices"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/cron"
	"github.com/montimer/montimer/internal/lazy"
)

// percent takes a command of cron to pieces: what the shell runs, and what it gets on
// standard input, which begins at the first % without a backslash (crontab(5)). It
// follows do_command.c of Debian's 3.0pl1-162, which also makes one backslash of two,
// and of cronie, which does not.
func percent(text string, dialect cron.Dialect) (command, input string) {
	var b strings.Builder
	i := 0
	for ; i < len(text) && text[i] != '%'; i++ {
		c := text[i]
		if c == '\\' && i+1 < len(text) {
			i++
			if text[i] != '%' && (text[i] != '\\' || dialect == cron.Cronie) {
				b.WriteByte(c)
			}
			c = text[i]
		}
		b.WriteByte(c)
	}
	if i == len(text) {
		return b.String(), ""
	}
	return b.String(), standardInput(text[i+1:])
}

// standardInput returns what cron writes to a command: % ends a line, unless it has
// a backslash before it. The last line is ended.
func standardInput(text string) string {
	var b strings.Builder
	escaped := false
	for i := range len(text) {
		c := text[i]
		if escaped && c != '%' {
			b.WriteByte('\\')
		}
		if !escaped && c == '%' {
			c = '\n'
		}
		if escaped = c == '\\'; !escaped {
			b.WriteByte(c)
		}
	}
	if escaped {
		b.WriteByte('\\')
	}
	if s := b.String(); s != "" && s[len(s)-1] != '\n' {
		b.WriteByte('\n')
	}
	return b.String()
}

// withInput has the shell read the input before the command, which stays as it is.
func withInput(command, input string) string {
	if input == "" {
		return command
	}
	end := "INPUT"
	for slices.Contains(strings.Split(input, "\n"), end) {
		end += "_"
	}
	return "exec <<'" + end + "'\n" + input + end + "\n" + command
}

// atHome has a command begin in the home directory, as cron does, where it could
// matter.
func atHome(command string) string {
	if anywhere(command) {
		return command
	}
	return "cd; " + command
}

var (
	changesDirectory = lazy.Regexp(`^cd +/[^ ;&|$` + "`" + `'"*?\[\\]*( *(&&|;)|$)`)
	noRelativePath   = lazy.Regexp(`^(-[A-Za-z0-9=_-]*|(--[a-z-]+=)?/[A-Za-z0-9_./+:@=,-]*|[0-9&]?>>?(/[A-Za-z0-9_./-]*|&[0-9])|>>?|2>>?|\|\|?|&&|[0-9]+)$`)
	plainProgram     = lazy.Regexp(`^[A-Za-z0-9_/][A-Za-z0-9_./+-]*$`)
)

// anywhere reports whether the directory that a command begins in makes no
// difference: it changes to another, or all of its words are absolute paths, options
// and operators of the shell. In doubt it does.
func anywhere(command string) bool {
	if changesDirectory().MatchString(command) {
		return true
	}
	words := strings.Fields(command)
	for i, w := range words {
		program := i == 0 || slices.Contains([]string{"|", "||", "&&"}, words[i-1])
		if program && plainProgram().MatchString(w) && (w[0] == '/' || !strings.Contains(w, "/")) {
			continue
		}
		if !noRelativePath().MatchString(w) {
			return false
		}
	}
	return len(words) > 0
}

// ofShell returns the command that cron starts: the shell of the crontab, with the
// text.
func ofShell(shell, text string) montimer.Command {
	if shell == "" || shell == "/bin/sh" || shell == "sh" {
		return montimer.Command{Shell: text}
	}
	return montimer.Command{Argv: []string{shell, "-c", text}}
}

// A flock is a command that runs another one only if it gets a lock.
type flock struct{ lock, command string }

var nonBlocking = lazy.Regexp(`(^| )(-[xe]*n[xe]*|--nonblock) `)

var flockLine = lazy.Regexp(`^(?:/usr/bin/|/bin/)?flock +((?:(?:-[xe]*n[xe]*|--nonblock|-[xe]|--exclusive) +)+)(/[A-Za-z0-9_./+-]+|"/[A-Za-z0-9_./+-]+"|'/[A-Za-z0-9_./+-]+') +([^- ].*)$`)

// notOfLock reports whether the path of a lock, as flockLine reads it, ends before r.
func notOfLock(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_./+-", r))
}

// isAccount reports whether a word is the name of a user that crontabs of Debian's
// packages have in their column for it, and of no program.
func isAccount(word string) bool {
	return slices.Contains([]string{"root", "www-data", "nobody", "munin", "logcheck", "smmsp", "amavis"}, word)
}

// withoutLock takes a flock -n off a command that is one simple command of the shell:
// with more of them the lock is not for all of it.
func withoutLock(command string) (f flock, ok bool) {
	m := flockLine().FindStringSubmatch(command)
	if m == nil || !nonBlocking().MatchString(m[1]) {
		return flock{}, false // it is none, or waits for the lock
	}
	simple := strings.NewReplacer("2>&1", "", ">&2", "", "&>", "").Replace(m[3])
	if strings.ContainsAny(simple, ";&|()`\n#") {
		return flock{}, false
	}
	return flock{strings.Trim(m[2], `"'`), m[3]}, true
}

var oldRunner = lazy.Regexp(`^(?:(?:[A-Za-z0-9_./-]*/)?(?:python[0-9.]*|uv run python[0-9.]*) +)-m +automation +run +'?([A-Za-z0-9][A-Za-z0-9_.-]*)'?$`)

// ofOldRunner returns the profile that a command runs with the Python runner before
// montimer; "": another command.
func ofOldRunner(command string) string {
	if m := oldRunner().FindStringSubmatch(strings.TrimSpace(command)); m != nil {
		return m[1]
	}
	return ""
}

var (
	quotedWord     = lazy.Regexp(`\\.|'[^']*'|"(?:[^"\\]|\\.)*"`)
	inBackground   = lazy.Regexp(`(^|[^&<>|])&([^&>]|$)`)
	becomesOther   = lazy.Regexp(`(^|[|&;({]|\b(exec|then|else|do|nice|env|time)) *(/[a-z/]*/)?(sudo|su|doas|runuser|setpriv)\b`)
	redirection    = lazy.Regexp(`>[>|]? *([^ \t;&|()<>]+)`)
	flockFile      = lazy.Regexp(`\bflock(?: +-(?:w *|E *|-wait[= ]|-timeout[= ]|-conflict-exit-code[= ])?[^ ]*)*(?: +[0-9]+)* +([^ -][^ ]*)`)
	detachesItself = lazy.Regexp(`\b(nohup|disown)\b|(^|[ |&;({/])(screen +-[A-Za-z]*d|tmux +new|setsid |start-stop-daemon .*(--background|-[A-Za-z]*b))`)
)

// confined says what a command does that a task cannot do.
func confined(command string) (differences []string) {
	bare := quotedWord().ReplaceAllString(command, "Q")
	if inBackground().MatchString(bare) || detachesItself().MatchString(bare) {
		differences = append(differences, "it leaves a process in the background, which systemd ends with the run: have the task wait for it, or make it a service")
	}
	if becomesOther().MatchString(bare) {
		differences = append(differences, "a task cannot become another user, as with sudo (docs/sandbox.md): leave that out, and import it with --user for an instance that runs as that user")
	}
	return differences
}

// writes says which files a command of the shell writes that a task cannot: by a
// redirection, or as the lock of flock. What programs write nobody knows.
func writes(command string) (difference string) {
	bare := quotedWord().ReplaceAllString(command, "Q")
	var files []string
	for _, m := range slices.Concat(redirection().FindAllStringSubmatch(bare, -1), flockFile().FindAllStringSubmatch(bare, -1)) {
		file := m[1]
		switch {
		case strings.HasPrefix(file, "/"):
			if slices.ContainsFunc([]string{"/dev/", "/tmp/", "/var/tmp/", "/proc/self/"}, func(dir string) bool { return strings.HasPrefix(file, dir) }) {
				continue
			}
		case strings.HasPrefix(file, "~"), strings.HasPrefix(file, "$HOME"), strings.HasPrefix(file, "${HOME}"):
		case strings.ContainsAny(file, "$`") || file == "Q" || strings.HasPrefix(file, "Q"), strings.Contains(bare, "cd "):
			continue // somewhere
		case strings.Trim(file, "0123456789-") == "":
			continue // a file descriptor
		default:
			file = "~/" + file
		}
		if !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	if len(files) == 0 {
		return ""
	}
	return "it writes " + strings.Join(files, " and ") + ", which a task cannot: leave that out (montimer logs has what a task prints), or name the directory under write: in the settings of the host (docs/sandbox.md)"
}
