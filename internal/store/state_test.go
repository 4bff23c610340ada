package store

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/testenv"
)

// TestState stores, replaces, lists and removes values, in a database of the tasks.
func TestState(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	python(t, dir)
	reader, err := Open(t.Context(), dir, Options{ReadOnly: true, Shared: true})
	if err != nil {
		t.Fatalf("montimer's tables are needed: %v", err)
	}
	defer reader.Close()
	v, found, err := reader.StateValue(t.Context(), "cache-id.txt", "url")
	if err != nil || !found || v.Value != "http://host:1/x:y" || v.Updated.IsZero() {
		t.Errorf("%+v, %v, %v", v, found, err)
	}
	s := open(t, dir, Options{})
	for _, value := range []string{"1", "", "\x00\xff", "2"} {
		old, found, err := s.SetState(t.Context(), montimer.StateValue{Namespace: "a", Key: "k", Value: value})
		if err != nil || found != (value != "1") {
			t.Fatalf("%q replaces %+v, %v, %v", value, old, found, err)
		}
		if got, _, err := reader.StateValue(t.Context(), "a", "k"); err != nil || got.Value != value {
			t.Errorf("%q is read as %q, %v", value, got.Value, err)
		}
	}
	all, err := reader.Namespaces(t.Context())
	if err != nil || len(all) != 4 || all[0].Name != "a" || all[0].Keys != 1 || time.Since(all[0].Updated) > time.Hour {
		t.Errorf("%+v, %v", all, err)
	}
	old, found, err := s.RemoveState(t.Context(), "a", "k")
	if err != nil || !found || old.Value != "2" {
		t.Errorf("removed %+v, %v, %v", old, found, err)
	}
	if _, found, err := s.RemoveState(t.Context(), "a", "k"); err != nil || found {
		t.Errorf("removed twice: %v, %v", found, err)
	}
	if left, err := reader.State(t.Context(), "a"); err != nil || len(left) != 0 {
		t.Errorf("%+v, %v", left, err)
	}
}

// TestImportTogether has two imports of the same keys and of other ones, and two
// Python programs write to one database: none gives up, and nothing is lost.
func TestImportTogether(t *testing.T) {
	t.Parallel()
	interpreter := testenv.Python(t, "sqlite3")
	long, many := 400*time.Millisecond, 2000
	if testenv.Soak() {
		long, many = time.Minute, mostImported+many
	}
	dir := t.TempDir()
	var values []montimer.StateValue
	for n := range many {
		values = append(values, montimer.StateValue{Key: fmt.Sprintf("0x%040d+cap", n), Value: fmt.Sprint(n)})
	}
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	var group sync.WaitGroup
	var first atomic.Int64
	for n := range 2 {
		s := open(t, dir, Options{})
		group.Go(func() {
			written, err := s.ImportState(t.Context(), "same.txt", values, false)
			if first.Add(int64(written)); err != nil {
				t.Errorf("import %d: %v", n, err)
			}
			for round := 0; ctx.Err() == nil; round++ {
				if round%2 == 0 { // other values, and the same again
					for i := range values[:many/2] {
						values := values[i : i+1]
						if _, err := s.ImportState(t.Context(), fmt.Sprint("own", n), values, true); err != nil {
							t.Errorf("import %d: %v", n, err)
							return
						}
						if ctx.Err() != nil {
							return
						}
					}
				} else if written, err := s.ImportState(t.Context(), "same.txt", values, true); err != nil || written > 0 {
					t.Errorf("import %d writes %d values that are there, %v", n, written, err)
				}
			}
		})
	}
	var theirs [2]struct {
		Alerts, Sent, Values int
		Errors               []string
	}
	for n := range theirs {
		group.Go(func() {
			out, err := exec.Command(interpreter, "testdata/tasks.py", filepath.Join(dir, FileName), fmt.Sprint(long.Seconds()), fmt.Sprint("python", n)).Output()
			if err == nil {
				err = json.Unmarshal(out, &theirs[n])
			}
			if err != nil {
				t.Errorf("python %d: %v", n, err)
			}
		})
	}
	group.Wait()
	if first.Load() != int64(many) {
		t.Errorf("two imports wrote %d of %d values", first.Load(), many)
	}
	s := open(t, dir, Options{})
	found, err := s.State(t.Context(), "same.txt")
	if err != nil || len(found) != many || found[many-1].Value != fmt.Sprint(many-1) {
		t.Errorf("%d of %d values, %v", len(found), many, err)
	}
	for n, their := range theirs {
		rows, err := s.State(t.Context(), fmt.Sprint("python", n))
		if want := min(100, their.Values); len(rows) != want || err != nil || len(their.Errors) > 0 {
			t.Errorf("python %d: %d of %d rows, %v, %v", n, len(rows), want, err, their.Errors)
		}
	}
}

// BenchmarkImportState imports 100,000 values, and measures the longest time that
// another connection waits for the write lock.
func BenchmarkImportState(b *testing.B) {
	values := make([]montimer.StateValue, mostImported)
	for n := range values {
		values[n] = montimer.StateValue{Key: fmt.Sprintf("0x%040d+cap", n), Value: fmt.Sprint(n)}
	}
	for _, kind := range []string{"new", "same", "overwrite"} {
		b.Run(kind, func(b *testing.B) {
			var longest time.Duration
			for range b.N {
				dir := b.TempDir()
				s, other := open(b, dir, Options{}), open(b, dir, Options{})
				if kind != "new" {
					if _, err := s.ImportState(b.Context(), "n", values, false); err != nil {
						b.Fatal(err)
					}
				}
				ctx, cancel := context.WithCancel(b.Context())
				var group sync.WaitGroup
				group.Go(func() {
					for ctx.Err() == nil {
						began := time.Now()
						if _, _, err := other.SetState(b.Context(), montimer.StateValue{Namespace: "task", Key: "k", Value: "v"}); err != nil {
							b.Error(err)
						}
						longest = max(longest, time.Since(began))
					}
				})
				for i := range values {
					if kind == "overwrite" {
						values[i].Value += "1"
					}
				}
				b.ResetTimer()
				if _, err := s.ImportState(b.Context(), "n", values, kind == "overwrite"); err != nil {
					b.Error(err)
				}
				b.StopTimer()
				cancel()
				group.Wait()
			}
			b.ReportMetric(longest.Seconds()*1000, "ms-longest-wait")
		})
	}
}
