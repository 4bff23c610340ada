package notify

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/montimer/montimer/internal/telegram"
)

// Route is the chat that alerts go to, and the bot that sends them.
type Route struct {
	Token  string
	Chat   string
	Thread int    // topic of the chat; 0: none
	Label  string // before each text, not yet escaped; "": none
	Test   bool   // TELEGRAM_TEST_CHAT_ID is set
	Wrong  string // what has to be corrected although messages arrive; "": nothing

	TokenFrom, ChatFrom string // the variables
}

// Why nothing is sent.
var (
	ErrDebug   = errors.New("LOG_LEVEL is DEBUG: nothing is sent")
	ErrNoRoute = errors.New("nowhere to send to: set TELEGRAM_BOT_TOKEN_DEFAULT, and TELEGRAM_CHAT_ID_AUTOMATION or TELEGRAM_CHAT_ID_DEFAULT")
	ErrNoToken = errors.New("TELEGRAM_TEST_CHAT_ID is set, but TELEGRAM_BOT_TOKEN_DEFAULT is not")
)

// OfFile adds to an error about a missing route the file of its variables: the
// environment file of the services.
func OfFile(err error, file string) error {
	if errors.Is(err, ErrNoRoute) || errors.Is(err, ErrNoToken) || errors.Is(err, ErrDebug) {
		return fmt.Errorf("%w (these are variables of the services' environment file, %s)", err, file)
	}
	return err
}

// Waiting adds to an error about a missing route, for which alerts wait, the
// file of its variables, and whether that is missing.
func Waiting(err error, file string) error {
	if !errors.Is(err, ErrNoRoute) && !errors.Is(err, ErrNoToken) {
		return err
	}
	if _, statErr := os.Stat(file); errors.Is(statErr, fs.ErrNotExist) {
		return fmt.Errorf("alerts wait, as the environment file %s is missing: put it back; until then: %w", file, err)
	}
	return fmt.Errorf("alerts wait: %w (variables of %s)", err, file)
}

// String names the chat and the bot, without the bot's secret.
func (r Route) String() string {
	bot, _, _ := strings.Cut(r.Token, ":")
	where := "chat " + r.Chat
	if r.Thread != 0 {
		where += fmt.Sprintf(", topic %d", r.Thread)
	}
	return fmt.Sprintf("%s (%s) by bot %s", where, r.ChatFrom, bot)
}

// The environment variables; the tasks use the same names.
const (
	defaultToken = "TELEGRAM_BOT_TOKEN_DEFAULT"
	ownToken     = "TELEGRAM_BOT_TOKEN_AUTOMATION"
	testChat     = "TELEGRAM_TEST_CHAT_ID"
	topicsChat   = "TELEGRAM_CHAT_ID_TOPICS"
	topicID      = "TELEGRAM_TOPIC_ID_AUTOMATION"
	ownChat      = "TELEGRAM_CHAT_ID_AUTOMATION"
	defaultChat  = "TELEGRAM_CHAT_ID_DEFAULT"
)

// general is the topic that every forum has. sendMessage refuses its number as
// a thread that does not exist
// (https://github.com/tdlib/telegram-bot-api/issues/447): a message without a
// topic goes there.
const general = 1

// takeTopic sets the topic of the chat, or why it cannot be used.
func (r *Route) takeTopic(text string) {
	thread, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32)
	switch {
	case err != nil || thread < 0:
		r.Wrong = fmt.Sprintf("%s is %q, which is not the number of a topic: alerts go to the general topic of %s until it is corrected", topicID, text, r.Chat)
	case thread != general:
		r.Thread = int(thread)
	}
}

// FindRoute reads the route from the environment; an empty variable counts as
// unset. An invalid topic is left out, and Wrong says so: the wrong topic is
// better than none. The error is ErrDebug, ErrNoRoute or ErrNoToken.
func FindRoute(getenv func(string) string) (Route, error) {
	if strings.EqualFold(getenv("LOG_LEVEL"), "debug") {
		return Route{}, ErrDebug
	}
	if chat := getenv(testChat); chat != "" {
		r := Route{Chat: chat, ChatFrom: testChat, Label: "[automation] ", Test: true}
		if !r.takeToken(getenv, defaultToken) {
			return Route{}, ErrNoToken
		}
		return r, nil
	}
	r := Route{Chat: getenv(ownChat), ChatFrom: ownChat}
	switch topic, topics := getenv(topicID), getenv(topicsChat); {
	case topic != "" && topics != "":
		r.Chat, r.ChatFrom = topics, topicsChat
		r.takeToken(getenv, defaultToken)
		r.takeTopic(topic)
	case r.Chat != "":
		r.takeToken(getenv, ownToken, defaultToken)
	default:
		r, _ = lastResort(getenv)
	}
	if r.Token == "" || r.Chat == "" {
		return Route{}, ErrNoRoute
	}
	return r, nil
}

// lastResort is the route to TELEGRAM_CHAT_ID_DEFAULT, if there is one.
func lastResort(getenv func(string) string) (Route, bool) {
	r := Route{Chat: getenv(defaultChat), ChatFrom: defaultChat}
	return r, r.takeToken(getenv, defaultToken, ownToken) && r.Chat != ""
}

// takeToken sets the token from the first variable that is set.
func (r *Route) takeToken(getenv func(string) string, names ...string) bool {
	for _, name := range names {
		if r.Token = getenv(name); r.Token != "" {
			r.TokenFrom = name
			return true
		}
	}
	return false
}

// instead returns the route for a message that this one refuses for good: the
// last resort, if that is another chat, or another bot where the bot is
// refused. Test messages stay in the test chat.
func (r Route) instead(getenv func(string) string, failure *telegram.Error) (Route, bool) {
	to, ok := lastResort(getenv)
	switch {
	case !ok, r.Test, to.Token == r.Token && (to.Chat == r.Chat || failure.BadToken()):
		return Route{}, false
	}
	return to, true
}

// hint says what to correct after a permanent failure.
func (r Route) hint(failure *telegram.Error) string {
	switch {
	case failure.BadToken():
		return "the bot's token is wrong or was revoked: correct " + r.TokenFrom
	case failure.Status == http.StatusForbidden:
		return "the bot may not write to chat " + r.Chat + ": add it again, or correct " + r.ChatFrom
	case failure.NoTopic():
		return "the topic is closed or gone: open it, or correct " + topicID
	}
	return "check chat " + r.Chat + ", or correct " + r.ChatFrom
}

// label returns the prefix of a text.
func (r Route) label(plain bool) string {
	if plain {
		return r.Label
	}
	return telegram.Escape(r.Label)
}
