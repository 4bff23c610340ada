package takeover

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/backup"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/taskexec"
)

// Retirement is how this host gives up the right to run the jobs.
type Retirement struct {
	To   string        // the file or directory of the last backup; "": the directory of the host's backups
	Wait time.Duration // for runs under way
}

// poll is the time between two looks at runs under way.
const poll = 500 * time.Millisecond

// Retire stops the jobs of this host for good. It can be repeated after it was killed.
func (r Root) Retire(ctx context.Context, o Retirement) error {
	dir, target := r.Host.Backup.Dir, r.Host.Instance.Target()
	to := o.To
	if to == "" {
		to = dir
	}
	if to == "" {
		return fmt.Errorf("there is no directory for the last backup: name a file (%s), or set backup: in %s", r.Host.Instance.Command("retire FILE"), r.Host.Instance.ConfigFile())
	}
	if dir != "" {
		answer, err := r.AsUser(ctx, Ask{Do: askLook, Source: dir, Here: r.Here})
		if err != nil {
			return err
		}
		switch owner := answer.State.Owner; {
		case answer.State.Unread != "":
			return errors.New(answer.State.Unread)
		case owner != nil && owner.ID != r.Here.ID:
			return &backup.NotOwnerError{Dir: dir, Owner: *owner}
		case owner != nil && owner.Retired:
			r.Say(fmt.Sprintf("this host was retired at %s already", clock(owner.Since)))
			return r.off(ctx, target)
		}
	}
	if err := r.off(ctx, target); err != nil {
		return err
	}
	running, err := r.wait(ctx, o.Wait)
	if err != nil {
		return err
	}
	if len(running) > 0 {
		r.Say("still running, and without a result in the last backup: " + strings.Join(running, ", "))
	}
	if err := r.Flush(ctx); err != nil {
		r.Say("not all alerts were sent: " + err.Error())
	}
	since := time.Now().UTC().Truncate(time.Second)
	var last Answer
	for _, to := range directories(dir, to) { // a takeover of either finds the last state
		var err error
		if last, err = r.AsUser(ctx, Ask{Do: askBackup, Source: to, Here: r.Here, Since: since, Keep: r.Host.Backup.Keep}); err != nil {
			return fmt.Errorf("the last backup: %w", err)
		}
		r.Say("the last backup is " + last.Path)
	}
	if last.Waits > 0 {
		r.Say(fmt.Sprintf("alerts that could not be sent go with the backup: %d (%s)", last.Waits, r.Host.Instance.Command("notify pending")))
	}
	if dir != "" {
		if _, err := r.AsUser(ctx, Ask{Do: askRetire, Here: r.Here, Since: since, Dirs: []string{dir}}); err != nil {
			return err
		}
	}
	r.Say("next, on the new host: " + r.Host.Instance.Command("takeover "+taskexec.QuoteWord(to)))
	return nil
}

// off pauses the profiles, and stops the target so that nothing but a takeover starts it.
func (r Root) off(ctx context.Context, target string) error {
	err := r.Pauses.Pause(host.ByRetire, "this host is retired: "+r.Host.Instance.Command("takeover")+" ends that")
	return errors.Join(err, r.Control.Disable(ctx, target), r.Control.Stop(ctx, target), r.Control.Mask(ctx, target), r.Control.Reload(ctx))
}

// wait waits for the runs under way, and returns those that are left.
func (r Root) wait(ctx context.Context, most time.Duration) (running []string, err error) {
	for end, said := time.Now().Add(most), false; ; said = true {
		running, err = r.running(ctx)
		if err != nil || len(running) == 0 || time.Now().After(end) {
			return running, err
		}
		if !said {
			r.Say(fmt.Sprintf("waiting up to %s for %s", most.Round(time.Second), strings.Join(running, ", ")))
		}
		select {
		case <-ctx.Done():
			return running, ctx.Err()
		case <-time.After(poll):
		}
	}
}
