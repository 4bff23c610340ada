package jobs

import (
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/cron"
)

// A Key is one key of jobs.yaml, for reference texts.
type Key struct {
	Level    string // the mapping it stands in: "top", "defaults", "profile", "task", …
	Name     string
	Type     string
	Default  string // "": none
	Inherits bool   // a profile or task that does not set it takes it from defaults
	Doc      string // whole sentences
}

// An entry is a Key and the JSON Schema of its values.
type entry struct {
	Key
	schema func() object
}

// A field is an entry of a mapping that is decoded to a T, and how.
type field[T any] struct {
	entry
	set func(d *decoder, v value, t *T)
}

// key makes a field that is read as k into the part of a T that at returns.
func key[T, V any](name string, k kind[V], byDefault string, at func(*T) *V, doc string) field[T] {
	return field[T]{
		entry: entry{Key{Name: name, Type: k.name, Default: byDefault, Doc: doc}, k.schema},
		set:   func(d *decoder, v value, t *T) { k.read(d, v, at(t)) },
	}
}

// inherits marks a field that may stand in defaults.
func (f field[T]) inherits() field[T] {
	f.Inherits = true
	return f
}

// The bounds of the spans and numbers.
const (
	day         = 24 * time.Hour
	maxTimeout  = 7 * day
	taskTimeout = 15 * time.Minute
	retryDelay  = 10 * time.Second
)

func topKeys() []field[file] {
	return []field[file]{
		key("profiles", raw(profileMap), "", func(f *file) *value { return &f.profiles },
			"The jobs: a mapping from the name of a profile to its settings. A name has letters, digits, \"_\", \".\" and \"-\", at most 64, the first a letter or a digit. Required."),
		key("defaults", raw(func() object { return ref("defaults") }), "", func(f *file) *value { return &f.defaults },
			"Settings for every profile and task that does not set them itself."),
		key("sync", mapping("sync", func(t *table) *level[syncSettings] { return &t.sync }), "", func(f *file) *syncSettings { return &f.sync },
			"What to run after a git sync."),
		key("notify", mapping("notify", func(t *table) *level[montimer.NotifyPolicy] { return &t.notify }), "", func(f *file) *montimer.NotifyPolicy { return &f.jobs.Notify },
			"How failures are reported."),
	}
}

func syncKeys() []field[syncSettings] {
	return []field[syncSettings]{
		key("on_change", onChanges(), "", func(s *syncSettings) *[]onChange { return &s.onChange },
			"Commands to run after a sync that changed certain files."),
	}
}

func onChangeKeys() []field[onChange] {
	return []field[onChange]{
		key("paths", words(anyWord), "", func(c *onChange) *[]located { return &c.paths },
			"Files or directories of the checkout, relative to it. Required."),
		key("command", command(), "", func(c *onChange) *montimer.Command { return &c.Command },
			"What to run in the checkout when one of them has changed: a list is a program and its arguments, a text is a line for sh. Required."),
		key("timeout", span(time.Second, maxTimeout), "15m", func(c *onChange) *time.Duration { return &c.Timeout },
			"The command is stopped after this time."),
	}
}

func notifyKeys() []field[montimer.NotifyPolicy] {
	type T = montimer.NotifyPolicy
	return []field[T]{
		key("after", count(1, 1000), "1", func(n *T) *int { return &n.After },
			"A profile is reported from so many failed runs in a row on: 3 is from the third. A run whose process was killed is reported at once, and a good run after failures that were not reported is not either."),
		key("repeat_every", span(0, 31*day), "0", func(n *T) *time.Duration { return &n.RepeatEvery },
			"A profile that goes on failing is reported again after this time. 0: at every run that fails."),
		key("recovery", boolean(), "true", func(n *T) *bool { return &n.Recovery },
			"Also report the first good run after failures."),
		key("report", choice(montimer.ReportDaily, montimer.ReportWeekly), "none", func(n *T) *montimer.ReportPeriod { return &n.Report },
			"Send a report of all runs, also when all is well: how many ran, failed and were missed, and what took longer than before. Then silence means something. Daily at 08:00, or weekly on Monday at 08:00, in the zone of the host; what it missed while the host was off, it sends at the next boot."),
	}
}

func profileKeys() []field[profile] {
	type T = profile
	return []field[T]{
		key("cron", words(someText), "", func(p *T) *[]located { return &p.cron },
			"A cron expression or a list of them; the profile runs when any of them says so. @reboot is one run in each boot, however often the timer is started. A profile has exactly one of cron, calendar and every."),
		key("calendar", words(someText), "", func(p *T) *[]located { return &p.calendar },
			"A calendar event of systemd.time(7) or a list of them, such as \"Mon..Fri 9:00\". The seconds must be whole. An open step such as 2/6:00 is written closed, 02..20/6:00, so that no change of the clock stops the timer."),
		key("every", interval(time.Second, 1000*day), "", func(p *T) *time.Duration { return &p.every },
			"A time span of at most 24h. If it divides 24 hours the runs are at fixed times of the day in UTC, else the first is that long after boot, and each other that long after the one before."),
		key("timezone", zone(), "that of the host", func(p *T) *string { return &p.timezone },
			"The IANA time zone that cron and calendar are meant in, such as Europe/Berlin. What systemd could take for an abbreviation of the host's own zone (GMT, EST, MST, HST, CET, MET, EET, WET) gets another name in the units, such as UTC or Europe/Brussels.").inherits(),
		key("cron_dialect", choice(cron.Dialects()...), string(cron.Supercronic), func(p *T) *cron.Dialect { return &p.dialect },
			"The program that defines how cron expressions are read.").inherits(),
		key("description", prose(), "", func(p *T) *string { return &p.Description },
			"What the profile is for."),
		key("enabled", boolean(), "true", func(p *T) *bool { return &p.Enabled },
			"Whether the profile is scheduled.").inherits(),
		key("env", environment(), "", func(p *T) *[]montimer.EnvVar { return &p.Env },
			"Environment variables for the tasks, over those of the host's env file. Variables of defaults stay unless they are set again.").inherits(),
		key("sync_before_run", boolean(), "false", func(p *T) *bool { return &p.SyncBeforeRun },
			"Bring the checkout up to date before the tasks.").inherits(),
		key("catch_up", boolean(), "true", func(p *T) *bool { return &p.CatchUp },
			"Run once, late, when runs were missed: the host was down, or the timer was stopped. With false, a missed run is recorded as skipped.").inherits(),
		key("jitter", span(0, day), "0", func(p *T) *time.Duration { return &p.Jitter },
			"Delay all runs by one fixed, randomly chosen part of this span. It must be shorter than the shortest time between two runs. A run just before the clock goes back can be delayed beyond that, and then happens twice: a warning says so.").inherits(),
		key("overlap", choice(montimer.OverlapSkip, montimer.OverlapQueue), string(montimer.OverlapSkip), func(p *T) *montimer.Overlap { return &p.Overlap },
			"What to do with a run that is due while the last one is still under way: skip it, or queue one to follow at once. A skipped run is recorded. A run is not skipped, but follows at once, where the next one is more than an hour away or the last one was killed.").inherits(),
		key("timeout", span(time.Second, maxTimeout), "none", func(p *T) *time.Duration { return &p.Timeout },
			"The whole run is stopped after this time."),
		key("parallel", count(1, 64), "1", func(p *T) *int { return &p.Parallel },
			"How many tasks may run at once.").inherits(),
		key("heartbeat", variable(), "", func(p *T) *string { return &p.Heartbeat },
			"The name of an environment variable of the host that holds a URL to ping at each run. The URL is a secret and does not belong in jobs.yaml.").inherits(),
		key("tasks", tasks(), "", func(p *T) *[]task { return &p.tasks },
			"What a run does, in this order."),
	}
}

func taskKeys() []field[task] {
	type T = task
	return []field[T]{
		key("name", text(), "", func(t *T) *string { return &t.Name },
			"A name for reports. Required."),
		key("script", text(), "", func(t *T) *string { return &t.Script },
			"A file of the checkout, relative to it. A task has exactly one of script and command."),
		key("command", command(), "", func(t *T) *montimer.Command { return &t.Command },
			"A list is a program and its arguments, a text is a line for sh."),
		key("args", arguments(), "", func(t *T) *[]montimer.Arg { return &t.Args },
			"Arguments: each key: value becomes --key=value, after the script or the command. A line for sh finds them in \"$@\"."),
		key("env", environment(), "", func(t *T) *[]montimer.EnvVar { return &t.Env },
			"Environment variables for this task, over those of the profile."),
		key("enabled", boolean(), "true", func(t *T) *bool { return &t.Enabled },
			"Whether the task is run."),
		key("timeout", span(time.Second, maxTimeout), "15m", func(t *T) *time.Duration { return &t.Timeout },
			"The task is stopped, and has failed, after this time.").inherits(),
		key("retries", count(0, 100), "0", func(t *T) *int { return &t.Retries },
			"How often a failed task is tried again.").inherits(),
		key("retry_delay", span(0, day), "10s", func(t *T) *time.Duration { return &t.RetryDelay },
			"The pause before the first retry.").inherits(),
		key("workdir", word(), "the checkout", func(t *T) *string { return &t.Workdir },
			"The directory to run in, relative to the checkout.").inherits(),
		key("after", words(anyWord), "", func(t *T) *[]located { return &t.after },
			"A task, or a list of tasks, of the same profile that must have ended before this one starts, whatever their result."),
		key("interpreter", interpreter(), "by the script's name", func(t *T) *[]string { return &t.Interpreter },
			"The program that runs the script, or a list of it and its arguments. Without it a .py file is run by the checkout's .venv/bin/python if there is one, else by python3, a .sh file by sh, and any other file runs itself.").inherits(),
	}
}
