package tick

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/gitsync"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/pager"
	"github.com/montimer/montimer/internal/safetext"
)

// Sync is a git sync in this process, without a run.
type Sync struct {
	Host     montimer.Host
	UnitHost func() (montimer.Host, error) // with the settings that the next compile uses
	Repair   bool                          // first replace a damaged repository
	URL      string                        // of the remote, for Repair; "": as configured

	Stdout, Stderr io.Writer
}

// Args returns the command line that does the same in another process.
func (s Sync) Args() []string {
	args := []string{"sync"}
	if s.Repair {
		args = append(args, "--repair")
	}
	if s.URL != "" {
		args = append(args, "--url="+s.URL)
	}
	return args
}

// Exec syncs the checkout, and sends the pages about it. The error is safe to show.
func (s Sync) Exec(ctx context.Context) (gitsync.Outcome, error) {
	defer console.KeepAlive(os.Getenv("NOTIFY_SOCKET"), "git sync")()
	checkout := newCheckout(s.Host, s.UnitHost, new(jobsfile.Reader), console.NewLog(s.Stderr, false))
	Isolate(checkout.Log)
	if s.Repair {
		if err := s.repair(ctx, checkout.Syncer); err != nil {
			return gitsync.Outcome{}, err
		}
	}
	o := checkout.Syncer.Run(ctx)
	if len(o.Pages) > 0 {
		if err := pager.SendPages(ctx, s.Host.Instance, s.Host.StateDir, o.Pages, checkout.Log); err != nil {
			checkout.Log.Error("alerts: " + err.Error())
		}
	}
	if o.Err != nil {
		return o, fmt.Errorf("git sync: %s", checkout.safe(o.Err))
	}
	return o, nil
}

// repair replaces a damaged repository, and prints what it kept.
func (s Sync) repair(ctx context.Context, syncer gitsync.Syncer) error {
	commit, kept, err := syncer.Repair(ctx, s.URL)
	if kept != "" {
		fmt.Fprintf(s.Stderr, "the old repository is in %s: remove it when nothing in it is needed\n", kept)
	}
	if err != nil {
		return fmt.Errorf("repair the repository of %s: %s", syncer.Repo, safetext.String(err.Error()))
	}
	_, err = fmt.Fprintf(s.Stdout, "repaired %s, at commit %s\n", syncer.Repo, commit[:min(len(commit), 8)])
	return err
}
