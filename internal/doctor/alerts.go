package doctor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/hostcheck"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/unitfile"
)

// BotFacts is what the Bot API says of the routes of alerts.
type BotFacts struct {
	Routes []notify.Probe
	None   string // why there is no route; "": there is one
	Wrong  string // what is wrong with the address of the API; "": nothing
}

// BeatFact is what the service of a heartbeat says.
type BeatFact struct {
	Variable, Profile string // "": of the host as a whole
	Failure           string // "": it answers
}

// OtherEnv is an environment file of other services on the host.
type OtherEnv struct {
	Path string
	Vars map[string]string
}

// asServices has this process reach the network as the services do.
func (r *reader) asServices() {
	r.sending.Do(func() { host.TakeSending(r.facts.Host, slog.New(slog.DiscardHandler)) }) // its error is one of reading the file, which is reported
}

func (r *reader) bot(ctx context.Context) error {
	if r.facts.Env.Read != "" {
		return errors.New(r.facts.Env.Read)
	}
	r.asServices()
	ctx, cancel := context.WithTimeout(ctx, networkTime)
	defer cancel()
	b := &r.facts.Bot
	var err error
	b.Routes, err = notify.TryRoutes(ctx, r.facts.Env.get)
	switch {
	case errors.Is(err, notify.ErrDebug): // a finding of its own
		return err
	case errors.Is(err, notify.ErrNoRoute), errors.Is(err, notify.ErrNoToken):
		b.None = err.Error()
	case err != nil:
		b.Wrong = err.Error()
	}
	return nil
}

func (r *reader) beats(ctx context.Context) error {
	if r.facts.Env.Read != "" {
		return errors.New(r.facts.Env.Read)
	}
	r.asServices()
	ctx, cancel := context.WithTimeout(ctx, networkTime)
	defer cancel()
	beats := []BeatFact{{Variable: montimer.GlobalHeartbeat}}
	for _, p := range r.facts.Jobs.Profiles {
		if p.Enabled && p.Heartbeat != "" {
			beats = append(beats, BeatFact{Variable: p.Heartbeat, Profile: p.Name})
		}
	}
	heart := notify.Heartbeat{Getenv: r.facts.Env.get}
	var trying sync.WaitGroup
	for i, b := range beats {
		if r.facts.Env.get(b.Variable) == "" {
			continue
		}
		trying.Go(func() {
			if err := heart.Try(ctx, b.Variable); err != nil {
				beats[i].Failure = err.Error()
			}
		})
	}
	trying.Wait()
	r.facts.Beats = beats
	return nil
}

// maxEnv is the size from which a file is no environment file.
const maxEnv = 1 << 20

// others reads the environment files of all units, and those beside the own one, as
// far as only root can change them.
func (r *reader) others(context.Context) error {
	if r.facts.Env.Read != "" {
		return errors.New(r.facts.Env.Read)
	}
	beside, _ := filepath.Glob(filepath.Join(filepath.Dir(r.facts.Host.EnvFile), "*env")) // no error: the pattern is a good one
	files := beside
	for _, dir := range append(unitfile.UnitPath(), "/lib/systemd/system") {
		units, _ := filepath.Glob(filepath.Join(dir, "*.service"))
		dropIns, _ := filepath.Glob(filepath.Join(dir, "*.service.d/*.conf"))
		for _, unit := range append(units, dropIns...) {
			if text, err := os.ReadFile(unit); err == nil && strings.Contains(string(text), "EnvironmentFile") {
				for _, file := range unitfile.Values(string(text), "Service", "EnvironmentFile") {
					files = append(files, strings.TrimPrefix(file, "-"))
				}
			}
		}
	}
	slices.Sort(files)
	for _, file := range slices.Compact(files) {
		info, err := os.Stat(file)
		if err != nil || file == r.facts.Host.EnvFile || !info.Mode().IsRegular() || info.Size() > maxEnv || host.Trusted(file) != nil {
			continue
		}
		if text, err := os.ReadFile(file); err == nil {
			r.facts.Others = append(r.facts.Others, OtherEnv{file, host.Environment(string(text))})
		}
	}
	return nil
}

// shared finds variables of the environment file whose value another one has too.
func shared(prefix string) func(Facts) []found {
	return func(f Facts) (all []found) {
		for _, other := range f.Others {
			values := map[string]bool{}
			for _, value := range other.Vars {
				values[value] = true
			}
			var names []string
			for name, value := range f.Env.Vars {
				if strings.HasPrefix(name, prefix) && value != "" && values[value] {
					names = append(names, name)
				}
			}
			if slices.Sort(names); len(names) > 0 {
				all = append(all, found{text: fmt.Sprintf("%s has the value of %s too", other.Path, strings.Join(names, ", ")), fix: edit(f.Host.EnvFile)})
			}
		}
		return all
	}
}

// probed finds routes that the Bot API does not know.
func probed(ofBot bool) func(Facts) []found {
	return func(f Facts) (all []found) {
		for _, p := range f.Bot.Routes {
			if p.Failure != nil && p.Failure.Permanent() && p.OfBot == ofBot {
				all = append(all, found{text: fmt.Sprintf("%s: %s: %s", p.Route, p.Failure, p.Hint()), fix: edit(f.Host.EnvFile)})
			}
		}
		return all
	}
}

func unreachable(f Facts) (all []found) {
	for _, p := range f.Bot.Routes {
		if p.Failure == nil || p.Failure.Permanent() {
			continue
		}
		fix := "curl -sS https://api.telegram.org/"
		for _, name := range []string{"TELEGRAM_API_BASE", "HTTPS_PROXY", "https_proxy"} {
			if f.Env.get(name) != "" {
				fix = edit(f.Host.EnvFile)
			}
		}
		return []found{{text: "the Bot API gives no good answer: " + p.Failure.Error(), fix: fix}}
	}
	return nil
}

func unsetBeats(f Facts) (all []found) {
	for _, text := range hostcheck.Heartbeats(f.Host, f.Jobs, f.Env.get) {
		all = append(all, found{text: text, fix: edit(f.Host.EnvFile)})
	}
	return all
}

func deadBeats(f Facts) (all []found) {
	for _, b := range f.Beats {
		if b.Failure != "" {
			all = append(all, found{text: b.Variable + ": " + b.Failure, fix: edit(f.Host.EnvFile)})
		}
	}
	return all
}

func alertChecks() []Check {
	bot, beats, others := []part{partEnv, partBot}, []part{partEnv, partBeats}, []part{partEnv, partOthers}
	return []Check{
		{"alerts-nowhere", "nowhere to send alerts to", "no failure is reported", false, bot, func(f Facts) []found {
			if f.Bot.None == "" {
				return nil
			}
			return []found{{text: f.Bot.None + " (" + f.Host.EnvFile + ")", fix: edit(f.Host.EnvFile)}}
		}},
		{"alerts-topic", "topic that is no number", "alerts go to the general topic", false, bot, func(f Facts) (all []found) {
			for _, p := range f.Bot.Routes {
				if p.Wrong != "" {
					all = append(all, found{text: p.Wrong, fix: edit(f.Host.EnvFile)})
				}
			}
			return all
		}},
		{"telegram-address", "TELEGRAM_API_BASE that cannot be used", "no alert can be sent", false, bot, func(f Facts) []found {
			if f.Bot.Wrong == "" {
				return nil
			}
			return []found{{text: f.Bot.Wrong, fix: deleteVariable(f.Host.EnvFile, "TELEGRAM_API_BASE")}}
		}},
		{"telegram-reach", "no answer of Telegram", "no alert can be sent", false, bot, unreachable},
		{"telegram-bot", "bots that Telegram does not know (getMe), of every route in use", "no alert can be sent", false, bot, probed(true)},
		{"telegram-chat", "chats that the bot does not know (getChat), of every route in use", "alerts do not arrive there", false, bot, probed(false)},
		{"heartbeat-unset", "heartbeats whose variable is not set", "nobody is told when this host or the profile is gone", true, beats, unsetBeats},
		{"heartbeat-url", "heartbeats whose URL does not answer", "the monitor says that this host is gone, or never does", false, beats, deadBeats},
		{"token-shared", "bot token that another environment file of the host has too", "the two are limited together, and revoked together", true, others, shared("TELEGRAM_BOT_TOKEN_")},
		{"chat-shared", "chat that another environment file of the host has too", "who reads an alert cannot tell what it is about", true, others, shared("TELEGRAM_CHAT_ID_")},
	}
}
