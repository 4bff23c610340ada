package montimer

import (
	"fmt"
	"time"
)

// Pause says until when the ticks of a profile are skipped.
type Pause struct {
	Until  time.Time `yaml:"until"`
	Reason string    `yaml:"reason"`
	By     string    `yaml:"by"`
}

// String returns it as text for messages.
func (p Pause) String() string {
	return fmt.Sprintf("paused until %s: %s (%s)", p.Until.Local().Format("Mon 2006-01-02 15:04 MST"), p.Reason, p.By)
}
