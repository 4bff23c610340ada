package legacy

import (
	"strings"

	"github.com/montimer/montimer/internal/jobs"
)

// Crontab returns the crontab that the old system wrote for supercronic: a line for
// each enabled profile. Without any it is an empty line.
func Crontab(profiles []jobs.OldProfile) string {
	var lines []string
	for _, p := range profiles {
		if p.Enabled {
			lines = append(lines, p.Cron+"\tflock -n /tmp/automation."+p.Name+".lock python -m automation run "+shellWord(p.Name))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// shellWord quotes a text as Python's shlex.quote does.
func shellWord(text string) string {
	const safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"
	if text != "" && strings.Trim(text, safe) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'"'"'`) + "'"
}
