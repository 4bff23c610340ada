package telegram

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// MaxWait is the longest wait that Telegram can ask for.
const MaxWait = 24 * time.Hour

// Error says why a message was not sent.
type Error struct {
	Status      int           // of the answer; 0: there was none
	Description string        // Telegram's words, or the error of the transport
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
// again: the token, the chat or the text has to be corrected.
func (e *Error) Permanent() bool { return Permanent(e.Status) }

// Permanent is the same for a status alone.
func Permanent(status int) bool {
	return status >= 400 && status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout
}

// Unparsable reports whether the markup of the text is at fault.
func (e *Error) Unparsable() bool { return e.says("can't parse entities") }

// NoTopic reports whether the topic is at fault: closed, deleted, or one of a
// chat that has none.
func (e *Error) NoTopic() bool { return e.says("thread not found", "topic") }

// BadToken reports whether there is no bot of this token.
func (e *Error) BadToken() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusNotFound
}

// BadText reports whether Telegram takes this text in no chat.
func (e *Error) BadText() bool {
	return e.says("can't parse entities", "message is too long", "text is empty", "text must be non-empty", "must be encoded in utf-8")
}

// says reports whether the answer is "bad request" with a description that
// holds one of words.
func (e *Error) says(words ...string) bool {
	description := strings.ToLower(e.Description)
	return e.Status == http.StatusBadRequest &&
		slices.ContainsFunc(words, func(w string) bool { return strings.Contains(description, w) })
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

// special are the characters that begin an entity of the first version of
// Telegram's Markdown. A backslash escapes one of them, and nothing else; inside
// an entity it escapes nothing (parse_markdown in td/telegram/MessageEntity.cpp of
// tdlib, https://core.telegram.org/bots/api#markdown-style).
const special = "_*`["

// Escape returns text that Telegram's Markdown shows as s.
func Escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(special, s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Bold returns text that Telegram's Markdown shows as s, in bold but for the
// characters that no entity can hold.
func Bold(s string) string {
	var b strings.Builder
	for s != "" {
		n := strings.IndexAny(s, special)
		if n < 0 {
			n = len(s)
		}
		if run := s[:n]; strings.TrimSpace(run) == "" {
			b.WriteString(run)
		} else {
			b.WriteString("*" + run + "*")
		}
		if s = s[n:]; s != "" {
			b.WriteString("\\" + s[:1])
			s = s[1:]
		}
	}
	return b.String()
}
