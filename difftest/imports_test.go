package difftest

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aptible/supercronic/crontab"
	"github.com/google/go-cmp/cmp"
	"github.com/sirupsen/logrus"

	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/cron"
	"github.com/montimer/montimer/internal/imports"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/testenv"
)

// importFrom is a quiet time of the year before all changes of clockZones.
var importFrom = time.Date(2026, 1, 15, 12, 0, 30, 0, time.UTC)

// daemons follow what runs crontabs, by the libraries and rules of the judges.
var daemons = map[cron.Dialect]func(t *testing.T, text string, from, to time.Time, loc *time.Location) []time.Time{
	cron.Crontab: func(t *testing.T, text string, from, to time.Time, loc *time.Location) []time.Time {
		return replayed(t, text, debianField, from, to, loc)
	},
	cron.Cronie: func(t *testing.T, text string, from, to time.Time, loc *time.Location) []time.Time {
		return replayed(t, text, cronieField, from, to, loc)
	},
	cron.Supercronic: supercronicRuns,
}

func replayed(t *testing.T, text string, read func(string, limits) (field, error), from, to time.Time, loc *time.Location) []time.Time {
	t.Helper()
	table, err := readTable(text, read)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return table.Replay(from.Truncate(time.Minute), to, loc)
}

// supercronicRuns follows the loop of supercronic (cron.go, startFunc), with a clock
// that goes on by a second each time that the next run lies in the past.
func supercronicRuns(t *testing.T, text string, from, to time.Time, loc *time.Location) (runs []time.Time) {
	t.Helper()
	s, err := Supercronic(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	for now := from.In(loc); ; {
		next, ok := s.Next(now)
		switch {
		case !ok || next.After(to) || now.After(to):
			return runs
		case !next.After(now):
			now = now.Add(time.Second)
		default:
			runs, now = append(runs, next), next
		}
	}
}

// crontabTexts are what the judge of a dialect and we accept, of the expressions that
// people wrote and of random ones.
func crontabTexts(t *testing.T, dialect cron.Dialect) (accepted, refused []string) {
	var texts []string
	for _, row := range readTSV(t, judgeDir+"corpus-real.txt", 1) {
		texts = append(texts, row[0])
	}
	texts = append(texts, debianTexts(t)...)
	texts = append(texts, "30 2 * * *", "30 1 * * *", "0 0 * * *", "0 * * * *", "*/10 * * * *", "*/20 */2 * * *", "15 2 1-31 * 0", "0 0-23 * * *", "15 2 * * 0", "0 2,3 29 3 *")
	n := 100
	if testenv.Soak() {
		n = 5000
	}
	texts = append(texts, Generate(string(dialect), seeds[0], n)...)
	slices.Sort(texts)
	for _, text := range slices.Compact(texts) {
		switch {
		case strings.ContainsAny(text, "\n=") || strings.Trim(text, " \t") == "": // more lines, a variable, a blank line
		case NewCase(string(dialect), text).refusal != nil:
			refused = append(refused, text)
		default:
			accepted = append(accepted, text)
		}
	}
	return accepted, refused
}

// debianTexts are the schedules of what Debian installs in /etc/crontab and /etc/cron.d.
func debianTexts(t *testing.T) (texts []string) {
	t.Helper()
	file, err := os.ReadFile("../internal/imports/testdata/debian.crontab")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(file)) {
		if fields := strings.Fields(line); len(fields) > 6 && strings.ContainsAny(line[:1], "0123456789*") {
			texts = append(texts, strings.Join(fields[:5], " "))
		}
	}
	if len(texts) < 11 {
		t.Fatalf("%d lines of Debian", len(texts))
	}
	return texts
}

// TestDaemonRuns: what we say of a daemon at a change of the clock is what the judge
// does.
func TestDaemonRuns(t *testing.T) {
	t.Parallel()
	for dialect, judge := range daemons {
		accepted, _ := crontabTexts(t, dialect)
		compared := 0
		for i, text := range accepted {
			x, err := cron.Parse(dialect, text)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(strings.TrimSpace(text), "@reboot") {
				continue
			}
			zones := clockZones
			if !testenv.Soak() { // one each, all of them in turn
				zones = clockZones[i%len(clockZones):][:1]
			}
			for _, zone := range zones {
				loc := location(t, zone)
				for _, change := range clockChanges(t, zone) {
					from, to := change.Add(-5*time.Hour), change.Add(5*time.Hour)
					ours := x.Runs(from, to, loc)
					if diff := same("judge", Fires{utc(judge(t, text, from, to, loc)), to}, "we", Fires{utc(ours), to}); diff != "" {
						t.Errorf("%s %q in %s: %s", dialect, text, zone, diff)
					}
					compared += len(ours)
				}
			}
		}
		t.Logf("%s: %d expressions, %d runs", dialect, len(accepted), compared)
		if compared < 1000 {
			t.Errorf("%s: %d runs compared", dialect, compared)
		}
	}
}

func utc(times []time.Time) (all []time.Time) {
	for _, at := range times {
		all = append(all, at.UTC())
	}
	return all
}

// TestImportedCorpus imports the expressions that people wrote as the lines of a
// crontab. Each receipt is held against the judge: exact means the same runs over the
// changes of the clock and after dates years apart, differs names the very runs, and
// refused is what the judge refuses, or a difference that known.tsv excuses.
func TestImportedCorpus(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "systemd-analyze")
	known := readKnown(t)
	for dialect, judge := range daemons {
		accepted, refused := crontabTexts(t, dialect)
		texts := slices.Concat(accepted, refused)
		for n, zone := range clockZones {
			if n != len(dialect)%len(clockZones) && !testenv.Soak() {
				continue
			}
			var b strings.Builder
			for i, text := range texts {
				fmt.Fprintf(&b, "%s /opt/job-%d\n", text, i)
			}
			loc := location(t, zone)
			found, err := imports.Crontab(b.String(), imports.Options{Source: "corpus", Dialect: dialect, Zone: zone, Location: loc, Now: importFrom})
			if err != nil {
				t.Fatal(err)
			}
			if len(found.Receipts) != len(texts) {
				t.Fatalf("%d receipts for %d lines", len(found.Receipts), len(texts))
			}
			read, diagnostics := jobs.Decode("jobs.yaml", found.Jobs, jobs.Options{Local: loc, Now: importFrom})
			if jobs.HasErrors(diagnostics) {
				t.Fatal(diagnostics)
			}
			imported := 0
			for i, text := range texts {
				r := found.Receipts[i]
				if r.Result != imports.Refused && i < len(accepted) {
					p, _ := read.Profile(r.Profile)
					want := fmt.Sprintf("/opt/job-%d", i)
					if len(p.Tasks) != 1 || p.Tasks[0].Command.Shell != want || !slices.Equal(lines(p.Schedule.Events), r.OnCalendar) {
						t.Errorf("%s %q is not what its receipt says: %+v", dialect, text, p)
					}
				}
				switch {
				case r.Kind != imports.Job:
					if slices.Contains(accepted, text) {
						t.Errorf("%s %q is a %s", dialect, text, r.Kind)
					}
				case r.Result == imports.Refused:
					c := NewCase(string(dialect), strings.Join(strings.Fields(text), " "))
					judged := c.judgeRefusal != nil || !everRuns(c.judged)
					excused := slices.ContainsFunc(known, func(k Known) bool { return k.Excuses(c, WeRefuse) })
					if !judged && !excused {
						t.Errorf("%s %q is refused: %s", dialect, text, r.Reason)
					}
				case i >= len(accepted): // its first five fields are the schedule, and the rest the command
					if len(strings.Fields(text)) < 6 {
						t.Errorf("%s %q is imported", dialect, text)
					}
				default:
					imported++
					for _, problem := range receiptProblems(t, r, dialect, text, judge, zone) {
						t.Error(problem)
					}
				}
			}
			t.Logf("%s in %s: %d lines, %d of them with a schedule, %s", dialect, zone, len(texts), imported, fmt.Sprintf("%d exact, %d differ", found.Count(imports.Exact), found.Count(imports.Differs)))
			if imported < 200 {
				t.Errorf("%d lines imported", imported)
			}
			checkUnits(t, found, zone)
		}
	}
}

// receiptProblems compares a receipt with what the judge runs.
func receiptProblems(t *testing.T, r imports.Receipt, dialect cron.Dialect, text string, judge func(*testing.T, string, time.Time, time.Time, *time.Location) []time.Time, zone string) (problems []string) {
	t.Helper()
	problem := func(format string, args ...any) {
		problems = append(problems, fmt.Sprintf("%s %q in %s: ", dialect, text, zone)+fmt.Sprintf(format, args...))
	}
	if len(r.OnCalendar) == 0 { // at boot
		if r.Result != imports.Exact || strings.TrimSpace(text) != "@reboot" {
			problem("%s, without events", r.Result)
		}
		return problems
	}
	loc := location(t, zone)
	var events []calendar.Event
	for _, line := range r.OnCalendar {
		e, err := calendar.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	elapsed := func(from, to time.Time) (all []time.Time) {
		for at := from; ; {
			next, ok := calendar.Next(events, at, loc)
			if !ok || next.After(to) {
				return all
			}
			all, at = append(all, next.UTC()), next
		}
	}
	differ := false
	for _, change := range clockChanges(t, zone) {
		from, to := change.Add(-5*time.Hour), change.Add(5*time.Hour)
		judged, ours := utc(judge(t, text, from, to, loc)), elapsed(from, to)
		said := slices.ContainsFunc(r.Changes, func(c imports.Change) bool { return c.At.Equal(change) || c.Recurs })
		if equal := slices.EqualFunc(judged, ours, time.Time.Equal); !equal {
			differ = true
			if !said {
				problem("at %s the judge runs %s, we %s, and the receipt does not say so", change, judged, ours)
			}
		}
		for _, c := range r.Changes {
			if !c.At.Equal(change) {
				continue
			}
			if diff := cmp.Diff(minus(judged, ours), utc(c.Before)); diff != "" {
				problem("(-only the judge +receipt)\n%s", diff)
			}
			if diff := cmp.Diff(minus(ours, judged), utc(c.After)); diff != "" {
				problem("(-only we +receipt)\n%s", diff)
			}
		}
	}
	if r.Result == imports.Exact && differ {
		problem("it is not exact")
	}
	// Two days that are like most, and those before a February 29.
	for _, from := range []time.Time{importFrom, time.Date(2028, 2, 28, 0, 0, 30, 0, time.UTC)} {
		to := from.AddDate(0, 0, 2)
		if diff := same("judge", Fires{utc(judge(t, text, from, to, loc)), to}, "we", Fires{elapsed(from, to), to}); diff != "" {
			problem("%s", diff)
		}
	}
	// The next runs from each month of a year, by a clock that nobody changes.
	judged, err := Judges[string(dialect)](strings.Join(strings.Fields(text), " "))
	if err != nil {
		t.Fatal(err)
	}
	unzoned := slices.Clone(events)
	for i := range unzoned {
		unzoned[i].Zone = ""
	}
	for month := range 12 {
		from := importFrom.AddDate(0, month, 0)
		ours := collect(from, 8, func(at time.Time) (time.Time, bool) {
			if next, ok := calendar.Next(unzoned, at, time.UTC); ok {
				return next, true
			}
			return endOfCalendar, false
		})
		if diff := same("judge", collect(from, 8, judged.Next), "we", ours); diff != "" {
			problem("from %s: %s", stamp(from), diff)
			break
		}
	}
	return problems
}

// TestSilentChange: a line that would be imported with another schedule, and whose
// receipt does not say so, is found by what TestImportedCorpus compares.
func TestSilentChange(t *testing.T) {
	t.Parallel()
	const dialect, zone = cron.Crontab, "Europe/Berlin"
	changes := map[string]func(*calendar.Event){
		"no day of the week":  func(e *calendar.Event) { e.Weekdays = 0 },
		"another weekday":     func(e *calendar.Event) { e.Weekdays = e.Weekdays<<1&(1<<7-1) | e.Weekdays>>6 },
		"no day of the month": func(e *calendar.Event) { e.Day, e.FromEnd = nil, false },
		"no month":            func(e *calendar.Event) { e.Month = nil },
		"no hour":             func(e *calendar.Event) { e.Hour = nil },
		"no minute":           func(e *calendar.Event) { e.Minute = nil },
	}
	planted := map[string]int{}
	accepted, _ := crontabTexts(t, dialect)
	for i, text := range accepted {
		if i%4 != 0 && !testenv.Soak() || strings.HasPrefix(text, "@") {
			continue
		}
		found, err := imports.Crontab(text+" /opt/job\n", imports.Options{Source: "c", Dialect: dialect, Zone: zone, Location: location(t, zone), Now: importFrom})
		if err != nil || found.Receipts[0].Result == imports.Refused {
			continue
		}
		for name, change := range changes {
			r := found.Receipts[0]
			e, err := calendar.Parse(r.OnCalendar[0])
			if err != nil {
				t.Fatal(err)
			}
			change(&e)
			if len(r.OnCalendar) != 1 || e.String() == r.OnCalendar[0] {
				continue // as one of two events it could be within the other
			}
			planted[name]++
			r.OnCalendar = []string{e.String()}
			if len(receiptProblems(t, r, dialect, text, daemons[dialect], zone)) == 0 {
				t.Errorf("%q as %q: %s, and nobody sees it", text, r.OnCalendar, name)
			}
		}
	}
	t.Log(planted)
	for name := range changes {
		if planted[name] < 5 {
			t.Errorf("%s: planted %d times", name, planted[name])
		}
	}
}

// minus returns the times of a list that another does not have, each as often.
func minus(list, other []time.Time) (left []time.Time) {
	count := map[time.Time]int{}
	for _, at := range other {
		count[at]++
	}
	for _, at := range list {
		if count[at]--; count[at] < 0 {
			left = append(left, at)
		}
	}
	return left
}

// checkUnits has systemd-analyze compute the next runs of receipts.
func checkUnits(t *testing.T, found imports.Import, zone string) {
	t.Helper()
	var lines []string
	for _, r := range found.Receipts {
		lines = append(lines, r.OnCalendar...)
	}
	slices.Sort(lines)
	analyzed, err := Analyze(slices.Compact(lines), zone, importFrom, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range found.Receipts {
		if len(r.OnCalendar) == 0 || len(r.Next) == 0 {
			continue
		}
		var parts []Fires
		for _, line := range r.OnCalendar {
			parts = append(parts, analyzed[line])
		}
		want := Union(parts...).Times
		if n := min(len(want), len(r.Next)); n == 0 || !slices.EqualFunc(want[:n], r.Next[:n], time.Time.Equal) {
			t.Errorf("%s: the receipt says %s, systemd %s", r.Text, r.Next, want)
		}
	}
}

// TestSupercronicLines: what is a schedule, a command and a variable of a crontab is
// what supercronic's own reader says, or the line is refused.
func TestSupercronicLines(t *testing.T) {
	t.Parallel()
	logrus.SetLevel(logrus.PanicLevel)
	accepted, refused := crontabTexts(t, cron.Supercronic)
	lines := []string{
		"A=b", "A = b c ", `A="b c "`, "A='b", "A=b=c", "  A=\tb", `A="b" c`, "A==", "* = *",
		"5 * * * * 2030 x", "5 * * * * * x y", "5 4 * * 7 7z x", "5 4 * * * 2199 x", "5 4 * * * */2 x", "5 4 * * * 61 x",
		"0 5 * * * * 2030", "0 5 * * * * 2030 x", "@daily x", "@daily @daily x", "@daily", "@daily\tx  y ", "* * * * *", " 5 4 * * *  x = y", "5\t4  * * *\tx\ty",
		"*,x * * * * * x", "* * * * * *,x x", "* * * * * ? x", "* * * * * * *,9 x",
	}
	for _, text := range slices.Concat(accepted, refused) {
		lines = append(lines, text+" x y", text+" 2030 x", text+" * x", "0 "+text+" x")
	}
	read := 0
	for _, line := range lines {
		theirs, err := readSupercronic(line)
		found, ours := imports.Crontab(line+"\n", imports.Options{Source: "c", Dialect: cron.Supercronic, Zone: "UTC", Location: time.UTC, Now: importFrom})
		if ours != nil || len(found.Receipts) != 1 {
			t.Fatalf("%q: %v", line, ours)
		}
		r := found.Receipts[0]
		switch {
		case r.Result == imports.Refused || r.Kind == imports.Blank || r.Kind == imports.Comment:
		case err != nil:
			t.Errorf("%q: supercronic refuses it: %v", line, err)
		case r.Kind == imports.Variable:
			if len(theirs.Context.Environ) != 1 || len(theirs.Jobs) != 0 {
				t.Errorf("%q: is a variable for us alone", line)
			}
		case len(theirs.Jobs) != 1:
			t.Errorf("%q: is a job for us alone", line)
		default:
			read++
			job := theirs.Jobs[0]
			want := fmt.Sprintf("    cron: %q\n", strings.Join(strings.Fields(job.Schedule), " "))
			command := strings.TrimRight(job.Command, " ")
			if yaml := string(found.Jobs); !strings.Contains(yaml, want) || !strings.Contains(yaml, command) {
				t.Errorf("%q: supercronic reads %q and %q, and we\n%s", line, job.Schedule, job.Command, yaml)
			}
		}
	}
	t.Logf("%d lines, %d jobs", len(lines), read)
	if read < 200 {
		t.Errorf("%d jobs compared", read)
	}
}

// readSupercronic has supercronic read a line. A panic is a refusal: it ends the
// daemon.
func readSupercronic(line string) (c *crontab.Crontab, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return crontab.ParseCrontab(strings.NewReader(line + "\n"))
}
