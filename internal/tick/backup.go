package tick

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/backup"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/pager"
	"github.com/montimer/montimer/internal/store"
)

// Backup is a backup of the database.
type Backup struct {
	Host   montimer.Host
	To     string // file or directory; "": the directory of the host's settings
	Keep   int    // how many stay in that directory; 0: all
	Report bool   // keep the state, and report the first of several failures in a row
	Log    *slog.Logger
}

// Exec makes the backup and returns its path; "": nothing has run yet, and with Report
// that is no failure.
func (b Backup) Exec(ctx context.Context) (path string, err error) {
	to := b.To
	if to == "" {
		to = b.Host.Backup.Dir
	}
	if to == "" {
		return "", fmt.Errorf("nothing says where the backup goes: %s, or backup: {dir: /var/backups/%s} in %s",
			b.Host.Instance.Command("db backup DIR"), b.Host.Instance.Prefix(), b.Host.Instance.ConfigFile())
	}
	if b.To == "" {
		to += "/" // never a file: where a mount is missing, its name is free
	}
	source := backup.Source{Instance: b.Host.Instance, StateDir: b.Host.StateDir, Host: host.Hostname(), Now: time.Now()}
	if !b.Report {
		return source.Make(ctx, to, b.Keep)
	}
	return b.reported(ctx, source, to)
}

// reported makes the backup, and says so once when it fails, and when that is over. One
// that was killed is a failure if the one after it is, too.
func (b Backup) reported(ctx context.Context, source backup.Source, to string) (path string, err error) {
	last, _ := backup.ReadState(b.Host.StateDir) // what cannot be read is replaced
	state := last.Began(source.Now)
	if last.Running && state.Failures > 1 && !state.Reported {
		state.Reported = b.page(ctx, b.failed(to, state.Error))
	}
	kept := state.Write(b.Host.StateDir)
	path, err = source.Make(ctx, to, b.Keep)
	_, missing := os.Lstat(filepath.Join(b.Host.StateDir, store.FileName))
	switch {
	case errors.Is(missing, fs.ErrNotExist) && err != nil: // nothing has run yet
		return "", errors.Join(kept, last.Write(b.Host.StateDir))
	case errors.Is(err, backup.ErrBusy) || ctx.Err() != nil: // neither good nor bad
		return "", errors.Join(err, kept, last.Write(b.Host.StateDir))
	}
	ended := state.Ended(path, err, time.Now())
	switch {
	case err != nil && !ended.Reported:
		ended.Reported = b.page(ctx, b.failed(to, ended.Error))
	case err == nil && state.Reported:
		b.page(ctx, "the database is backed up again: "+path)
	}
	return path, errors.Join(err, kept, ended.Write(b.Host.StateDir))
}

func (b Backup) failed(to, why string) string {
	return fmt.Sprintf("the backup of the database to %s failed: %s; to try again: systemctl start %s", filepath.Clean(to), why, b.Host.Instance.Unit("backup.service"))
}

// page reports whether a page is stored or sent.
func (b Backup) page(ctx context.Context, text string) bool {
	ctx = context.WithoutCancel(ctx)
	p := pager.OfProcess(b.Host.Instance, pager.Open(ctx, b.Host.Instance, b.Host.StateDir), b.Log)
	defer p.Records.Close()
	p.Page(ctx, "", "", text)
	_, err := p.Send(ctx)
	if err != nil {
		b.Log.Error("alerts: " + err.Error())
	}
	return err == nil || p.Records.Err == nil
}
