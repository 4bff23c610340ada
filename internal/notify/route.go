package notify

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/montimer/montimer/internal/telegram"
)

// Route is where alerts go: all of them to the same chat.
type Route struct {
	Token  string
	Chat   string
	Thread int    // topic of the chat; 0: none
	Label  string // before each text, not yet escaped; "": none
	Wrong  string // what is to be mended, though messages arrive; "": nothing
}

// Why nothing is sent.
var (
	ErrDebug   = errors.New("LOG_LEVEL is DEBUG: nothing is sent")
	ErrNoRoute = errors.New("nowhere to send to: set TELEGRAM_BOT_TOKEN_DEFAULT, and TELEGRAM_CHAT_ID_AUTOMATION or TELEGRAM_CHAT_ID_DEFAULT")
	ErrNoToken = errors.New("TELEGRAM_TEST_CHAT_ID is set, but TELEGRAM_BOT_TOKEN_DEFAULT is not")
)

// FindRoute reads the route from the environment, by the names that the tasks
// have for theirs; an empty variable counts as unset. A topic that cannot be
// one is left out, and Wrong says so: better in the wrong topic than nowhere.
// The error is ErrDebug, ErrNoRoute or ErrNoToken.
func FindRoute(getenv func(string) string) (Route, error) {
	token := getenv("TELEGRAM_BOT_TOKEN_DEFAULT")
	if strings.EqualFold(getenv("LOG_LEVEL"), "debug") {
		return Route{}, ErrDebug
	}
	if chat := getenv("TELEGRAM_TEST_CHAT_ID"); chat != "" {
		if token == "" {
			return Route{}, ErrNoToken
		}
		return Route{Token: token, Chat: chat, Label: "[automation] "}, nil
	}
	topic, topics := getenv("TELEGRAM_TOPIC_ID_AUTOMATION"), getenv("TELEGRAM_CHAT_ID_TOPICS")
	own := getenv("TELEGRAM_BOT_TOKEN_AUTOMATION")
	var r Route
	switch chat := getenv("TELEGRAM_CHAT_ID_AUTOMATION"); {
	case topic != "" && topics != "":
		r = Route{Token: token, Chat: topics}
		if thread, err := strconv.ParseInt(strings.TrimSpace(topic), 10, 32); err == nil && thread >= 0 {
			r.Thread = int(thread)
		} else {
			r.Wrong = fmt.Sprintf("TELEGRAM_TOPIC_ID_AUTOMATION is %q, which is not the number of a topic: alerts go to the general one until it is mended", topic)
		}
	case chat != "":
		r = Route{Token: cmp.Or(own, token), Chat: chat}
	default:
		r = Route{Token: cmp.Or(token, own), Chat: getenv("TELEGRAM_CHAT_ID_DEFAULT")}
	}
	if r.Token == "" || r.Chat == "" {
		return Route{}, ErrNoRoute
	}
	return r, nil
}

// label returns what stands before a text.
func (r Route) label(plain bool) string {
	if plain {
		return r.Label
	}
	return telegram.Escape(r.Label)
}
