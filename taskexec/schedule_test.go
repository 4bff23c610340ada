package taskexec

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
)

func TestSchedule(t *testing.T) {
	t.Parallel()
	// "a b<a c<a,b": the tasks, and what each comes after. In want each word
	// is what starts together; then the first of those running ends.
	tests := []struct {
		name, tasks string
		limit       int
		want        string
	}{
		{"nothing", "", 1, ""},
		{"one at a time in file order", "a b c", 1, "a b c"},
		{"no limit given is one at a time", "a b", 0, "a b"},
		{"two at once", "a b c d", 2, "ab c d"},
		{"more room than tasks", "a b", 9, "ab"},
		{"a task waits for another", "a b<a c", 3, "ac b"},
		{"file order gives way to after", "a<b b", 1, "b a"},
		{"waiting for two", "a b c<a,b", 3, "ab - c"},
		{"a place is free but nothing may start", "a b<a", 2, "a b"},
		{"after one that is not in this run", "a<z b", 1, "a b"},
		{"after itself", "a<a b", 1, "a b"},
		{"a circle is broken at its first", "a<b b<a c", 1, "c a b"},
		{"duplicate names are waited for both", "a a b<a", 3, "aa - b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := simulate(parseTasks(tt.tasks), tt.limit); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func parseTasks(text string) []montimer.Task {
	var tasks []montimer.Task
	for word := range strings.FieldsSeq(text) {
		name, after, _ := strings.Cut(word, "<")
		task := montimer.Task{Name: name}
		if after != "" {
			task.After = strings.Split(after, ",")
		}
		tasks = append(tasks, task)
	}
	return tasks
}

func simulate(tasks []montimer.Task, limit int) string {
	s := newSchedule(tasks, limit)
	var steps []string
	var running []int
	for {
		step := ""
		for i, ok := s.start(); ok; i, ok = s.start() {
			step += tasks[i].Name
			running = append(running, i)
		}
		if step == "" && len(running) > 0 {
			step = "-"
		}
		if len(running) == 0 {
			return strings.TrimRight(strings.Join(steps, " "), " -")
		}
		steps = append(steps, step)
		s.end(running[0])
		running = running[1:]
	}
}

// For any dependencies and any order of ends: each task starts just
// once, never more than the limit at once, and unless there is a circle none
// before what it comes after.
func TestScheduleProperties(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 0))
		tasks := make([]montimer.Task, rng.IntN(8))
		circles := seed%2 == 0
		for i := range tasks {
			tasks[i].Name = fmt.Sprint(i)
			for j := range tasks {
				if (circles || j < i) && rng.IntN(4) == 0 {
					tasks[i].After = append(tasks[i].After, fmt.Sprint(j))
				}
			}
		}
		limit := 1 + rng.IntN(3)
		s := newSchedule(tasks, limit)
		var order, running []int
		for {
			for i, ok := s.start(); ok; i, ok = s.start() {
				for _, name := range tasks[i].After {
					if !circles && !slices.ContainsFunc(order, func(j int) bool { return tasks[j].Name == name }) {
						t.Fatalf("seed %d: %d started before %s had ended", seed, i, name)
					}
				}
				running = append(running, i)
			}
			if len(running) > limit {
				t.Fatalf("seed %d: %d at once", seed, len(running))
			}
			if len(running) == 0 {
				break
			}
			k := rng.IntN(len(running))
			s.end(running[k])
			order = append(order, running[k])
			running = slices.Delete(running, k, k+1)
		}
		slices.Sort(order)
		want := make([]int, len(tasks))
		for i := range want {
			want[i] = i
		}
		if diff := cmp.Diff(want, append([]int{}, order...)); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
}
