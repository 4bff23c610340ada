package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/taskexec"
)

// EnvFacts is the environment file of the services.
type EnvFacts struct {
	File owned
	Text string
	Vars map[string]string
	Read string // why it was not read; "": it was
}

func (e EnvFacts) get(name string) string { return e.Vars[name] }

func ids(info fs.FileInfo) (uid, gid uint32) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Uid, st.Gid
	}
	return 0, 0
}

// env reads the environment file. Root reads only one that no other user can change.
func (r *reader) env() (err error) {
	e := &r.facts.Env
	path := r.facts.Host.EnvFile
	if e.File, err = statOf(path); err != nil {
		return err
	}
	if !e.File.Exists {
		e.Read = path + " does not exist"
		return nil
	}
	if host.IsRoot() {
		if err := host.Trusted(path); err != nil {
			e.Read = err.Error()
			return nil
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		e.Read = fmt.Sprintf("%s: %v", path, errors.Unwrap(err))
		return nil
	}
	e.Text = string(data)
	e.Vars = host.Environment(e.Text)
	return nil
}

// levels are those that the tasks' logging knows (Python, logging).
var levels = []string{"CRITICAL", "FATAL", "ERROR", "WARNING", "WARN", "INFO", "DEBUG", "NOTSET"}

// ofEnv makes a check of the text of the environment file.
func ofEnv(id, find, why string, mild bool, check func(Facts, string) []found) Check {
	return Check{id, find, why, mild, []part{partEnv}, func(f Facts) []found {
		if f.Env.Read != "" {
			return unknown(f.Env.Read)
		}
		return check(f, f.Host.EnvFile)
	}}
}

// mistakes makes a check of one or more kinds of mistakes in lines.
func mistakes(fix func(file string, line int) string, kinds ...host.EnvMistakeKind) func(Facts, string) []found {
	return func(f Facts, file string) (all []found) {
		for _, m := range host.EnvironmentMistakes(f.Env.Text) {
			if slices.Contains(kinds, m.Kind) {
				all = append(all, found{text: fmt.Sprintf("%s:%s", file, m), fix: fix(file, m.Line)})
			}
		}
		return all
	}
}

func noEnv(f Facts) []found {
	if f.Env.File.Exists {
		return nil
	}
	return []found{{text: f.Host.EnvFile + " does not exist", fix: fmt.Sprintf("install -m 640 -g %s /dev/null %s", taskexec.QuoteWord(f.Host.Group), taskexec.QuoteWord(f.Host.EnvFile))}}
}

func envOwner(f Facts) []found {
	if !f.Env.File.Exists || f.Env.File.UID == 0 {
		return nil
	}
	return []found{{text: fmt.Sprintf("%s belongs to user %d", f.Host.EnvFile, f.Env.File.UID), fix: "chown root " + taskexec.QuoteWord(f.Host.EnvFile)}}
}

func envMode(f Facts) []found {
	if !f.Env.File.Exists || f.Env.File.Mode.Perm()&0o027 == 0 {
		return nil
	}
	return []found{{text: fmt.Sprintf("%s has mode %04o", f.Host.EnvFile, f.Env.File.Mode.Perm()), fix: "chmod 640 " + taskexec.QuoteWord(f.Host.EnvFile)}}
}

func envChecks() []Check {
	return []Check{
		{"env-missing", "environment file missing", "services run no task without it", false, []part{partEnv}, noEnv},
		{"env-owner", "environment file of another owner than root", "its owner decides what root and all tasks have in their environment", false, []part{partEnv}, envOwner},
		{"env-mode", "environment file that others can read or write", "it holds secrets", false, []part{partEnv}, envMode},
		ofEnv("env-crlf", "lines of the environment file that end as on Windows", "a shell that reads it makes the carriage return part of each value", true, func(f Facts, file string) []found {
			if !strings.Contains(f.Env.Text, "\r") {
				return nil
			}
			return []found{{text: file + " has lines that end in CR LF", fix: `sed -i 's/\r$//' ` + taskexec.QuoteWord(file)}}
		}),
		ofEnv("env-export", "export in the environment file", "systemd ignores the line", false, mistakes(func(file string, line int) string {
			return fmt.Sprintf(`sed -i '%ds/^[[:space:]]*export[[:space:]]*//' %s`, line, taskexec.QuoteWord(file))
		}, host.EnvExport)),
		ofEnv("env-comment", "comments after a value in the environment file", "the comment is part of the value", false, mistakes(func(file string, line int) string {
			return fmt.Sprintf(`sed -i '%ds/ \{1,\}#[^"]*$//' %s`, line, taskexec.QuoteWord(file))
		}, host.EnvComment)),
		ofEnv("env-line", "other lines of the environment file that systemd reads otherwise than meant", "the variable is not set, or to something else", false, mistakes(func(file string, line int) string {
			return fmt.Sprintf(`"${EDITOR:-vi}" +%d %s`, line, taskexec.QuoteWord(file))
		}, host.EnvNoVariable, host.EnvName, host.EnvExpansion)),
		ofEnv("log-level", "unknown LOG_LEVEL", "tasks that read it stop, or log at another level", true, func(f Facts, file string) []found {
			if level := f.Env.get("LOG_LEVEL"); level == "" || slices.Contains(levels, strings.ToUpper(level)) {
				return nil
			}
			return []found{{text: "LOG_LEVEL in " + file + " is none of " + strings.Join(levels, ", "), fix: deleteVariable(file, "LOG_LEVEL")}}
		}),
		ofEnv("log-debug", "LOG_LEVEL=DEBUG", "no alerts are sent", false, func(f Facts, file string) []found {
			if !strings.EqualFold(f.Env.get("LOG_LEVEL"), "debug") {
				return nil
			}
			return []found{{text: "LOG_LEVEL is DEBUG in " + file, fix: deleteVariable(file, "LOG_LEVEL")}}
		}),
		ofEnv("test-chat", "TELEGRAM_TEST_CHAT_ID set", "all alerts go to that chat, and nowhere else", true, func(f Facts, file string) []found {
			if f.Env.get("TELEGRAM_TEST_CHAT_ID") == "" {
				return nil
			}
			return []found{{text: "TELEGRAM_TEST_CHAT_ID is set in " + file, fix: deleteVariable(file, "TELEGRAM_TEST_CHAT_ID")}}
		}),
		ofEnv("cache-dir", "CACHE_DIR that differs from state_dir", "the tasks keep their files, and their database, where montimer does not look", false, func(f Facts, file string) []found {
			dir := f.Env.get("CACHE_DIR")
			if dir == "" || strings.TrimRight(dir, "/") == f.Host.StateDir {
				return nil
			}
			return []found{{text: fmt.Sprintf("CACHE_DIR in %s is %s, and state_dir is %s", file, dir, f.Host.StateDir), fix: deleteVariable(file, "CACHE_DIR")}}
		}),
	}
}
