package page_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/look"
	"github.com/montimer/montimer/internal/page"
	"github.com/montimer/montimer/internal/store"
)

// BenchmarkOverview reads and renders the state of a host with 100 profiles and
// 100,000 runs of 83 days, one of 101 failed, without what systemd says of them:
// deploy/bench-status.sh has that. cpu-ms is the time of the processor for a page.
func BenchmarkOverview(b *testing.B) {
	dir := b.TempDir()
	me, err := user.Current()
	if err != nil {
		b.Fatal(err)
	}
	h := montimer.Host{
		Checkout: dir, JobsFile: filepath.Join(dir, "jobs.yaml"), StateDir: dir, UnitDir: filepath.Join(dir, "units"), EnvFile: filepath.Join(dir, "env"),
		User: me.Username,
	}
	var jobs strings.Builder
	jobs.WriteString("profiles:\n")
	for i := range 100 {
		fmt.Fprintf(&jobs, "  p%04d: { cron: '%d */2 * * *', tasks: [{ name: a, command: /bin/true }] }\n", i, i%60)
	}
	if err := os.WriteFile(h.JobsFile, []byte(jobs.String()), 0o644); err != nil {
		b.Fatal(err)
	}
	fill(b, dir, 100, 100_000)
	handler := page.New(&look.Reader{Host: h, Units: host.Source{Getenv: func(string) string { return "" }}}, page.Options{})
	for _, path := range []string{"/", "/?span=30d", "/profiles/p0007", "/alerts"} {
		b.Run(path, func(b *testing.B) {
			size := 0
			before := cpu()
			for b.Loop() {
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
				if size = w.Body.Len(); w.Code != http.StatusOK {
					b.Fatalf("%d %s", w.Code, w.Body)
				}
			}
			b.ReportMetric(float64((cpu()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(size)/1000, "kB")
		})
	}
}

func cpu() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// fill records runs up to now, those of the profiles in turn, each two hours.
func fill(b *testing.B, dir string, profiles, runs int) {
	s, err := store.Open(b.Context(), dir, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now().UTC()
	for i := range profiles {
		daily := montimer.Timetable{Since: now.AddDate(0, 0, -90), Events: nil, Every: 2 * time.Hour, Local: time.Local}
		if err := s.InForce(b.Context(), fmt.Sprintf("p%04d", i), daily, ""); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, store.FileName))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		b.Fatal(err)
	}
	insert, err := tx.Prepare(`INSERT INTO montimer_runs (id, profile, trigger, attempt, started_at, ended_at, ended_boot, ended_boottime, state)
		VALUES (?, ?, 'timer', 1, ?, ?, 'boot', ?, ?)`)
	if err != nil {
		b.Fatal(err)
	}
	const layout = "2006-01-02T15:04:05.000000Z"
	step := 2 * time.Hour / time.Duration(profiles)
	for i := range runs {
		at := now.Add(-time.Duration(runs-i) * step)
		state := "ok"
		if i%101 == 0 {
			state = "failed"
		}
		_, err := insert.Exec(fmt.Sprintf("%032x", i), fmt.Sprintf("p%04d", i%profiles), at.Format(layout), at.Add(time.Duration(i%17+1)*time.Second).Format(layout),
			int64(time.Duration(i)*step), state)
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}
