package doctor

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/backup"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/gitsync"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/telegram"
	"github.com/montimer/montimer/internal/testhost"
	"github.com/montimer/montimer/internal/unitdir"
	"github.com/montimer/montimer/internal/view"
	"github.com/montimer/montimer/taskexec"
)

var now = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// wellFacts is a host on which all is well.
func wellFacts(t testing.TB) Facts {
	t.Helper()
	h := testhost.Host()
	h.User, h.Group, h.Home, h.Sync = "deploy", "deploy", "/home/deploy", montimer.DefaultSync()
	h.Serve = montimer.Serve{Enabled: true, Listen: "127.0.0.1:8923", TokenFile: "/etc/montimer/tokens"}
	h.Backup = montimer.Backup{Dir: "/mnt/backup", Every: time.Hour, Keep: 48}
	jobs := montimer.Jobs{
		Profiles: testhost.Profiles(t),
		OnChange: []montimer.OnChange{{Paths: []string{"uv.lock"}}},
	}
	jobs.Profiles[0].SyncBeforeRun, jobs.Profiles[0].Heartbeat = true, "HOURLY_HEARTBEAT"
	want, err := compiler.Render(h, jobs)
	if err != nil {
		t.Fatal(err)
	}
	units := UnitFacts{Want: want, Have: map[string]string{}, State: map[string]systemd.Detail{}, Path: []string{h.UnitDir}, Version: 252}
	var upheld []string
	for _, u := range want {
		units.Have[u.Name] = u.Content
		d := systemd.Detail{Unit: systemd.Unit{Load: "loaded", Active: "inactive"}, Enablement: "static"}
		if isTimerOrSocket(u.Name) {
			d.Active = "active"
			upheld = append(upheld, u.Name)
		}
		units.State[strings.Replace(u.Name, "@.", anInstance, 1)] = d
	}
	units.State[h.Instance.Target()] = systemd.Detail{Unit: systemd.Unit{Load: "loaded", Active: "active"}, Enablement: "enabled", Upholds: upheld}
	dir := owned{true, fs.ModeDir | 0o755, 1000, 1000}
	text := "TELEGRAM_BOT_TOKEN_DEFAULT=1:secret\nTELEGRAM_CHAT_ID_AUTOMATION=-1\nMONTIMER_HEARTBEAT=https://hc/x\nHOURLY_HEARTBEAT=https://hc/y\n"
	return Facts{
		Now: now, Host: h, Unknown: map[part]string{}, Jobs: jobs, Units: units,
		Env:     EnvFacts{File: owned{true, 0o640, 0, 1000}, Text: text, Vars: host.Environment(text)},
		Paths:   PathFacts{Config: "checkout: /srv/app\nrun_as: deploy\n", Entry: map[string]string{}, Checkout: dir, State: dir, UID: 1000, KnownUser: true, Self: "/usr/local/bin/montimer"},
		Bot:     BotFacts{Routes: []notify.Probe{{Route: notify.Route{Token: "1:secret", Chat: "-1"}}}},
		Beats:   []BeatFact{{Variable: "MONTIMER_HEARTBEAT"}, {Variable: "HOURLY_HEARTBEAT", Profile: "hourly"}},
		Clock:   ClockFacts{Synced: true, Local: time.UTC},
		Journal: JournalFacts{Storage: "persistent", Directory: true},
		Memory:  MemoryFacts{Total: 100, Available: 50},
		User: UserFacts{
			Database: store.Health{Version: 9, Known: 9, Size: 1 << 20},
			Checkout: gitsync.Standing{IsCheckout: true, Ours: true, URL: "https://example.org/x.git", Commit: "a", LastOK: now},
			Venv:     VenvFacts{Lock: now.Add(-time.Hour), Made: now},
			Remote:   RemoteFacts{Commit: "a"},
			Backup:   BackupFacts{State: backup.State{OK: now.Add(-time.Hour)}},
			Rooms:    []Room{{Name: "state_dir", Path: h.StateDir, Total: 100 << 30, Free: 50 << 30, Files: 100, Left: 50, Device: 1}, {Name: "caches", Path: "/var/cache/montimer", Total: 1, Free: 1, Device: 2}},
		},
	}
}

// faults has for each check a fault, and a part of the command that fixes it.
var faults = []struct {
	id     string
	change func(*Facts)
	fix    string
}{
	{"settings", func(f *Facts) { f.Settings = "config.yaml:1:1: unknown key" }, `"${EDITOR:-vi}" /etc/montimer/config.yaml`},
	{"run-as", func(f *Facts) { f.Settings, f.NoUser = "no such user", "deploy" }, "useradd --system"},

	{"unit-missing", func(f *Facts) { delete(f.Units.Have, timerOf("hourly")) }, "montimer apply"},
	{"unit-drifted", func(f *Facts) { f.replace(timerOf("hourly"), ":05:00", ":06:00") }, "montimer apply"},
	{"unit-version", func(f *Facts) { f.replace(serviceOf("hourly"), "UMask=0022", "UMask=0027") }, "montimer apply"},
	{"unit-edited", func(f *Facts) { f.Units.Have[timerOf("hourly")] += "# mine\n" }, "montimer apply"},
	{"unit-failed", func(f *Facts) { f.Units.Failed = []string{serviceOf("hourly")} }, "montimer run hourly --follow"},
	{"unit-failed", func(f *Facts) { f.Units.Failed = []string{timerOf("hourly")} }, "systemctl restart "},
	{"unit-failed", func(f *Facts) { f.Units.Failed = []string{serviceOf(montimer.GitSync)} }, "montimer sync && systemctl reset-failed "},
	{"unit-masked", func(f *Facts) {
		f.state(timerOf("hourly"), func(d *systemd.Detail) { d.Load, d.Active = "masked", "failed" })
	}, "systemctl unmask " + timerOf("hourly") + " && systemctl start " + timerOf("hourly")},
	{"unit-masked", func(f *Facts) {
		f.state(serviceOf("hourly"), func(d *systemd.Detail) { d.Load, d.Enablement = "masked", "masked-runtime" })
	}, "systemctl unmask --runtime " + serviceOf("hourly")},
	{"unit-refused", func(f *Facts) {
		f.state(timerOf("hourly"), func(d *systemd.Detail) { d.Load, d.DropIns = "bad-setting", []string{"/etc/x y.conf"} })
	}, "mv '/etc/x y.conf' '/etc/x y.conf.off' && systemctl daemon-reload && montimer apply"},
	{"unit-refused", func(f *Facts) { f.state(timerOf("hourly"), func(d *systemd.Detail) { d.Load = "error" }) }, "montimer apply"},
	{"unit-condition", func(f *Facts) {
		f.state(timerOf("hourly"), func(d *systemd.Detail) {
			d.Active, d.DropIns, d.Unmet = "inactive", []string{"/a.conf", "/b.conf"}, []string{"ConditionPathExists=/x"}
		})
		f.Units.DropIns = map[string]string{"/a.conf": "[Timer]\n", "/b.conf": "[Unit]\nConditionPathExists=/x\n"}
	}, "mv /b.conf /b.conf.off && systemctl daemon-reload && systemctl start "},
	{"unit-unread", func(f *Facts) { f.state(timerOf("hourly"), func(d *systemd.Detail) { d.Unread = true }) }, "montimer apply"},
	{"unit-path", func(f *Facts) { f.Units.Path = nil }, "sed -i '/^unit_dir:/d' /etc/montimer/config.yaml && montimer apply"},
	{"target-stopped", func(f *Facts) { f.state("", func(d *systemd.Detail) { d.Active = "inactive" }) }, "systemctl start "},
	{"target-disabled", func(f *Facts) { f.state("", func(d *systemd.Detail) { d.Enablement = "disabled" }) }, "systemctl enable "},
	{"timer-stopped", func(f *Facts) { f.state(timerOf("hourly"), func(d *systemd.Detail) { d.Active = "inactive" }) }, "systemctl start " + timerOf("hourly")},
	{"timer-not-upheld", func(f *Facts) { f.state("", func(d *systemd.Detail) { d.Upholds = d.Upholds[1:] }) }, "montimer apply"},
	{"helper-missing", func(f *Facts) { delete(f.Units.Have, helper("apply.socket")) }, "montimer apply"},
	{"helper-stopped", func(f *Facts) { f.state(helper("outbox.timer"), func(d *systemd.Detail) { d.Active = "inactive" }) }, "systemctl start "},
	{"helper-failed", func(f *Facts) { f.Units.Failed = []string{helper("failure@x.service")} }, "systemctl reset-failed "},
	{"systemd-version", func(f *Facts) { f.Units.Version = 249 }, "apt-get install --only-upgrade systemd"},

	{"jobs", func(f *Facts) { f.Mistake = "jobs.yaml:1:1: error" }, `runuser -u deploy -- "${EDITOR:-vi}" /srv/app/jobs.yaml`},
	{"jobs", func(f *Facts) {
		f.Mistake, f.Host.JobsFile = "jobs.yaml:1:1: error", "/srv/app/automation/jobs.yaml"
	}, `"${EDITOR:-vi}" /srv/app/automation/jobs.yaml`},
	{"jobs", func(f *Facts) { f.Mistake, f.NoCheckout = "the checkout does not exist", true }, `git clone "$URL" /srv/app`},
	{"checkout-missing", func(f *Facts) { f.Paths.Checkout.Exists = false }, `runuser -u deploy -- git clone "$URL" /srv/app`},
	{"checkout-hidden", func(f *Facts) { f.Host.Checkout, f.Host.JobsFile = "/tmp/app", "/tmp/app/jobs.yaml" }, "mv /tmp/app /srv/app && sed -i 's|^checkout:.*|checkout: /srv/app|' "},
	{"checkout-owner", func(f *Facts) { f.Paths.Checkout.UID = 0 }, "chown -R deploy: /srv/app"},
	{"checkout-owner", func(f *Facts) {
		f.Paths.Checkout.UID, f.Paths.Config = 0, "run_as: deploy\n" // it is the current directory, which may be any
	}, `"${EDITOR:-vi}" /etc/montimer/config.yaml`},
	{"checkout-owner", func(f *Facts) { f.Paths.Checkout.UID, f.Host.Checkout = 0, "/" }, `"${EDITOR:-vi}" /etc/montimer/config.yaml`},
	{"checkout-hidden", func(f *Facts) { f.Host.Checkout, f.Host.JobsFile = "/tmp", "/tmp/jobs.yaml" }, `"${EDITOR:-vi}" /etc/montimer/config.yaml`},
	{"checkout-mode", func(f *Facts) {
		f.Host.Checkout, f.Paths.Checkout.Mode = "/tmp", fs.ModeDir|fs.ModeSticky|0o777
	}, `"${EDITOR:-vi}" /etc/montimer/config.yaml`},
	{"state-owner", func(f *Facts) { f.Host.StateDir, f.Paths.State.UID = "/var/lib", 0 }, `"${EDITOR:-vi}" /etc/montimer/config.yaml`},
	{"git-owner", func(f *Facts) { f.User.Checkout.Ours, f.Paths.Config = false, "" }, `"${EDITOR:-vi}" /etc/montimer/config.yaml`},
	{"path-writable", func(f *Facts) { f.Paths.Entry[f.Host.EnvFile] = "/tmp" }, `"${EDITOR:-vi}" /etc/montimer/config.yaml`},
	{"checkout-mode", func(f *Facts) { f.Paths.Checkout.Mode = fs.ModeDir | 0o777 }, "chmod u+rwx,o-w /srv/app"},
	{"state-missing", func(f *Facts) { f.Host.StateDir, f.Paths.State.Exists = "/srv/state", false }, "install -d -o deploy -g deploy -m 750 /srv/state"},
	{"state-hidden", func(f *Facts) { f.Host.StateDir = "/tmp/state" }, "mv /tmp/state /srv/state && printf '%s\\n' 'state_dir: /srv/state' >>/etc/montimer/config.yaml && montimer apply"},
	{"state-hidden", func(f *Facts) { f.Host.StateDir, f.Paths.Config = "/tmp/state", "run_as: deploy" }, "printf '\\n%s\\n' 'state_dir: /srv/state'"},
	{"state-owner", func(f *Facts) { f.Paths.State.UID = 0 }, "chown -R deploy: /var/lib/montimer"},
	{"state-mode", func(f *Facts) { f.Paths.State.Mode = fs.ModeDir | 0o500 }, "chmod u+rwx,o-w /var/lib/montimer"},
	{"path-hidden", func(f *Facts) { f.Host.Binary = "/tmp/montimer" }, "install -m 755 /tmp/montimer /usr/local/bin/montimer && printf "},
	{"path-writable", func(f *Facts) {
		f.Paths.Entry[f.Host.EnvFile], f.Paths.Entry[f.Host.UnitDir] = "/etc/montimer", "/etc/montimer"
	}, "chown root:root /etc/montimer && chmod go-w /etc/montimer"},
	{"binary-missing", func(f *Facts) { f.Paths.Programs = []Program{{Path: "/bin/true", Missing: "no such file"}} }, "install -m 755 /usr/local/bin/montimer /bin/true"},
	{"binary-missing", func(f *Facts) {
		f.Paths.Programs, f.Paths.Self = []Program{{Path: "/usr/local/bin/montimer", Missing: "no such file"}}, packaged
	}, "montimer apply"},
	{"binary-version", func(f *Facts) {
		f.Paths.Programs, f.Paths.Own = []Program{{Path: "/bin/true", Version: "montimer 1"}}, "montimer 2"
	}, "install -m 755 /usr/local/bin/montimer /bin/true && montimer apply"},
	{"binary-version", func(f *Facts) {
		f.Paths.Packaged, f.Paths.Own = Program{Path: packaged, Version: "montimer 2"}, "montimer 1"
	}, "/usr/bin/montimer apply && rm /usr/local/bin/montimer"},
	{"binary-version", func(f *Facts) {
		f.Paths.Programs, f.Paths.Own, f.Paths.Self = []Program{{Path: "/usr/local/bin/montimer", Version: "montimer 1"}}, "montimer 2", packaged
	}, "/usr/bin/montimer apply && rm /usr/local/bin/montimer"},
	{"binary-version", func(f *Facts) {
		f.Paths.Programs, f.Paths.Own, f.Paths.Self = []Program{{Path: "/srv/m", Version: "montimer 1"}}, "montimer 2", packaged
		f.Paths.Config += "binary: /srv/m\n"
	}, "install -m 755 /usr/bin/montimer /srv/m && montimer apply"},
	{"needrestart", func(f *Facts) { f.Paths.Restarts = true }, ">/etc/needrestart/conf.d/montimer-local.conf"},

	{"env-missing", func(f *Facts) { f.Env.File = owned{}; f.Env.Read = "it does not exist" }, "install -m 640 -g deploy /dev/null /etc/montimer/env"},
	{"env-owner", func(f *Facts) { f.Env.File.UID, f.Env.Read = 1000, "untrusted" }, "chown root /etc/montimer/env"},
	{"env-mode", func(f *Facts) { f.Env.File.Mode = 0o644 }, "chmod 640 /etc/montimer/env"},
	{"env-crlf", func(f *Facts) { f.env("A=b\r\n") }, `sed -i 's/\r$//' /etc/montimer/env`},
	{"env-export", func(f *Facts) { f.env("export A=b\n") }, `sed -i '5s/^[[:space:]]*export[[:space:]]*//' /etc/montimer/env`},
	{"env-comment", func(f *Facts) { f.env("A=b # c\n") }, `sed -i '5s/ \{1,\}#[^"]*$//' /etc/montimer/env`},
	{"env-line", func(f *Facts) { f.env("A=$HOME\n") }, `"${EDITOR:-vi}" +5 /etc/montimer/env`},
	{"log-level", func(f *Facts) { f.env("LOG_LEVEL=loud\n") }, `sed -i '/^[[:space:]]*LOG_LEVEL[[:space:]]*=/d' `},
	{"log-debug", func(f *Facts) { f.env("LOG_LEVEL=debug\n") }, `sed -i '/^[[:space:]]*LOG_LEVEL[[:space:]]*=/d' `},
	{"test-chat", func(f *Facts) { f.env("TELEGRAM_TEST_CHAT_ID=1\n") }, `TELEGRAM_TEST_CHAT_ID[[:space:]]*=/d' /etc/montimer/env`},
	{"cache-dir", func(f *Facts) { f.env("CACHE_DIR=/srv/cache\n") }, `CACHE_DIR[[:space:]]*=/d' /etc/montimer/env`},

	{"alerts-nowhere", func(f *Facts) { f.Bot = BotFacts{None: notify.ErrNoRoute.Error()} }, editEnv},
	{"alerts-topic", func(f *Facts) { f.Bot.Routes[0].Wrong = "TELEGRAM_TOPIC_ID_AUTOMATION is \"x\"" }, editEnv},
	{"telegram-address", func(f *Facts) { f.Bot = BotFacts{Wrong: "no URL"} }, "TELEGRAM_API_BASE[[:space:]]*=/d'"},
	{"telegram-reach", func(f *Facts) { f.Bot.Routes[0].Failure = &telegram.Error{Description: "timeout"} }, "curl -sS https://api.telegram.org/"},
	{"telegram-reach", func(f *Facts) {
		f.Bot.Routes[0].Failure = &telegram.Error{Status: 502}
		f.env("HTTPS_PROXY=http://x\n")
	}, editEnv},
	{"telegram-bot", func(f *Facts) { f.Bot.Routes[0].Failure, f.Bot.Routes[0].OfBot = &telegram.Error{Status: 401}, true }, editEnv},
	{"telegram-chat", func(f *Facts) { f.Bot.Routes[0].Failure = &telegram.Error{Status: 400} }, editEnv},
	{"heartbeat-unset", func(f *Facts) { delete(f.Env.Vars, "HOURLY_HEARTBEAT") }, editEnv},
	{"heartbeat-unset", func(f *Facts) { delete(f.Env.Vars, "HOURLY_HEARTBEAT"); delete(f.Env.Vars, "MONTIMER_HEARTBEAT") }, editEnv},
	{"heartbeat-url", func(f *Facts) { f.Beats[1].Failure = "answered with status 404" }, editEnv},
	{"token-shared", func(f *Facts) { f.Others = []OtherEnv{{"/etc/other.env", map[string]string{"TOKEN": "1:secret"}}} }, editEnv},
	{"chat-shared", func(f *Facts) { f.Others = []OtherEnv{{"/etc/other.env", map[string]string{"CHAT": "-1"}}} }, editEnv},

	{"serve-port", func(f *Facts) {
		f.Serve.Taken = []Taken{{"127.0.0.1:8923", "python3", "monitoring-api.service"}}
		f.state(helper("api.socket"), func(d *systemd.Detail) { d.Active = "failed" })
	}, "systemctl stop monitoring-api.service && systemctl reset-failed montimer-api.socket && systemctl restart montimer-api.socket"},
	{"serve-port", func(f *Facts) { f.Serve.Taken = []Taken{{"127.0.0.1:8923", "systemd", ""}} }, `"${EDITOR:-vi}" /etc/montimer/config.yaml && montimer apply`},
	{"serve-start", func(f *Facts) {
		f.state(helper("api.service"), func(d *systemd.Detail) { d.Active, d.Sub = "activating", "auto-restart" })
	}, "montimer apply && systemctl restart montimer-api.service"},
	{"serve-start", func(f *Facts) {
		f.state(helper("api.service"), func(d *systemd.Detail) { d.Sub, d.DropIns = "auto-restart-queued", []string{"/a.conf", "/b.conf"} })
		f.Units.DropIns = map[string]string{"/a.conf": "[Service]\nNice=5\n", "/b.conf": "[Service]\nExecStart=\n"}
	}, "mv /b.conf /b.conf.off && systemctl daemon-reload && systemctl restart montimer-api.service"},
	{"serve-tokens", func(f *Facts) { f.Serve.Tokens = Tokens{"the token file is missing", tokensNone} }, "install -m 640 -g deploy /dev/null /etc/montimer/tokens && {"},
	{"serve-tokens", func(f *Facts) { f.Serve.Tokens = Tokens{"it can be read", tokensOpen} }, "chmod o= /etc/montimer/tokens"},
	{"serve-tokens", func(f *Facts) { f.Serve.Tokens = Tokens{"deploy cannot read", tokensHidden} }, "chgrp deploy /etc/montimer/tokens && chmod g+r "},
	{"serve-tokens", func(f *Facts) { f.Serve.Tokens = Tokens{"tokens:1: no token", tokensOther} }, `"${EDITOR:-vi}" /etc/montimer/tokens`},
	{"serve-public", func(f *Facts) { f.Host.Serve.TokenFile, f.Serve.Listens = "", []string{"0.0.0.0:1"} }, `"${EDITOR:-vi}" /etc/montimer/config.yaml && montimer apply`},
	{"serve-public", func(f *Facts) {
		f.Host.Serve.TokenFile, f.Serve.Listens = "", []string{"127.0.0.1:1", "[::]:1"}
		f.state(helper("api.socket"), func(d *systemd.Detail) { d.DropIns = []string{"/a.conf"} })
	}, "mv /a.conf /a.conf.off && systemctl daemon-reload && systemctl stop montimer-api.service && systemctl restart montimer-api.socket"},

	{"db-owner", problem(store.WrongOwner), "chown -h deploy: /var/lib/montimer/monitoring.db*"},
	{"db-mode", problem(store.WrongMode), "runuser -u deploy -- chmod o-w /var/lib/montimer /var/lib/montimer/monitoring.db*"},
	{"db-damaged", problem(store.Damaged), "montimer db restore"},
	{"db-damaged", func(f *Facts) { f.User.Database.Damage = "no database" }, "montimer db restore"},
	{"db-damaged", func(f *Facts) { f.Host.Backup, f.User.Database.Damage = montimer.Backup{}, "no database" }, "montimer db restore --empty"},
	{"db-schema", problem(store.WrongShape), "montimer db init"},
	{"db-schema", func(f *Facts) { f.User.Database.Problems = []store.Problem{{Kind: store.WrongShape, Text: "x"}} }, "montimer db check --repair"},
	{"db-trigger", problem(store.TaskTrigger), "DROP TRIGGER"},
	{"db-rows", problem(store.WrongRows), "montimer db check --repair"},
	{"db-index", problem(store.NoIndex), "montimer db init"},
	{"db-newer", func(f *Facts) { f.User.Database.Version = 10 }, `install -m 755 "$NEW" /bin/true`},
	{"db-size", func(f *Facts) { f.User.Database.Size = 3 << 30 }, "VACUUM"},
	{"db-size", func(f *Facts) { f.User.Database.Size, f.User.Database.Free = 100<<20, 70<<20 }, "VACUUM"},
	{"db-log", problem(store.LargeLog), "wal_checkpoint(TRUNCATE)"},
	{"db-locked", func(f *Facts) { f.User.Database.Writer = 42 }, "runuser -u deploy -- kill 42"},

	{"git-remote", func(f *Facts) { f.User.Remote = RemoteFacts{Failure: "not found"} }, `git -C /srv/app remote set-url origin "$URL"`},
	{"git-remote", func(f *Facts) { f.User.Remote, f.User.Checkout.URL = RemoteFacts{Failure: "not found"}, "" }, `git -C /srv/app remote add origin "$URL"`},
	{"git-credentials", func(f *Facts) { f.User.Checkout.Credentials = true }, "git credential approve && git remote set-url origin https://example.org/x.git"},
	{"git-credentials", func(f *Facts) { f.User.Checkout.Credentials, f.User.Checkout.URL = true, "ssh://host/x" }, `remote set-url origin "$URL"`},
	{"git-owner", func(f *Facts) { f.User.Checkout.Ours = false }, "chown -R deploy: /srv/app"},
	{"git-unsynced", func(f *Facts) { f.Jobs.Profiles[0].SyncBeforeRun = false }, "printf '%s\\n' 'sync: { every: 10m }' >>/etc/montimer/config.yaml && montimer apply"},
	{"git-unsynced", func(f *Facts) { f.Jobs.Profiles[0].SyncBeforeRun = false; f.Paths.Config += "sync:\n  branch: x\n" }, `"${EDITOR:-vi}" /etc/montimer/config.yaml && montimer apply`},
	{"git-behind", func(f *Facts) { f.User.Remote.Commit, f.User.Checkout.LastOK = "b", now.Add(-2*time.Hour) }, "montimer sync"},
	{"git-dirty", func(f *Facts) { f.User.Checkout.Changed = []string{"jobs.yaml"} }, "montimer sync"},
	{"venv-stale", func(f *Facts) { f.User.Venv.Made = time.Time{} }, "uv sync --frozen && touch .venv"},
	{"venv-onchange", func(f *Facts) { f.Jobs.OnChange = nil }, `runuser -u deploy -- "${EDITOR:-vi}" /srv/app/jobs.yaml`},

	{"clock-unsynced", func(f *Facts) { f.Clock.Synced = false }, "timedatectl set-ntp true"},
	{"clock-change", func(f *Facts) {
		f.Now = time.Date(2026, 10, 23, 0, 0, 0, 0, time.UTC)
		for i, text := range []string{"*-*-* 02:30:00 Europe/Berlin", "*-*-* 12:00:00 Europe/Berlin"} { // the second has its ticks
			event, err := calendar.Parse(text)
			if err != nil {
				panic(err)
			}
			f.Jobs.Profiles[i].Schedule = montimer.Schedule{Events: []calendar.Event{event}, Timezone: "Europe/Berlin"}
		}
	}, `"${EDITOR:-vi}" /srv/app/jobs.yaml`},
	{"journal-volatile", func(f *Facts) { f.Journal = JournalFacts{} }, "mkdir -p /var/log/journal && "},
	{"journal-retention", func(f *Facts) { f.Journal.Retention = "1week" }, "MaxRetentionSec=0"},
	{"journal-retention", func(f *Facts) {
		f.Journal = JournalFacts{Storage: "persistent", Directory: true, MaxUse: "100M", Used: 95 << 20, Oldest: now.Add(-time.Hour)}
	}, "SystemMaxUse=400M"},
	{"backup-dir", func(f *Facts) { f.User.Backup.Place = backup.Place{Wrong: "/mnt/backup does not exist", Missing: true} }, "install -d -m 750 -o deploy -g deploy /mnt/backup"},
	{"backup-dir", func(f *Facts) {
		f.User.Backup.Place = backup.Place{Wrong: "/mnt/backup cannot be written: permission denied"}
	}, "chown deploy /mnt/backup && chmod u+rwx /mnt/backup"},
	{"owner", func(f *Facts) {
		f.User.Backup.Elsewhere, f.User.Backup.Fix = "beta runs them", "montimer takeover /mnt/backup"
	}, "montimer takeover /mnt/backup"},
	{"owner", func(f *Facts) { f.User.Backup.Unknown = "owner.json cannot be read" }, "ls -l /mnt/backup"},
	{"owner", func(f *Facts) {
		f.User.Backup.Unknown, f.User.Backup.Remove = "unexpected end of JSON input", "rm -r /mnt/backup/owner.json"
	}, "rm -r /mnt/backup/owner.json"},
	{"machine-id", func(f *Facts) { f.User.Backup.Namesake = "twin" }, "rm -f /etc/machine-id /var/lib/dbus/machine-id && systemd-machine-id-setup"},
	{"backup-late", func(f *Facts) { f.User.Backup.State.OK = now.Add(-3 * time.Hour) }, "systemctl start montimer-backup.service"},
	{"backup-late", func(f *Facts) { f.User.Backup.State.Failures, f.User.Backup.State.Error = 1, "the disk is full" }, "systemctl start montimer-backup.service"},
	{"disk-space", func(f *Facts) { f.User.Rooms[0].Free = 1 << 29 }, "du -xah /var/lib/montimer"},
	{"disk-space", func(f *Facts) {
		f.User.Rooms = append(f.User.Rooms, Room{"journal", "/var/log", 10, 0, 0, 0, 2})
		f.User.Rooms[1].Free = 0
	}, "journalctl --vacuum-size=100M && apt-get clean"},
	{"disk-inodes", func(f *Facts) { f.User.Rooms[1].Files, f.User.Rooms[1].Left = 100, 1 }, "runuser -u deploy -- env -C / find /var/cache/montimer -mindepth 1 -delete"},
	{"memory", func(f *Facts) { f.Memory.Available = 5 }, "swapon /swapfile"},
	{"memory", func(f *Facts) { f.Memory.Available, f.Memory.Swap = 15, 1 }, "ps -eo"},
}

const editEnv = `"${EDITOR:-vi}" /etc/montimer/env`

func timerOf(profile string) string   { return montimer.Instance("").Timer(profile) }
func serviceOf(profile string) string { return montimer.Instance("").Service(profile) }
func helper(name string) string       { return montimer.Instance("").Unit(name) }

func problem(kind store.ProblemKind) func(*Facts) {
	return func(f *Facts) {
		f.User.Database.Problems = []store.Problem{{Kind: kind, Path: "/elsewhere/monitoring.db", Text: "x"}}
	}
}

// state changes what systemd says of a unit; "": of the target.
func (f *Facts) state(unit string, change func(*systemd.Detail)) {
	if unit == "" {
		unit = f.Host.Instance.Target()
	}
	d := f.Units.State[unit]
	change(&d)
	f.Units.State[unit] = d
}

// replace changes a unit on disk as another compile would have written it.
func (f *Facts) replace(unit, old, text string) {
	changed := f.Host
	changed.Umask = "0027"
	if strings.HasSuffix(unit, ".timer") {
		changed = f.Host
	}
	profiles := slices.Clone(f.Jobs.Profiles)
	if old == ":05:00" {
		profiles[0].Schedule.Events = nil
		profiles[0].Schedule.Every = []time.Duration{time.Hour}
	}
	units, err := compiler.Render(changed, montimer.Jobs{Profiles: profiles})
	if err != nil {
		panic(err)
	}
	for _, u := range units {
		if u.Name == unit {
			f.Units.Have[unit] = u.Content
		}
	}
}

func (f *Facts) env(more string) {
	f.Env.Text += more
	f.Env.Vars = host.Environment(f.Env.Text)
}

// TestFaults: each check finds its fault, and nothing on a host that is well; its
// command is one line, and says no secret.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, finding := range judge(Checks(), wellFacts(t)) {
		if finding.Status != view.CheckOK {
			t.Errorf("on a host that is well: %+v", finding)
		}
	}
	var tested []string
	for _, tt := range faults {
		f := wellFacts(t)
		tt.change(&f)
		checks, err := Options{Only: []string{tt.id}}.choose(Checks())
		if err != nil {
			t.Fatal(err)
		}
		tested = append(tested, tt.id)
		for i, finding := range judge(checks, f) {
			bad := finding.Status != view.CheckFault && finding.Status != view.CheckWarning || !strings.Contains(finding.Fix, tt.fix)
			if i == 0 && bad || finding.Text == "" || finding.Why == "" || finding.ID != tt.id {
				t.Errorf("%s: %+v, want %s", tt.id, finding, tt.fix)
			}
			if strings.Contains(finding.Fix, "\n") || strings.Contains(finding.Text+finding.Fix, "secret") {
				t.Errorf("%s: %q, %q", tt.id, finding.Text, finding.Fix)
			}
		}
	}
	for _, c := range Checks() {
		if !slices.Contains(tested, c.ID) {
			t.Errorf("no fault for %s", c.ID)
		}
	}
}

// TestNotCompiled: where nothing is compiled that is said once, and the rest depends on it.
func TestNotCompiled(t *testing.T) {
	t.Parallel()
	f := wellFacts(t)
	f.Units.Have = map[string]string{}
	for name := range f.Units.State {
		f.Units.State[name] = systemd.Detail{Unit: systemd.Unit{Load: "not-found", Active: "inactive"}}
	}
	var wrong []string
	for _, finding := range judge(Checks(), f) {
		if finding.Status == view.CheckFault || finding.Status == view.CheckWarning {
			wrong = append(wrong, finding.ID+": "+finding.Text)
		}
	}
	if len(wrong) != 1 || !strings.HasPrefix(wrong[0], "unit-missing: nothing is compiled: none of the ") {
		t.Errorf("%q", wrong)
	}
}

// TestBounded: what git, SQLite or systemd says at length is cut.
func TestBounded(t *testing.T) {
	t.Parallel()
	f := wellFacts(t)
	f.User.Database.Damage = strings.Repeat("Tree 5 page 3: ", 1000)
	f.Unknown[partRemote] = strings.Repeat("fatal: ", 1000)
	for _, finding := range judge(Checks(), f) {
		if n := len(finding.Text); n > 4*maxText {
			t.Errorf("%s: %d bytes", finding.ID, n)
		}
	}
}

// TestPlanted: the booted scenario plants a fault for each check, but for those that
// no scenario can have.
func TestPlanted(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../testdata/boot/doctor.sh")
	if err != nil {
		t.Fatal(err)
	}
	impossible := map[string]string{
		"systemd-version": "the system of the tests has a newer one",
		"timer-stopped":   "systemd starts it again at once",
		"db-newer":        "its command installs a version that does not exist",
		"clock-unsynced":  "the clock is that of the machine",
		"clock-change":    "there may be none within a week",
		"memory":          "the memory is that of the machine",
	}
	seen := map[string]bool{}
	for _, c := range Checks() {
		planted := strings.Contains(string(text), "\nfault "+c.ID+" ")
		if planted == (impossible[c.ID] != "") {
			t.Errorf("%s: planted: %t", c.ID, planted)
		}
		if seen[c.ID] || c.Find == "" || c.Why == "" || strings.HasSuffix(c.Why, ".") {
			t.Errorf("%+v", c)
		}
		seen[c.ID] = true
	}
}

// TestUnknown: what could not be read is said, and is no finding.
func TestUnknown(t *testing.T) {
	t.Parallel()
	f := wellFacts(t)
	for _, c := range Checks() {
		for _, p := range c.needs {
			f.Unknown[p] = "permission denied"
		}
	}
	delete(f.Unknown, partSettings)
	for _, finding := range judge(Checks(), f) {
		if want := finding.ID == "settings" || finding.ID == "run-as" || finding.ID == "jobs"; want == (finding.Status == view.NotChecked) {
			t.Errorf("%+v", finding)
		}
	}
	f = wellFacts(t)
	f.Env.Read = "permission denied"
	f.Mistake, f.Unknown[partJobs] = "jobs.yaml:1", "jobs.yaml has mistakes"
	for _, finding := range judge(Checks(), f) {
		if finding.Status == view.CheckFault && finding.ID != "jobs" {
			t.Errorf("%+v", finding)
		}
	}
	f.Settings = "broken"
	for _, finding := range judge(Checks(), f) {
		if finding.ID != "settings" && finding.ID != "run-as" && finding.Status != view.NotChecked {
			t.Errorf("%+v", finding)
		}
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	all := Checks()
	for _, o := range []Options{{Only: []string{"unit-maskd"}}, {Skip: []string{""}}} {
		var unknown *taskexec.UnknownError
		if _, err := o.choose(Checks()); !errors.As(err, &unknown) || unknown.Kind != "check" || len(unknown.Known) != len(all) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if got, _ := (Options{Only: []string{"jobs", "memory"}, Skip: []string{"memory"}}).choose(Checks()); len(got) != 1 || got[0].ID != "jobs" {
		t.Errorf("%+v", got)
	}
}

// TestHostile: a command has no text that a task could choose.
func TestHostile(t *testing.T) {
	t.Parallel()
	f := wellFacts(t)
	const hostile = "$(reboot)`reboot`;reboot'\n"
	f.User.Checkout = gitsync.Standing{IsCheckout: true, Ours: true, URL: "https://" + hostile, Credentials: true, Commit: hostile, Changed: []string{hostile}}
	f.User.Remote = RemoteFacts{Commit: hostile, Failure: hostile}
	for _, kind := range []store.ProblemKind{store.WrongOwner, store.WrongMode, store.LargeLog, store.Damaged, store.WrongShape, store.NoIndex, store.TaskTrigger, store.WrongRows} {
		f.User.Database.Problems = append(f.User.Database.Problems, store.Problem{Kind: kind, Path: "/" + hostile, Text: hostile})
	}
	f.User.Database.Damage, f.User.Database.Writer = hostile, -1
	f.User.Rooms = []Room{{Name: "state_dir", Path: "/" + hostile, Total: 100}}
	for _, finding := range judge(Checks(), f) {
		if strings.Contains(finding.Fix, "reboot") {
			t.Errorf("%s: %s", finding.ID, finding.Fix)
		}
	}
}

// TestStarted reads what services start from their units.
func TestStarted(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for name, command := range map[string]string{"a": "/opt/montimer exec a", "b": "/opt/montimer exec b", "c": `"/x y" exec c`, "d": "montimer exec d"} {
		files[serviceOf(name)] = "[Service]\nExecStart=" + command + "\n"
	}
	files[helper("tmp.service")] = "[Service]\nExecStart=/bin/true\n"
	if got := started(unitdir.Installed{Files: files}, "/otherwise"); !slices.Equal(got, []string{"/opt/montimer"}) {
		t.Errorf("%q", got)
	}
	if got := started(unitdir.Installed{}, "/otherwise"); !slices.Equal(got, []string{"/otherwise"}) {
		t.Errorf("%q", got)
	}
}

// TestClockNote: a change that is far away, or changes nothing, is no finding.
func TestClockNote(t *testing.T) {
	t.Parallel()
	f := wellFacts(t)
	checks, err := Options{Only: []string{"clock-change"}}.choose(Checks())
	if err != nil {
		t.Fatal(err)
	}
	got := judge(checks, f)
	const want = "profile two-lines: the clocks of Europe/Berlin change at 2027-03-28 01:00 UTC"
	if len(got) != 1 || got[0].Status != view.CheckOK || got[0].Text != want {
		t.Errorf("%+v", got)
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{"": "''", "/srv/a-b_c.d": "/srv/a-b_c.d", "a b": "'a b'", "it's": `'it'\''s'`, "ä": "'ä'", "$x": "'$x'"} {
		if got := taskexec.QuoteWord(word); got != want {
			t.Errorf("%q: %s", word, got)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	if m := parseMemory("MemTotal:       24683520 kB\nMemFree: 1 kB\nMemAvailable:   23999999 kB\nSwapTotal:  0 kB\n"); m != (MemoryFacts{24683520, 23999999, 0}) {
		t.Errorf("%+v", m)
	}
	for text, want := range map[string]int64{"": 0, "512": 512, "1K": 1024, "4G": 4 << 30, "10%": 0, "-1": 0} {
		if got := parseSize(text); got != want {
			t.Errorf("%s: %d", text, got)
		}
	}
	if parts, err := ParseParts("database,git remote"); err != nil || len(parts) != 2 {
		t.Errorf("%v, %v", parts, err)
	}
	if _, err := ParseParts("units"); err == nil {
		t.Error("a part that is not the user's")
	}
}

// TestVenv: a package that was added counts, and a .venv that is not there.
func TestVenv(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if v := venv(dir); v != (VenvFacts{}) {
		t.Errorf("%+v", v)
	}
	packages := filepath.Join(dir, ".venv/lib/python3.12/site-packages")
	if err := errors.Join(os.MkdirAll(packages, 0o755), os.WriteFile(filepath.Join(dir, "uv.lock"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	for path, at := range map[string]time.Time{filepath.Join(dir, ".venv"): now.Add(-time.Hour), packages: now, filepath.Join(dir, "uv.lock"): now.Add(-time.Minute)} {
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if v := venv(dir); !v.Made.Equal(now) || !v.Lock.Equal(now.Add(-time.Minute)) {
		t.Errorf("%+v", v)
	}
}
