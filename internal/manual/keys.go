package manual

import (
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobs"
)

// Jobs writes the page of the keys of jobs.yaml, jobs.yaml(5), as roff (man(7)).
func Jobs(w io.Writer, keys []jobs.Key) error {
	r := &roff{w: w}
	r.title("jobs.yaml", "5", "the profiles that montimer runs")
	r.section("description")
	r.paragraph("A YAML file of profiles; each is a schedule and an ordered list of tasks. It says what runs and when, never as which user or with which rights. The keys marked (defaults) may also stand in the mapping defaults, for every profile or task that does not set them itself.")
	r.paragraph("montimer compile --check reports all mistakes with their line and column; montimer explain says what a schedule means.")
	r.example(firstJobs)
	level := ""
	for _, key := range keys {
		if key.Level != level && key.Level == "defaults" {
			// The keys themselves are those of profiles and tasks.
			level = key.Level
			r.section("keys of defaults")
			r.paragraph("Those that are marked (defaults) below.")
		}
		if key.Level == "defaults" {
			continue
		}
		if key.Level != level {
			level = key.Level
			r.section("keys of " + level)
		}
		term := key.Name + ": " + key.Type
		text := key.Doc
		if key.Default != "" {
			text += " Default: " + key.Default + "."
		}
		if key.Inherits {
			text += " (defaults)"
		}
		r.entry(term, text)
	}
	r.section("examples")
	r.paragraph("All that a schedule can be:")
	r.example(scheduleJobs)
	r.paragraph("Tasks that wait for each other, and what happens when they fail:")
	r.example(taskJobs)
	r.section("see also")
	r.paragraph("montimer(1), montimer-config(5), systemd.time(7), crontab(5)")
	return r.err
}

// The files that jobs.yaml(5) shows.
const (
	firstJobs = `profiles:
  nightly:
    cron: "30 4 * * *"
    timezone: Europe/Berlin
    description: Report, then clean up
    tasks:
      - { name: report, command: [python3, report.py], timeout: 1h }
      - { name: prune, command: "find reports -type f -mtime +30 -delete" }
`
	scheduleJobs = `defaults:
  timezone: Europe/Berlin
  cron_dialect: crontab
profiles:
  office:
    cron: ["0 9-17/2 * * 1-5", "30 18 * * 5"]
    tasks: [{ name: poll, command: [poll, --all] }]
  first-monday:
    calendar: "Mon *-*-01..07 08:00"
    catch_up: false
    tasks: [{ name: invoice, command: [invoice] }]
  often:
    every: 10m
    jitter: 1m
    overlap: queue
    tasks: [{ name: sync, command: [sync-mail] }]
  boot:
    cron: "@reboot"
    enabled: false
    tasks: [{ name: warm, command: [warm-cache] }]
`
	taskJobs = `notify:
  after: 2
  repeat_every: 6h
  recovery: true
  report: weekly
sync:
  on_change:
    - paths: uv.lock
      command: [uv, sync, --frozen]
      timeout: 10m
defaults:
  timeout: 5m
  retries: 1
  retry_delay: 30s
profiles:
  hourly:
    cron: "5 * * * *"
    sync_before_run: true
    timeout: 50m
    parallel: 2
    heartbeat: HEARTBEAT_HOURLY
    env: { REGION: eu }
    tasks:
      - name: fetch
        command: [python3, fetch.py]
        args: { since: 1h }
      - name: check
        command: [python3, check.py]
        workdir: checks
        env: { STRICT: "1" }
      - name: publish
        script: publish.py
        interpreter: python3
        after: [fetch, check]
      - { name: later, script: later.sh, enabled: false }
`
)

// HostGroup is the group of the options for the host's settings.
const HostGroup = "host"

// HostHelp has the help of these options, ${host_KEY} with the key of config.yaml.
func HostHelp() kong.Vars {
	vars := kong.Vars{}
	for _, k := range host.Keys() {
		vars["host_"+k.Name] = k.Help()
	}
	return vars
}

// Config writes the page of the host's settings, montimer-config(5), as roff (man(7)).
func Config(w io.Writer, keys []host.Key) error {
	r := &roff{w: w}
	r.title("montimer-config", "5", "the settings of a host for montimer")
	r.section("synopsis")
	r.entries([][2]string{
		{own.ConfigFile(), "The settings, in YAML."},
		{own.EnvFile(), "The environment of the services, with the secrets."},
		{own.PauseDir(), "The profiles that are paused."},
	})
	r.section("description")
	r.paragraph("The settings say what jobs.yaml(5) cannot: as which user, where and with which rights its tasks run. They belong to root. montimer apply makes a change take effect; compile, apply and doctor report all mistakes with their line and column.")
	r.paragraph("A setting comes from the option of montimer(1), else from the environment variable, else from the file, else from its default. montimer init --settings prints a file with all settings as comments.")
	r.example(`# ` + own.ConfigFile() + `
checkout: /srv/app
run_as: deploy
timezone: Europe/Berlin
sync: {every: 10m}
backup: {dir: /mnt/backup/montimer}
sandbox: {"*": default, legacy: host}
limits: {"*": {memory_max: 512M}, report: {memory_max: 2G}}
`)
	r.section("settings")
	r.keys(keys)
	for _, k := range keys {
		if k.Keys != nil {
			r.section("keys of " + k.Name)
			r.keys(k.Keys)
		}
	}
	r.section("environment file")
	r.paragraph("One NAME=value on each line, as systemd.exec(5) has it for EnvironmentFile=: no export, no $NAME, a value with blanks or # in double quotes. Its values reach every task. It belongs to root and is readable by the group of the deploy user (mode 0640). A missing file keeps tasks from running: each tick is recorded as failed, and reported once the file is back.")
	r.section("pauses")
	r.paragraph("montimer pause writes a file for each profile, with the end of the pause and its reason, and montimer resume removes it. The directory belongs to root, so that no task can silence another. A file that is not root's, or cannot be read, pauses nothing.")
	r.section("other instances")
	r.paragraph("Another instance, NAME, has " + other.ConfigFile() + ", " + other.EnvFile() + " and " + other.PauseDir() + ".")
	r.section("see also")
	r.paragraph("montimer(1), jobs.yaml(5), montimer-units(7), systemd.exec(5), systemd.resource-control(5), systemd.time(7)")
	return r.err
}

// keys are settings with what they take.
func (r *roff) keys(keys []host.Key) {
	for _, k := range keys {
		text := k.Doc
		if k.Default != "" {
			text += " Default: " + k.Default + "."
		}
		if k.Variables != nil {
			text += " Variable: " + strings.Join(k.Variables, ", else ") + "."
		}
		r.entry(k.Name+": "+k.Type, text)
	}
}
