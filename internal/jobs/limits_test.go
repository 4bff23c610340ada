package jobs

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/testenv"
)

// many joins n lines made by line.
func many(n int, line func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(line(i))
	}
	return b.String()
}

const onePS = "profiles:\n  p:\n    cron: 5 * * * *\n"

// TestLimits: hostile files get an answer in bounded time and memory, and the
// answer says what is wrong. The time is measured by that for an honest file, in
// the same process: neither a slow machine nor a busy one matters. A sample is a
// tenth of what MONTIMER_SOAK=1 tries.
func TestLimits(t *testing.T) {
	huge := 10_000
	if testenv.Soak() {
		huge = 100_000
	}
	honest := []byte("profiles:\n" + many(huge, func(i int) string { return fmt.Sprintf("  p%d:\n    cron: %d * * * *\n", i, i%60) }))
	measure := cpuTime(func() { Decode("j.yaml", honest, host) })
	big := strings.Repeat("x", huge*100)
	for name, c := range map[string]struct {
		file string
		want string // in the first message; "": no problem at all
	}{
		"too large":        {onePS + "# " + strings.Repeat("x", MaxFile), "at most 4194304 are read"},
		"long value":       {onePS + "    env: {A: " + big + "}\n", "more than a program can be given"},
		"long key":         {onePS + "    env: {? " + big + " : x}\n", "more than a program can be given"},
		"long name":        {"profiles:\n  ? " + big + "\n  : {cron: 5 * * * *}\n", "cannot be the name of a profile"},
		"long time zone":   {onePS + "    timezone: " + big + "\n", "more than a program can be given"},
		"long digits":      {onePS + "    env: {A: 0x" + strings.Repeat("f", huge*100) + "}\n", "more than a program can be given"},
		"long 1:1:1":       {onePS + "    env: {A: 1" + strings.Repeat(":1", huge*50) + "}\n", "more than a program can be given"},
		"long list":        {onePS + "    env: {A: [" + strings.Repeat("1,", huge*10) + "]}\n", "more than a program can be given"},
		"long span":        {onePS + "    timeout: " + strings.Repeat("1s ", huge*30) + "\n", "more than a program can be given"},
		"long cron":        {onePS + "  q:\n    cron: " + strings.Repeat("1,", 60000) + "1 * * * *\n", ""},
		"long description": {onePS + "    description: " + big + "\n", "must not be longer than"},
		"long line, many problems": {"profiles: {" + many(huge/3, func(i int) string {
			return fmt.Sprintf("p%d: {cron: 61 * * * *, enabled: \"no\", env: {A: %s}}, ", i, strings.Repeat("é", 100))
		}) + "}\n", "61 is not within"},
		"deep flow":    {onePS + "    env: {A: " + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "}\n", "nest too deep"},
		"deeper flow":  {onePS + "    env: {A: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}\n", "nest too deep"},
		"deepest flow": {onePS + "    env: {A: " + strings.Repeat("[", huge), "exceeded max depth"},
		"deep block":   {"profiles:\n" + many(2800, func(i int) string { return strings.Repeat(" ", i+1) + "a:\n" }), "the key cron is missing"},
		"alias bomb": {"x: &a0 [x, x, x, x, x, x, x, x, x]\n" + many(9, func(i int) string {
			return fmt.Sprintf("x%d: &a%d [%s*a%d]\n", i, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 8), i)
		}) + onePS + "    env: {A: *a9}\n", "unknown key \"x\""},
		"merge bomb": {"x-0: &a0 {k: v}\n" + many(60, func(i int) string {
			return fmt.Sprintf("x-%d: &a%d {<<: [*a%d, *a%d]}\n", i+1, i+1, i, i)
		}) + onePS + "    <<: *a60\n", "make this file too large"},
		"defaults times profiles": {"defaults:\n  env: {" + many(20000, func(i int) string { return fmt.Sprintf("A%d: x, ", i) }) + "}\nprofiles:\n" + many(2000, func(i int) string {
			return fmt.Sprintf("  p%d: {cron: 5 * * * *, env: {A1: y}}\n", i)
		}), "make this file too large"},
		"alias of long texts": {"x-d: &d " + strings.Repeat("a ", 60000) + "\nx-l: &l [*d]\nx-m: &m {? " + strings.Repeat("A", 100000) + " : x}\nprofiles:\n" + many(20000, func(i int) string {
			return fmt.Sprintf("  p%d: {cron: 5 * * * *, description: *d, env: *m, tasks: [{name: *d, script: *d, args: {a: *l}}]}\n", i)
		}), "make this file too large"},
		"alias of everything": {"x-t: &t [" + strings.Repeat("{name: a, script: a.py}, ", 5000) + "]\nprofiles:\n" + many(2000, func(i int) string {
			return fmt.Sprintf("  p%d: {cron: 5 * * * *, tasks: *t}\n", i)
		}), "two tasks are named"},
		"profiles":   {string(honest), ""},
		"duplicates": {"profiles:\n" + strings.Repeat("  p: {cron: 5 * * * *}\n", huge), "given twice"},
		"tasks, each after the next": {onePS + "    tasks:\n" + many(huge, func(i int) string {
			return fmt.Sprintf("      - {name: t%d, script: a, after: t%d}\n", i, i+1)
		}) + fmt.Sprintf("      - {name: t%d, script: a}\n", huge), ""},
		"tasks in a circle": {onePS + "    tasks:\n" + many(huge, func(i int) string {
			return fmt.Sprintf("      - {name: t%d, script: a, after: [t%d, t0, t1]}\n", i, (i+1)%huge)
		}), "wait for each other"},
		"unknown tasks": {onePS + "    tasks:\n" + many(huge/5, func(i int) string {
			return fmt.Sprintf("      - {name: task%d, script: a, after: tusk%d}\n", i, i)
		}), "there is no task"},
		"unknown zones": {"profiles:\n" + many(huge/5, func(i int) string {
			return fmt.Sprintf("  p%d: {cron: 5 * * * *, timezone: Europe/Nowhere%d}\n", i, i)
		}), "not in tzdata"},
		"comments":    {strings.Repeat("#\n", huge*5) + onePS, ""},
		"empty lines": {strings.Repeat("\n", huge*10) + onePS, ""},
		"keys":        {onePS + "    env: {" + many(huge*3/5, func(i int) string { return fmt.Sprintf("A%d: x, ", i) }) + "}\n", ""},
		"anchors":     {"x: [" + many(huge*3/5, func(i int) string { return fmt.Sprintf("&a%d x, ", i) }) + "]\n" + onePS, "unknown key"},
		"? ? ?":       {strings.Repeat("? ", huge*5), "exceeded max depth"},
		"- - -":       {strings.Repeat("- ", huge*5), "exceeded max depth"},
		"documents":   {strings.Repeat("---\n", huge*5/2), "second document"},
		"quotes":      {strings.Repeat("'", huge*10), "mapping"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "alias of long texts" && !testenv.Soak() { // takes as long as all others
				t.Skip("MONTIMER_SOAK=1 runs it")
			}
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			var jobs montimer.Jobs
			var ds []Diagnostic
			took := cpuTime(func() { jobs, ds = Decode("j.yaml", []byte(c.file), host) })
			runtime.ReadMemStats(&after)
			allocated := after.TotalAlloc - before.TotalAlloc
			bound := 20 * measure
			if name == "alias of long texts" { // does all that the limit of what aliases may add lets it do
				bound *= 10
			}
			if took > bound || allocated > 1<<30 {
				t.Errorf("took %v, %.1f times as long as an honest file, and allocated %d MB", took, float64(took)/float64(measure), allocated>>20)
			}
			t.Logf("%s: %v, %.1f times as long as an honest file, %d MB, %d problems", name, took.Round(time.Millisecond), float64(took)/float64(measure), allocated>>20, len(ds))
			switch {
			case c.want == "" && len(ds) > 0:
				t.Errorf("unexpected: %.300s", shown(ds))
			case c.want == "" && len(jobs.Profiles) == 0:
				t.Error("no profiles")
			case c.want != "" && (len(ds) == 0 || !strings.Contains(ds[0].Message, c.want)):
				t.Errorf("want %q, got %.300s", c.want, shown(ds[:min(1, len(ds))]))
			}
			if len(ds) > maxProblems+1 {
				t.Errorf("%d problems", len(ds))
			}
			var text string
			if took := cpuTime(func() { text = shown(ds) }); len(text) > 1000*(1+len(ds)) || took > 5*measure {
				t.Errorf("shown in %v and %d bytes", took, len(text))
			}
		})
	}
}

// TestMemory: a file without mistakes pays nothing for the words about mistakes.
func TestMemory(t *testing.T) {
	const profiles = 2000
	data := oneTask(profiles)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	Decode("j.yaml", data, host)
	runtime.ReadMemStats(&after)
	perProfile := (after.TotalAlloc - before.TotalAlloc) / profiles
	if perProfile > 8<<10 {
		t.Errorf("%d bytes for each profile", perProfile)
	}
}

// cpuTime is what this process uses for work: it does not grow when others keep
// the machine busy.
func cpuTime(work func()) time.Duration {
	used := func() time.Duration {
		var u syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	work()
	return used() - before
}
