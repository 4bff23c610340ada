package look

import (
	"context"
	"slices"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/lazy"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/store"
)

// newestRuns is how many runs a command line can go on with.
const newestRuns = 20

// plainWord is what no shell takes for anything but a word.
var plainWord = lazy.Regexp(`^[A-Za-z0-9_+./][A-Za-z0-9_+./-]*$`)

// Words returns what a command line can go on with, for the completions of shells:
// the profiles, the tasks of a profile ("": of all), or the newest runs; after a tab
// what each is. Names that a shell would not take as they are, are left out: who wrote
// jobs.yaml must not have them run.
func Words(ctx context.Context, h montimer.Host, what, profile string) (words []string, err error) {
	add := func(word, about string) {
		if plainWord().MatchString(word) {
			words = append(words, word+"\t"+safetext.String(about))
		}
	}
	if what == "runs" {
		s, err := store.Open(ctx, h.StateDir, store.Options{ReadOnly: true, Instance: h.Instance})
		if err != nil {
			return nil, err
		}
		defer closing(s, &err)
		runs, err := s.History(ctx, store.Filter{Profile: profile, Limit: newestRuns})
		for _, r := range runs {
			add(r.ID, r.Profile+" "+r.Started.Local().Format("2006-01-02 15:04:05")+" "+string(r.State))
		}
		return words, err
	}
	f, err := jobsfile.Read(ctx, h, jobsfile.Options{})
	for _, p := range f.Jobs.Profiles {
		if what == "profiles" {
			add(p.Name, p.Schedule.Words)
			continue
		}
		for _, t := range p.Tasks {
			if profile == "" || profile == p.Name {
				add(t.Name, "task of "+p.Name)
			}
		}
	}
	slices.Sort(words)
	return slices.Compact(words), err
}
