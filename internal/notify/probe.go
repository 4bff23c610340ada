package notify

import (
	"context"
	"errors"

	"github.com/montimer/montimer/internal/telegram"
)

// Probe is what the Bot API says of a route, without a message to it.
type Probe struct {
	Route
	Failure *telegram.Error // nil: the bot is there, and knows the chat
	OfBot   bool            // the failure is about the bot, not about the chat
}

// TryRoutes asks the Bot API about the routes that alerts can take: that of
// [FindRoute], and the last resort if it is another one. The error is that of
// FindRoute, or of the address of the API.
func TryRoutes(ctx context.Context, getenv func(string) string) ([]Probe, error) {
	first, err := FindRoute(getenv)
	if err != nil {
		return nil, err
	}
	bot, err := telegram.New(getenv("TELEGRAM_API_BASE"))
	if err != nil {
		return nil, err
	}
	routes := []Route{first}
	if last, ok := lastResort(getenv); ok && !first.Test && (last.Chat != first.Chat || last.Token != first.Token) {
		routes = append(routes, last)
	}
	probes := make([]Probe, len(routes))
	for i, r := range routes {
		probes[i] = Probe{Route: r}
		err := bot.Bot(ctx, r.Token)
		probes[i].OfBot = err != nil
		if err == nil {
			err = bot.Chat(ctx, r.Token, r.Chat)
		}
		errors.As(err, &probes[i].Failure)
	}
	return probes, nil
}

// Hint says what to correct, and in which variable; "": nothing.
func (p Probe) Hint() string {
	if p.Failure == nil || !p.Failure.Permanent() {
		return ""
	}
	return p.hint(p.Failure)
}
