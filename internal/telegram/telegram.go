// Package telegram calls the methods of Telegram's Bot API that montimer needs:
// sendMessage, and getMe and getChat, which send nothing
// (https://core.telegram.org/bots/api#sendmessage).
//
// The token of a bot is a part of the URL, and net/http puts the URL into its
// errors. No error of this package holds either.
package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// APIBase is where Telegram itself answers.
	APIBase = "https://api.telegram.org"

	timeout   = 10 * time.Second // of a request with its answer
	maxAnswer = 64 << 10         // bytes; what is longer is not from Telegram
)

// Message is one message to a chat. Its text has at most [MaxText] UTF-16 units.
type Message struct {
	ChatID   string
	Thread   int // the topic of a forum; 0: none
	Text     string
	Markdown bool // parse_mode Markdown: the first version of it, not MarkdownV2
}

// MaxText is the longest text of a message. Telegram counts after it has taken
// the markup out, in UTF-16 units as everywhere.
const MaxText = 4096

// Client calls one Bot API. It follows no redirect.
type Client struct {
	base *url.URL
	http *http.Client
}

// New returns a client for the API at base; "" is APIBase. What carries a token
// must be https, but for a server on this host.
func New(base string) (*Client, error) {
	if base == "" {
		base = APIBase
	}
	u, err := url.Parse(base)
	switch {
	case err != nil: // which repeats base, and that may hold a password
		return nil, errors.New("the address of the Bot API is not a URL")
	case u.Scheme == "https" && u.Host != "":
	case u.Scheme == "http" && isLoopback(u.Hostname()):
	default:
		return nil, errors.New("the address of the Bot API must be an https URL; http is for a server on this host")
	}
	return &Client{u, &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// Send sends a message; nil means that Telegram has confirmed it. Otherwise the
// error is an *Error; only without a Status it is unknown whether the message
// has arrived.
func (c *Client) Send(ctx context.Context, token string, m Message) error {
	body := struct {
		ChatID    string `json:"chat_id"`
		Text      string `json:"text"`
		Silent    bool   `json:"disable_notification"`
		ParseMode string `json:"parse_mode,omitempty"`
		Thread    int    `json:"message_thread_id,omitempty"`
	}{ChatID: m.ChatID, Text: m.Text, Thread: m.Thread}
	if m.Markdown {
		body.ParseMode = "Markdown"
	}
	return c.call(ctx, token, "sendMessage", body)
}

// Bot asks whether there is a bot of this token (getMe). The error is as that of
// Send.
func (c *Client) Bot(ctx context.Context, token string) error {
	return c.call(ctx, token, "getMe", struct{}{})
}

// Chat asks whether the bot knows a chat (getChat). The error is as that of Send.
func (c *Client) Chat(ctx context.Context, token, chat string) error {
	return c.call(ctx, token, "getChat", struct {
		ChatID string `json:"chat_id"`
	}{chat})
}

// call calls a method. Its error does not hold the token.
func (c *Client) call(ctx context.Context, token, method string, body any) error {
	err := c.post(ctx, c.base.JoinPath("bot"+token, method), body)
	if err != nil {
		err.Description = strings.ReplaceAll(err.Description, token, "***")
		return err
	}
	return nil
}

// post returns nil when the answer reports success.
func (c *Client) post(ctx context.Context, to *url.URL, body any) *Error {
	data, err := json.Marshal(body)
	if err != nil {
		return noAnswer(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), bytes.NewReader(data))
	if err != nil {
		return noAnswer(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return noAnswer(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return noAnswer(err)
	}
	return judge(resp.StatusCode, answer)
}

// judge reads an answer of Telegram, or of a proxy before it. It is nil only
// for {"ok":true} with status 200.
func judge(status int, answer []byte) *Error {
	var a struct {
		OK          bool   `json:"ok"`
		Code        int    `json:"error_code"`
		Description string `json:"description"`
		Parameters  struct {
			RetryAfter int64 `json:"retry_after"`
			MigrateTo  int64 `json:"migrate_to_chat_id"`
		} `json:"parameters"`
	}
	err := json.Unmarshal(answer, &a)
	if err == nil && a.OK && status == http.StatusOK {
		return nil
	}
	e := &Error{Status: status, Description: a.Description}
	if err != nil {
		e.Description = "not an answer of the Bot API"
	} else if a.Code != 0 {
		e.Status = a.Code
	}
	if e.Description == "" {
		e.Description = http.StatusText(e.Status)
	}
	if a.Parameters.RetryAfter > 0 {
		e.RetryAfter = time.Duration(min(a.Parameters.RetryAfter, int64(MaxWait/time.Second))) * time.Second
	}
	if a.Parameters.MigrateTo != 0 {
		e.MigrateTo = fmt.Sprint(a.Parameters.MigrateTo)
	}
	return e
}
