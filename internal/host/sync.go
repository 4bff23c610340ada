package host

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// Sync are the settings of git syncs as they were given. The times are spans
// of systemd.time(7). Branch may also be a tag, a full reference (refs/heads/x)
// or a full commit.
type Sync struct {
	Remote  string
	Branch  string
	Every   string
	Timeout string
}

// isRefName reports whether a text can be the name of a remote or a branch: it is
// no option and no refspec.
func isRefName(s string) bool {
	const first = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
	return s != "" && strings.Contains(first, s[:1]) && strings.Trim(s, first+"./-") == ""
}

func (s Sync) resolve() (montimer.Sync, error) {
	to := montimer.DefaultSync()
	to.Remote, to.Branch = cmp.Or(s.Remote, to.Remote), cmp.Or(s.Branch, to.Branch)
	for _, name := range []string{to.Remote, to.Branch} {
		if !isRefName(name) {
			return to, fmt.Errorf("%q cannot be the name of a remote or a branch", name)
		}
	}
	var err error
	if s.Timeout != "" {
		if to.Timeout, err = span("timeout", s.Timeout, time.Second, time.Hour); err != nil {
			return to, err
		}
	}
	if s.Every != "" {
		to.Every, err = span("every", s.Every, 10*time.Second, 24*time.Hour)
	}
	return to, err
}

// span reads a time span from least to most.
func span(key, s string, least, most time.Duration) (time.Duration, error) {
	d, err := calendar.ParseSpan(s)
	switch {
	case err != nil:
	case calendar.EndsWithoutUnit(s):
		err = fmt.Errorf("is %s: a number without a unit is seconds: write %sm or %[2]ss", calendar.FormatSpan(d), s)
	case d < least || d > most:
		err = fmt.Errorf("must be from %v to %v", calendar.FormatSpan(least), calendar.FormatSpan(most))
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %q: %w", key, s, err)
	}
	return d, nil
}
