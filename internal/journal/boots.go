package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Boot is a boot as the journal has it.
type Boot struct {
	ID          string // 32 hexadecimal digits
	First, Last time.Time
}

// Boots returns the boots of which the journal has entries, the oldest first. Only
// who may read the whole journal gets all: root, and the groups systemd-journal
// and adm (journalctl(1)).
func Boots(ctx context.Context) ([]Boot, error) {
	out, err := exec.CommandContext(ctx, "journalctl", "--quiet", "--list-boots", "--output=json").Output()
	if err != nil {
		var ended *exec.ExitError
		if errors.As(err, &ended) {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(ended.Stderr)))
		}
		return nil, fmt.Errorf("list the boots: journalctl: %w", err)
	}
	return parseBoots(out)
}

func parseBoots(out []byte) ([]Boot, error) {
	var listed []struct {
		ID    string `json:"boot_id"`
		First int64  `json:"first_entry"` // µs
		Last  int64  `json:"last_entry"`
	}
	if len(strings.TrimSpace(string(out))) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(out, &listed); err != nil {
		return nil, fmt.Errorf("list the boots: journalctl wrote no JSON, which it does from systemd 251 on: %w", err)
	}
	boots := make([]Boot, len(listed))
	for i, b := range listed {
		boots[i] = Boot{b.ID, time.UnixMicro(b.First).UTC(), time.UnixMicro(b.Last).UTC()}
	}
	return boots, nil
}

// passedBoots bounds the boots that one process passes to another on its command
// line.
const passedBoots = 500

// BootsFlag returns the flag that passes the newest boots on.
func BootsFlag(boots []Boot) string {
	text, _ := json.Marshal(boots[max(0, len(boots)-passedBoots):]) // of strings and times it never fails
	return "--boots=" + string(text)
}
