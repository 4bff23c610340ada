package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer/compiler"
)

func TestCompareTimers(t *testing.T) {
	t.Parallel()
	const target, timer, service = compiler.TargetName, "montimer-job-p.timer", "montimer-job-p.service"
	want := []compiler.Unit{
		{Name: service, Content: "# sha256:1\n[Service]\nUser=a\n"},
		{Name: timer, Content: "# sha256:2\n[Timer]\nOnCalendar=daily\n"},
		{Name: target, Content: "[Unit]\nUpholds=" + timer + "\n"},
	}
	same := func() map[string]string {
		return map[string]string{
			service: "[Service]\nUser=b\n",
			timer:   "# sha256:3\n[Timer]\nOnCalendar=daily\nDeferReactivation=yes\n",
			target:  want[2].Content,
		}
	}
	for name, tc := range map[string]struct {
		change func(files map[string]string)
		want   []string
	}{
		"what the host decides":     {func(map[string]string) {}, nil},
		"another schedule":          {func(f map[string]string) { f[timer] = strings.Replace(f[timer], "daily", "hourly", 1) }, []string{timer}},
		"a profile that is new":     {func(f map[string]string) { delete(f, timer); f[target] = "[Unit]\n" }, []string{timer, target}},
		"a profile that has gone":   {func(f map[string]string) { f[target] += "Upholds=montimer-job-gone.timer\n" }, []string{target}},
		"files kept for the reload": {func(f map[string]string) { f["montimer-job-gone.timer"] = "[Timer]\n" }, nil},
		"never compiled":            {func(f map[string]string) { clear(f) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := same()
			tc.change(files)
			if diff := cmp.Diff(tc.want, compareTimers(want, compiler.Installed{Files: files})); diff != "" {
				t.Error(diff)
			}
		})
	}
}
