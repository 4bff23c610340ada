package imports

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/montimer/montimer"
)

var (
	wrappers     = []string{"nice", "ionice", "timeout", "env", "exec", "nohup", "chronic", "time", "setsid", "command", "then", "!", "{", "("}
	interpreters = []string{"sh", "bash", "dash", "zsh", "python", "python2", "python3", "perl", "php", "ruby", "node"}
	extensions   = []string{".sh", ".py", ".pl", ".php", ".rb", ".js", ".bash"}
	conditions   = []string{"test", "[", "[[", "cd", "export", "source", ".", "set", "umask", "if", "sleep"}
)

// program returns what a command of the shell is best called by: the name of its
// first program that does the work, or of the script of an interpreter.
func program(command string) string {
	words := strings.Fields(command)
	script := false
	for i := 0; i < len(words); i++ {
		w := strings.Trim(words[i], `"'(){};&|`)
		base := path.Base(w)
		switch {
		case w == "" || strings.HasPrefix(w, "-") || strings.ContainsAny(w, "=$<>`*") || isDigits(w):
		case base == "flock":
			for i+1 < len(words) && (words[i+1][0] == '-' || isDigits(words[i+1])) {
				i++
			}
			i++ // the lock
		case base == "sudo" || base == "runuser":
			for i+1 < len(words) && words[i+1][0] == '-' && words[i+1] != "--" {
				if i++; slices.Contains([]string{"-u", "-g", "--user", "--group"}, words[i]) {
					i++ // the user
				}
			}
		case slices.Contains(wrappers, base):
		case slices.Contains(conditions, base):
			for i < len(words) && !endsCommand(words[i]) {
				i++
			}
		case slices.Contains(interpreters, base) && !script:
			script = true
		case strings.HasPrefix(w, "/") && script && !strings.Contains(base, "."):
			return base
		default:
			if base == "run-parts" {
				return base + ofDirectory(words[i+1:])
			}
			return base
		}
	}
	return ""
}

// ofDirectory returns - and the name of the first absolute path.
func ofDirectory(words []string) string {
	for _, w := range words {
		if strings.HasPrefix(w, "/") {
			return "-" + path.Base(strings.Trim(w, `"'(){};&|`))
		}
	}
	return ""
}

func endsCommand(word string) bool {
	return slices.Contains([]string{"&&", "||", ";", "|", "{", "(", "then"}, word) || strings.HasSuffix(word, ";")
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789.smhd") == "" }

// named makes a name for a profile, which none of taken has, of a text.
func named(text string, taken map[string]bool) string {
	for _, e := range extensions {
		text = strings.TrimSuffix(text, e)
	}
	var b strings.Builder
	for _, c := range []byte(strings.ToLower(text)) {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '_', c == '.':
			b.WriteByte(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	name := strings.Trim(b.String(), "-_.")
	const most = 56 // leaves room for a number
	if len(name) > most {
		name = strings.Trim(name[:most], "-_.")
	}
	if !montimer.ValidProfileName(name) {
		name = "job"
	}
	for n, base := 2, name; taken[name]; n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	taken[name] = true
	return name
}
