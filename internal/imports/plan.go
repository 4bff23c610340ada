package imports

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/cron"
	"github.com/montimer/montimer/internal/jobs"
)

// A job is a profile to be, with its receipt.
type job struct {
	montimer.Profile
	receipt  *Receipt
	comments []string // to stand above it

	before     follower         // when the old system runs it; nil: not by the calendar
	expression *cron.Expression // that before follows, of a crontab
	zone       string           // of its calendar events; "": none of their own
}

// A planner collects jobs.
type planner struct {
	Options
	jobs    []*job
	names   map[string]bool
	remarks []string // of all jobs

	trailing []string // comments after the last job
}

func newPlanner(o Options) *planner { return &planner{Options: o, names: map[string]bool{}} }

func (p *planner) say(format string, args ...any) {
	p.remarks = append(p.remarks, fmt.Sprintf(format, args...))
}

// name returns the name for a profile.
func (p *planner) name(text string) string { return named(text, p.names) }

// taskName returns the name of a task.
func taskName(text string) string { return named(path.Base(text), map[string]bool{}) }

// plan adds a job.
func (p *planner) plan(j *job) {
	j.receipt.Profile = j.Name
	p.jobs = append(p.jobs, j)
}

// finish writes the jobs.yaml, and completes the receipts.
func (p *planner) finish(receipts []*Receipt) (Import, error) {
	out := Import{General: p.remarks}
	document, decoded, warnings, err := p.decode()
	if err != nil {
		return Import{}, err
	}
	proofs := prover{zone: p.Location, from: p.Now, known: map[proofKey]proof{}}
	for _, j := range p.jobs {
		profile, _ := decoded.Profile(j.Name)
		proofs.prove(j, profile.Schedule)
	}
	for _, r := range receipts {
		out.Receipts = append(out.Receipts, *r)
	}
	out.Profiles, out.Warnings = len(p.jobs), warnings
	if len(p.jobs) > 0 {
		out.Jobs = document.text(receipts, p.remarks, p.trailing)
	}
	return out, nil
}

// decode renders the jobs, and reads them back as montimer will. A job with a mistake
// is refused, and left out.
func (p *planner) decode() (document, montimer.Jobs, int, error) {
	for {
		d := p.document()
		text := d.text(nil, nil, nil)
		if len(text) > jobs.MaxFile {
			return d, montimer.Jobs{}, 0, fmt.Errorf("the jobs.yaml would have %d bytes, and montimer reads %d: import the file in parts", len(text), jobs.MaxFile)
		}
		decoded, found := jobs.Decode("jobs.yaml", text, jobs.Options{Local: p.Location, Now: p.Now, Prove: true})
		left := slices.DeleteFunc(slices.Clone(p.jobs), func(j *job) bool { return j.mistaken(decoded, found) })
		switch {
		case len(p.jobs) == 0:
			return d, montimer.Jobs{}, 0, nil
		case len(left) == len(p.jobs) && !jobs.HasErrors(found):
			return d, decoded, len(found), nil
		case len(left) == len(p.jobs):
			return d, montimer.Jobs{}, 0, errors.New("the jobs.yaml cannot be read back, please report this: " + firstError(found).Message)
		}
		p.jobs = left
	}
}

func firstError(found []jobs.Diagnostic) jobs.Diagnostic {
	i := slices.IndexFunc(found, func(d jobs.Diagnostic) bool { return d.Severity == jobs.Error })
	return found[i]
}

// mistaken refuses a job that cannot be read back as it was meant.
func (j *job) mistaken(decoded montimer.Jobs, found []jobs.Diagnostic) bool {
	for _, d := range found {
		if d.Profile == j.Name && d.Severity == jobs.Error {
			j.receipt.refuse(trimSubject(d.Message), cmp.Or(d.Hint, "write it into jobs.yaml by hand"))
			j.receipt.Profile = ""
			return true
		}
	}
	if jobs.HasErrors(found) {
		return false
	}
	profile, ok := decoded.Profile(j.Name)
	if !ok || !j.same(profile) {
		j.receipt.refuse("it cannot be read back as it was written, please report this", "write it into jobs.yaml by hand")
		j.receipt.Profile = ""
		return true
	}
	return false
}

// trimSubject leaves out which profile of the jobs.yaml a message is about.
func trimSubject(message string) string {
	if strings.HasPrefix(message, `profile "`) {
		if _, rest, ok := strings.Cut(message, ": "); ok {
			return rest
		}
	}
	return message
}

// same reports whether a profile that was read back is what was meant.
func (j *job) same(p montimer.Profile) bool {
	byName := func(a, b montimer.EnvVar) int { return strings.Compare(a.Name, b.Name) }
	sameEnv := func(a, b []montimer.EnvVar) bool {
		return slices.Equal(slices.SortedFunc(slices.Values(a), byName), slices.SortedFunc(slices.Values(b), byName))
	}
	if len(p.Tasks) != len(j.Tasks) || !sameEnv(p.Env, j.Env) || p.CatchUp != j.CatchUp || p.Jitter != j.Jitter ||
		p.Description != j.Description || !slices.Equal(p.Schedule.Source, j.Schedule.Source) || !p.Enabled {
		return false
	}
	for i, t := range p.Tasks {
		want := j.Tasks[i]
		if t.Name != want.Name || !reflect.DeepEqual(t.Command, want.Command) || t.Timeout != cmp.Or(want.Timeout, longestRun) {
			return false
		}
	}
	return true
}

// longestRun is the longest time-out that jobs.yaml has.
const longestRun = 7 * 24 * time.Hour

func knownZone(name string) bool {
	if name == "" || name == "Local" {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}
