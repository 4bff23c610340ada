package imports

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/cron"
	"github.com/montimer/montimer/internal/lazy"
	"github.com/montimer/montimer/internal/safetext"
)

// blanks are what isspace(3) takes for white space.
const blanks = " \t\n\v\f\r"

func isBlank(c byte) bool { return strings.IndexByte(blanks, c) >= 0 }

// assignment reads a line as cron does (env.c of Debian's 3.0pl1-162 and of cronie):
// NAME = VALUE, each perhaps in quotes of its own. ok is false for a line that is no
// assignment, as NAME= without quotes.
func assignment(line string) (v montimer.EnvVar, ok bool) {
	name, rest, ok := assigned(line)
	if !ok {
		return v, false
	}
	rest = strings.TrimLeft(rest, blanks)
	if rest == "" {
		return v, false
	}
	value := strings.TrimRight(rest, blanks)
	if quote := rest[0]; quote == '\'' || quote == '"' {
		inner, after, closed := strings.Cut(rest[1:], string(quote))
		if !closed || strings.Trim(after, blanks) != "" {
			return v, false
		}
		value = inner
	}
	if n := len(value); n >= 2 && (value[0] == '\'' || value[0] == '"') && value[n-1] == value[0] {
		value = value[1 : n-1] // quotes within quotes
	}
	return montimer.EnvVar{Name: name, Value: value}, true
}

// assigned returns the name before the = and what follows that.
func assigned(line string) (name, rest string, ok bool) {
	if line != "" && (line[0] == '\'' || line[0] == '"') {
		name, rest, ok = strings.Cut(line[1:], line[:1])
		if !ok || strings.Contains(name, "=") {
			return "", "", false
		}
		rest = strings.TrimLeft(rest, blanks)
	} else {
		i := strings.IndexAny(line, "="+blanks)
		if i < 0 {
			return "", "", false
		}
		name, rest = line[:i], strings.TrimLeft(line[i:], blanks)
	}
	rest, ok = strings.CutPrefix(rest, "=")
	return name, rest, ok
}

// supercronicAssignment reads a line as supercronic does: all that follows the = is
// the value, less the white space before it and quotes around all of it.
func supercronicAssignment(line string) (v montimer.EnvVar, ok bool) {
	i := strings.IndexAny(line, "="+blanks)
	if i < 1 {
		return v, false
	}
	rest, ok := strings.CutPrefix(strings.TrimLeft(line[i:], "\t\n\f\r "), "=")
	value := strings.TrimLeft(rest, "\t\n\f\r ")
	if n := len(value); n > 1 && (value[0] == '\'' || value[0] == '"') && value[n-1] == value[0] {
		value = value[1 : n-1]
	}
	return montimer.EnvVar{Name: line[:i], Value: value}, ok
}

// validName reports whether jobs.yaml takes the name of a variable.
func validName(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// isSecret reports whether the value of a variable looks like a secret, by its name
// or by itself.
func isSecret(v montimer.EnvVar) bool {
	return v.Value != "" && (len(safetext.SecretValues([]string{v.Name + "=" + v.Value})) > 0 || hasSecret(v.Name+"="+v.Value))
}

// hasSecret reports whether a text has what looks like a secret.
func hasSecret(text string) bool { return withoutSecrets(text) != text }

// withoutSecrets hides what looks like one, also a password among the options of a
// program.
func withoutSecrets(text string) string {
	text = safetext.NewRedactor(nil).String(text)
	for _, r := range []func() *regexp.Regexp{databasePassword, givenPassword, userPassword} {
		text = r().ReplaceAllString(text, "${1}***")
	}
	return text
}

// The password follows the first group. One of a variable, $NAME, is none.
var (
	databasePassword = lazy.Regexp(`((?:mysql|mariadb)[a-z_-]*[ \t](?:.*?[ \t])?-p)[^ \t$*-][^ \t]*`)
	givenPassword    = lazy.Regexp(`(sshpass[ \t]+-p[ \t]*)[^ \t$*][^ \t]*`)
	userPassword     = lazy.Regexp(`((?:curl|wget|http)[ \t](?:.*?[ \t])?(?:-u|--user)[ \t=]*["']?[A-Za-z0-9_.@-]+:)[^ \t$*"'][^ \t"']*`)
)

// set sets a variable in place of one of the same name.
func set(vars []montimer.EnvVar, v montimer.EnvVar) []montimer.EnvVar {
	vars = unset(vars, v.Name)
	return append(vars, v)
}

// unset returns a copy without a variable, with room for one more.
func unset(vars []montimer.EnvVar, name string) []montimer.EnvVar {
	left := make([]montimer.EnvVar, 0, len(vars)+1)
	for _, v := range vars {
		if v.Name != name {
			left = append(left, v)
		}
	}
	return left
}

// valueOf returns the value of a variable, "" if it is not set.
func valueOf(vars []montimer.EnvVar, name string) string {
	for _, v := range vars {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

func (c *crontab) variable(r *Receipt, v montimer.EnvVar) {
	switch {
	case !validName(v.Name):
		r.refuse("jobs.yaml has no variables of this name: letters, digits and _, not beginning with a digit", "set it in the command, with env")
		return
	case v.Value == "" && c.Dialect == cron.Supercronic:
		r.refuse("supercronic fails at an empty value, and runs nothing", "take the line out")
		return
	case isSecret(v):
		c.withheld = append(c.withheld, v.Name)
		c.vars = unset(c.vars, v.Name)
		r.Text = v.Name + "=***"
		r.differ(fmt.Sprintf("the value looks like a secret, and is not in jobs.yaml: write %s=… into %s", v.Name, c.EnvFile))
		return
	}
	c.withheld = slices.DeleteFunc(c.withheld, func(name string) bool { return name == v.Name })
	switch v.Name {
	case "SHELL":
		r.note("the tasks start it in place of sh")
	case "MAILTO", "MAILFROM":
		if v.Value == "" {
			r.note("montimer sends no mail either, and reports failed runs by Telegram")
			break
		}
		r.differ("montimer sends no mail: it keeps what a task prints for montimer logs, and reports failed runs by Telegram (docs/telegram.md)")
	case "CRON_TZ":
		if !c.timezone(r, v.Value) {
			return
		}
	case "TZ":
		r.note("for the commands alone: no daemon reads it for its schedule")
	case "LOGNAME", "USER":
		if c.Dialect != cron.Supercronic {
			r.note("cron sets it to the user that the command runs as, and so does systemd: it is left out")
			return
		}
	case "RANDOM_DELAY":
		if c.Dialect == cron.Cronie {
			r.differ("cronie delays each run by a random time of up to so many minutes; montimer does not: set jitter on the profiles")
		}
	}
	c.vars = set(c.vars, v)
}

// timezone takes the CRON_TZ of a dialect that reads it.
func (c *crontab) timezone(r *Receipt, zone string) bool {
	if c.Dialect == cron.Crontab {
		r.note("Debian's cron does not read it: the times are those of the host's zone (--dialect cronie, if this is for cronie)")
		return true
	}
	if c.badZone = !knownZone(zone); c.badZone {
		r.refuse(fmt.Sprintf("the time zone %q is not in the time zone database", zone), "write a zone as in Europe/Berlin")
		return false
	}
	c.zone = zone
	r.note("it is the timezone of the profiles")
	return true
}
