package telegram

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// MaxWait is the longest wait that Telegram can ask for.
const MaxWait = 24 * time.Hour

// Error says why a message was not sent.
type Error struct {
	Status      int           // of the answer; 0: there was none
	Description string        // Telegram's words, or what kept it from answering
	RetryAfter  time.Duration // how long to send nothing to this chat; 0: not said
	MigrateTo   string        // the chat's new id, since it became a supergroup
}

func (e *Error) Error() string {
	if e.Status == 0 {
		return "no answer: " + e.Description
	}
	return fmt.Sprintf("%d %s", e.Status, e.Description)
}

// Permanent reports whether the same message to the same place would fail
// again: somebody has to mend the token, the chat or the text.
func (e *Error) Permanent() bool { return Permanent(e.Status) }

// Permanent is the same for a status alone.
func Permanent(status int) bool {
	return status >= 400 && status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout
}

// Unparsable reports whether the markup of the text is at fault.
func (e *Error) Unparsable() bool {
	return e.Status == http.StatusBadRequest && strings.Contains(strings.ToLower(e.Description), "can't parse entities")
}

func noAnswer(err error) *Error { return &Error{Description: Cause(err)} }

// Cause is the text of an error of net/http without the URL that it was about.
func Cause(err error) string {
	var about *url.Error
	if errors.As(err, &about) {
		err = about.Err
	}
	return err.Error()
}

var escaper = strings.NewReplacer(`\`, `\\`, `_`, `\_`, `*`, `\*`, "`", "\\`", `[`, `\[`)

// Escape returns text that Telegram's Markdown shows as s.
func Escape(s string) string { return escaper.Replace(s) }
