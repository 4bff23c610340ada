package takeover

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer/internal/backup"
	"github.com/montimer/montimer/internal/store"
)

var (
	now   = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	here  = Machine{"beta", "b2"}
	alpha = backup.Owner{Host: "alpha", ID: "a1", Since: now.AddDate(0, -1, 0)}
)

// fresh is a host that nothing has run on, and a directory in which the old host has
// been silent for three hours.
func fresh() Facts {
	owner := alpha
	return Facts{
		Options: Options{Source: "/mnt/b"}, Now: now, Here: here, Shortest: time.Minute, Every: time.Hour,
		State: State{
			Dir: "/mnt/b", Backup: "/mnt/b/one.db", Taken: now.Add(-3 * time.Hour), Newest: now.Add(-3 * time.Hour), Owner: &owner,
			Past: store.Past{Sign: now.Add(-190 * time.Minute), Host: "alpha"},
		},
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	retired := store.Handover{Kind: store.Retired, Host: "alpha", Machine: "a1", Since: now.Add(-time.Minute)}
	alone := func(f *Facts) { f.Dir, f.Owner, f.Newest = "", nil, time.Time{} }
	mine := func(f *Facts) { f.Owner.ID, f.Owner.Host, f.Owner.Since = "b2", "beta", now.Add(-time.Minute) }
	all := "prepare restore resume apply report"
	for name, test := range map[string]struct {
		change  func(*Facts)
		steps   string
		proof   string // part of it
		refusal string
		next    string
	}{
		"silent for more than two periods": {func(*Facts) {}, "pause " + all, "its last sign of life (the newest backup) was 3h ago", "", ""},
		"silent for two periods": {func(f *Facts) { f.Newest = now.Add(-2 * time.Hour) }, "", "",
			"the host alpha may still run: its last sign of life (the newest backup) was 2h ago", "montimer takeover /mnt/b --old-host-is-off"},
		"a rare profile takes longer":             {func(f *Facts) { f.Shortest = 2 * time.Hour }, "", "", "silence counts as off after 4h", "--old-host-is-off"},
		"a run is a sign of life":                 {func(f *Facts) { f.Past.Sign = now.Add(-time.Minute) }, "", "", "(its last run) was 1min ago", "--old-host-is-off"},
		"so is becoming the owner":                {func(f *Facts) { f.Owner.Since = now.Add(-time.Minute) }, "", "", "(the owner file) was 1min ago", "--old-host-is-off"},
		"a damaged newer backup, too":             {func(f *Facts) { f.Newest, f.Wrong = now.Add(-time.Minute), []string{"damaged"} }, "", "", "(the newest backup) was 1min ago", "--old-host-is-off"},
		"a sign of life in the future":            {func(f *Facts) { f.Newest = now.Add(time.Hour) }, "", "", "one of the clocks is wrong", "--old-host-is-off"},
		"the operator says so":                    {func(f *Facts) { f.Newest, f.OldHostIsOff = now, true }, "pause " + all, "the operator says so", "", ""},
		"retired":                                 {func(f *Facts) { f.Newest, f.Owner.Retired = now, true }, "pause " + all, "retired at 2026-10-30", "", ""},
		"retired, by the backup alone":            {func(f *Facts) { alone(f); f.Past.Handover = retired }, "pause " + all, "by its last backup", "", ""},
		"it ran after it was retired":             {func(f *Facts) { alone(f); f.Past.Handover, f.Past.Sign = retired, now }, "", "", "nothing says whether", "--old-host-is-off"},
		"retired, and taken over since":           {func(f *Facts) { f.Newest, f.Past.Handover = now, retired }, "", "", "may still run", "--old-host-is-off"},
		"a file says nothing of silence":          {alone, "", "", "nothing says whether the host alpha is off", "montimer takeover /mnt/b --old-host-is-off"},
		"an owner file that is damaged":           {func(f *Facts) { f.Owner, f.Unread = nil, "bad JSON" }, "", "", "not known which host runs the jobs: bad JSON", "--old-host-is-off"},
		"a damaged one, whatever the backup says": {func(f *Facts) { f.Owner, f.Unread, f.Past.Handover = nil, "bad JSON", retired }, "", "", "not known which", "--old-host-is-off"},
		"no backup":                               {func(f *Facts) { f.Backup, f.Wrong = "", []string{"x is damaged"} }, "", "", "no backup to take over: x is damaged", "montimer takeover BACKUP"},
		"another host is named":                   {func(f *Facts) { f.From = "gamma" }, "", "", "is the directory of the host alpha, not of gamma", "montimer takeover /mnt/b --from=alpha"},
		"another host is named, a file":           {func(f *Facts) { alone(f); f.From = "gamma" }, "", "", "is of the host alpha, not of gamma", "--from=alpha"},
		"the right host is named":                 {func(f *Facts) { f.From = "alpha" }, "pause " + all, "more than two periods", "", ""},
		"runs under way here":                     {func(f *Facts) { f.Running = []string{"montimer-job-x.service"} }, "", "", "runs of this host are under way", "systemctl stop montimer-job-x.service"},
		"it came back, and is refused":            {func(f *Facts) { f.Active, f.Running = true, []string{"montimer-job-x.service"} }, "pause stop " + all, "more than two periods", "", ""},
		"it runs jobs of its own":                 {func(f *Facts) { alone(f); f.Active, f.OldHostIsOff = true, true }, "", "", "runs jobs of its own", "systemctl stop montimer.target"},
		"newer runs of its own":                   {func(f *Facts) { f.HasOwn, f.Own.Sign = true, now.Add(-time.Hour) }, "", "", "after the last one of the backup", "montimer takeover /mnt/b --replace-newer"},
		"newer runs that may be replaced":         {func(f *Facts) { f.HasOwn, f.Own.Sign, f.ReplaceNewer = true, now.Add(-time.Hour), true }, "pause " + all, "", "", ""},
		"older runs of its own":                   {func(f *Facts) { f.HasOwn, f.Own.Sign = true, now.AddDate(0, -1, 0) }, "pause " + all, "", "", ""},
		"the owner, and active":                   {func(f *Facts) { mine(f); f.Active, f.HasOwn = true, true }, "", "", "this host runs the jobs already", "montimer status"},
		"the owner, and stopped":                  {func(f *Facts) { mine(f); f.HasOwn, f.Own.Sign = true, now }, "", "", "this host runs the jobs already", "systemctl start montimer.target"},
		"the owner lost its database":             {mine, "pause " + all, "it is this host", "", ""},
		"the owner was retired":                   {func(f *Facts) { mine(f); f.Owner.Retired, f.HasOwn = true, true }, "pause " + all, "retired at", "", ""},
		"killed after it was restored":            {func(f *Facts) { mine(f); f.HasOwn, f.Marked = true, true }, "resume apply report", "this host took over at 2026-11-30 11:59:00 UTC", "", ""},
		"killed after the apply":                  {func(f *Facts) { mine(f); f.HasOwn, f.Marked, f.Active = true, true, true; f.Own.Sign = now }, "resume apply report", "this host took over at", "", ""},
		"its own backups are another's":           {func(f *Facts) { f.Home = &backup.Owner{Host: "gamma", ID: "c3"} }, "", "", "is that of the host gamma, whose jobs would stop", "montimer takeover BACKUP"},
		"its own backups are the same's":          {func(f *Facts) { f.Home = f.Owner }, "pause " + all, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fresh()
			test.change(&f)
			p := Decide(f)
			var steps []string
			for _, s := range p.Steps {
				steps = append(steps, string(s))
			}
			if got := strings.Join(steps, " "); got != test.steps {
				t.Errorf("steps %q, want %q", got, test.steps)
			}
			if !strings.Contains(p.Proof, test.proof) || !strings.Contains(p.Refusal, test.refusal) || !strings.Contains(p.Next, test.next) {
				t.Errorf("got %+v", p)
			}
			if (p.Refusal == "") != (test.refusal == "") || (p.Refusal == "") != (p.Next == "") || (p.Refusal == "") != (len(p.Steps) > 0) {
				t.Errorf("half refused: %+v", p)
			}
		})
	}
}

// TestNextCommand: what is said in a refusal keeps what the operator has said before.
func TestNextCommand(t *testing.T) {
	t.Parallel()
	f := fresh()
	f.Source, f.From, f.OldHostIsOff, f.Instance = "/mnt/b c", "al pha", true, "two"
	want := "montimer --instance two takeover '/mnt/b c' --from='al pha' --old-host-is-off --replace-newer"
	if diff := cmp.Diff(want, f.command("--replace-newer")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(strings.TrimSuffix(want, " --replace-newer"), f.command("--old-host-is-off")); diff != "" {
		t.Error(diff)
	}
}
