// Package montimer holds the nouns of the project: what a jobs.yaml says once
// it has been read (Profile, Task, Schedule), and the host's settings (Host).
// It does no I/O.
//
// montimer turns jobs.yaml into systemd timers and services, and runs the
// tasks that those services start. A good order to read it in:
//
//	profile.go, schedule.go         what a job is
//	internal/jobs                   jobs.yaml → profiles, with diagnostics
//	internal/cron                   cron expressions → calendar events
//	internal/calendar               systemd.time(7): when a calendar event elapses
//	compiler                        profiles → the text of units
//	internal/unitdir, apply         units → files → a running systemd
//	taskexec, internal/tick         what `montimer exec` does at a tick
//	internal/timeline, view, look   how it all went
//	cmd/montimer                    one file per command
package montimer

import "embed"

// Sample is a first jobs.yaml and the checks that it runs, for `montimer init`.
//
//go:embed jobs.yaml deploy/checks/*.sh
var Sample embed.FS

// UnitTemplate is units.tmpl: the text/template definitions "timer", "service"
// and "target" that package compiler renders. It lives here because embedding
// cannot reach a parent folder.
//
//go:embed units.tmpl
var UnitTemplate string
