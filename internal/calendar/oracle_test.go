package calendar

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer/internal/testenv"
)

// A verdict is what `systemd-analyze calendar` says of one expression.
type verdict struct {
	refused  bool
	normal   string
	elapses  []time.Time // in whole seconds: it prints no fractions
	deadlock bool        // it gave up on one of the elapses, and so shows nothing else
}

// analyze asks systemd-analyze for the first elapses of each expression after
// base, with zone as the host's own.
func analyze(t *testing.T, zone string, base time.Time, iterations int, expressions []string) []verdict {
	t.Helper()
	testenv.Need(t, "systemd-analyze")
	args := []string{"calendar", fmt.Sprintf("--iterations=%d", iterations),
		"--base-time=" + base.UTC().Format("2006-01-02 15:04:05.000000 UTC"), "--"}
	cmd := exec.Command("systemd-analyze", append(args, expressions...)...)
	cmd.Env = append(os.Environ(), "TZ="+zone, "LC_ALL=C.UTF-8", "SYSTEMD_LOG_LEVEL=info")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // it fails if it refuses any

	refused, deadlocked := map[string]int{}, map[string]int{}
	for line := range strings.Lines(stderr.String()) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "Failed to parse calendar specification '"); ok {
			refused[rest[:strings.LastIndex(rest, "'")]]++
		} else if rest, ok := strings.CutPrefix(line, "Failed to determine next elapse for '"); ok {
			deadlocked[rest[:strings.LastIndex(rest, "'")]]++
		} else if !strings.HasPrefix(line, "Infinite loop in calendar calculation") && !strings.HasPrefix(line, "Hint:") {
			t.Fatalf("systemd-analyze: %s", line)
		}
	}

	var accepted []verdict
	for line := range strings.Lines(stdout.String()) {
		label, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch strings.TrimSpace(label) {
		case "Original form":
		case "Normalized form":
			accepted = append(accepted, verdict{normal: value})
		case "From now":
		default: // an elapse in the local zone, then in UTC unless that is the same
			if v, ok := strings.CutSuffix(value, " UTC"); ok {
				last := &accepted[len(accepted)-1]
				at, err := time.Parse("Mon 2006-01-02 15:04:05", v)
				if err != nil {
					t.Fatal(err)
				}
				last.elapses = append(last.elapses, at)
			}
		}
	}
	verdicts := make([]verdict, len(expressions))
	for i, expression := range expressions {
		if refused[expression] > 0 {
			refused[expression]--
			verdicts[i].refused = true
			continue
		}
		if deadlocked[expression] > 0 {
			deadlocked[expression]--
			verdicts[i].deadlock = true
			continue
		}
		if len(accepted) == 0 {
			t.Fatalf("systemd-analyze says nothing of %q\n%s", expression, stderr.String())
		}
		verdicts[i], accepted = accepted[0], accepted[1:]
	}
	if len(accepted) > 0 {
		t.Fatalf("systemd-analyze says too much: %v", accepted)
	}
	return verdicts
}
