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
//	compiler                        profiles → unit files → changes on disk
//	taskexec                        what `montimer exec` does at a tick
//	cmd/montimer                    one file per command
package montimer
