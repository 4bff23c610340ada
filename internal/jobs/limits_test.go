package jobs

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
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
// answer says what is wrong.
func TestLimits(t *testing.T) {
	big := strings.Repeat("x", 10<<20)
	for name, c := range map[string]struct {
		file string
		want string // in the first message; "": no problem at all
	}{
		"too large":        {onePS + "# " + strings.Repeat("x", 16<<20), "at most 16777216 are read"},
		"10 MB value":      {onePS + "    env: {A: " + big + "}\n", "more than a program can be given"},
		"10 MB key":        {onePS + "    env: {? " + big + " : x}\n", "more than a program can be given"},
		"10 MB name":       {"profiles:\n  ? " + big + "\n  : {cron: 5 * * * *}\n", "cannot be the name of a profile"},
		"10 MB time zone":  {onePS + "    timezone: " + big + "\n", "more than a program can be given"},
		"10 MB digits":     {onePS + "    env: {A: 0x" + strings.Repeat("f", 10<<20) + "}\n", "more than a program can be given"},
		"10 MB 1:1:1":      {onePS + "    env: {A: 1" + strings.Repeat(":1", 5<<20) + "}\n", "more than a program can be given"},
		"2 MB list":        {onePS + "    env: {A: [" + strings.Repeat("1,", 1<<20) + "]}\n", "more than a program can be given"},
		"10 MB span":       {onePS + "    timeout: " + strings.Repeat("1s ", 3<<20) + "\n", "more than a program can be given"},
		"long cron":        {onePS + "  q:\n    cron: " + strings.Repeat("1,", 60000) + "1 * * * *\n", ""},
		"long description": {onePS + "    description: " + big + "\n", "must not be longer than"},
		"long line, many problems": {"profiles: {" + many(30000, func(i int) string {
			return fmt.Sprintf("p%d: {cron: 61 * * * *, enabled: \"no\", env: {A: %s}}, ", i, strings.Repeat("é", 100))
		}) + "}\n", "61 is not within"},
		"deep flow":    {onePS + "    env: {A: " + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "}\n", "nest too deep"},
		"deeper flow":  {onePS + "    env: {A: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}\n", "nest too deep"},
		"deepest flow": {onePS + "    env: {A: " + strings.Repeat("[", 100000), "exceeded max depth"},
		"deep block":   {"profiles:\n" + many(3000, func(i int) string { return strings.Repeat(" ", i+1) + "a:\n" }), "the key cron is missing"},
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
		"100,000 profiles": {"profiles:\n" + many(100000, func(i int) string {
			return fmt.Sprintf("  p%d:\n    cron: %d * * * *\n", i, i%60)
		}), ""},
		"100,000 duplicates": {"profiles:\n" + strings.Repeat("  p: {cron: 5 * * * *}\n", 100000), "given twice"},
		"100,000 tasks, each after the next": {onePS + "    tasks:\n" + many(100000, func(i int) string {
			return fmt.Sprintf("      - {name: t%d, script: a, after: t%d}\n", i, i+1)
		}) + "      - {name: t100000, script: a}\n", ""},
		"100,000 tasks in a circle": {onePS + "    tasks:\n" + many(100000, func(i int) string {
			return fmt.Sprintf("      - {name: t%d, script: a, after: [t%d, t0, t1]}\n", i, (i+1)%100000)
		}), "wait for each other"},
		"20,000 unknown tasks": {onePS + "    tasks:\n" + many(20000, func(i int) string {
			return fmt.Sprintf("      - {name: task%d, script: a, after: tusk%d}\n", i, i)
		}), "there is no task"},
		"20,000 unknown zones": {"profiles:\n" + many(20000, func(i int) string {
			return fmt.Sprintf("  p%d: {cron: 5 * * * *, timezone: Europe/Nowhere%d}\n", i, i)
		}), "not in tzdata"},
		"1 MB comments":     {strings.Repeat("#\n", 1<<19) + onePS, ""},
		"1 MB empty lines":  {strings.Repeat("\n", 1<<20) + onePS, ""},
		"1 MB of keys":      {onePS + "    env: {" + many(60000, func(i int) string { return fmt.Sprintf("A%d: x, ", i) }) + "}\n", ""},
		"1 MB of anchors":   {"x: [" + many(60000, func(i int) string { return fmt.Sprintf("&a%d x, ", i) }) + "]\n" + onePS, "unknown key"},
		"1 MB of ? ? ?":     {strings.Repeat("? ", 1<<19), "exceeded max depth"},
		"1 MB of - - -":     {strings.Repeat("- ", 1<<19), "exceeded max depth"},
		"1 MB of documents": {strings.Repeat("---\n", 1<<18), "second document"},
		"1 MB of quotes":    {strings.Repeat("'", 1<<20), "mapping"},
	} {
		t.Run(name, func(t *testing.T) {
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := cpuTime()
			jobs, ds := Decode("j.yaml", []byte(c.file), host)
			took := cpuTime() - start
			runtime.ReadMemStats(&after)
			allocated := after.TotalAlloc - before.TotalAlloc
			if took > 3*time.Second || allocated > 1<<30 {
				t.Errorf("took %v and allocated %d MB", took, allocated>>20)
			}
			t.Logf("%s: %v, %d MB, %d problems", name, took.Round(time.Millisecond), allocated>>20, len(ds))
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
			start = cpuTime()
			if text := shown(ds); len(text) > 1000*(1+len(ds)) || cpuTime()-start > time.Second {
				t.Errorf("shown in %v and %d bytes", cpuTime()-start, len(text))
			}
		})
	}
}

// cpuTime is what this process has used so far: it does not grow when others
// keep the machine busy.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
