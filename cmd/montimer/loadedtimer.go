package main

import (
	"context"
	"fmt"

	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/taskexec"
)

// loadedTimer asks systemd for the timer of a profile.
func (e env) loadedTimer(ctx context.Context, profile string) (taskexec.Timer, error) {
	t, err := systemd.LoadedTimer(ctx, e.instance.Timer(profile))
	if err != nil {
		return taskexec.Timer{}, err
	}
	timer := taskexec.Timer{
		Local: t.Local, Jitter: t.RandomizedDelay, Boot: t.Boot, Interval: t.Interval, Persistent: t.Persistent,
		Triggered: t.LastTrigger, Since: t.ActiveSince, Freed: t.Freed, Trigger: t.Trigger, Began: t.Began,
	}
	for _, text := range t.Calendar {
		event, err := calendar.Parse(text)
		if err != nil {
			return taskexec.Timer{}, fmt.Errorf("the calendar of %s: %w", e.instance.Timer(profile), err)
		}
		timer.Events = append(timer.Events, event)
	}
	return timer, nil
}
