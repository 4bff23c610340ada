package legacy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/montimer/montimer/internal/jobs"
)

// TestCrontab holds the crontab to what the old system printed for each odd file,
// which was recorded. "!" begins a text of the error where it refused the file, or
// stopped with an exception.
func TestCrontab(t *testing.T) {
	t.Parallel()
	line := func(cron, name, word string) string {
		return cron + "\tflock -n /tmp/automation." + name + ".lock python -m automation run " + word + "\n"
	}
	p := func(cron string) string { return line(cron, "p", "p") }
	const every = "* * * * *"
	want := map[string]string{
		"all_disabled":         "\n",
		"anchor":               p("1 * * * *") + line("2 * * * *", "q", "q"),
		"args_list":            "!args must be a mapping",
		"args_types":           p(every),
		"bom":                  p("1 * * * *"),
		"bool_profile":         "!TypeError",
		"cron_bad":             p("nonsense"),
		"cron_int":             p("5"),
		"cron_newline":         p("1 * * * *\n2 * * * *"),
		"cron_null":            p("None"),
		"desc_any":             p("1 * * * *"),
		"dup_key":              p("3 * * * *"),
		"dup_profile":          p("3 * * * *") + line("2 * * * *", "q", "q"),
		"dup_task":             p("1 * * * *"),
		"empty":                "!empty",
		"enabled_no":           "\n",
		"enabled_null":         "\n",
		"enabled_string_false": p(every),
		"env_empty_list":       p(every),
		"env_list":             "!env must be a mapping",
		"int_profile":          "!TypeError",
		"malformed":            "!malformed.yaml:",
		"missing_both":         "!the key script is missing",
		"multidoc":             "!second document",
		"no_cron":              "!the key cron is missing",
		"no_tasks":             p(every),
		"null_name":            p("1 * * * *"),
		"odd_profile":          line("1 * * * *", "a b;c", "'a b;c'"),
		"profile_null":         "!a profile must be a mapping",
		"profiles_list":        "!profiles must be a mapping",
		"profiles_null":        "!profiles must be a mapping",
		"scalar":               "!the file must be a mapping",
		"slash_profile":        line("1 * * * *", "../x", "../x"),
		"sync_str":             p("1 * * * *"),
		"tab":                  "!tab.yaml:2",
		"task_enabled_off":     p(every),
		"task_str":             "!task 1 must be a mapping",
		"tasks_empty_map":      p(every),
		"tasks_map":            "!tasks must be a list",
		"tasks_null":           p(every),
		"top_list":             "!the file must be a mapping",
		"top_unknown":          p(every),
		"unknown_int_key":      "!knows no key",
		"unknown_profile_key":  `!knows no key "timezone"`,
		"unknown_task_key":     `!knows no key "timeout"`,
	}
	files, err := filepath.Glob("../jobs/testdata/odd/*.yaml")
	if err != nil || len(files) != len(want) {
		t.Errorf("%d files, %d expectations, %v", len(files), len(want), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		profiles, problems := jobs.DecodeOld(filepath.Base(file), data)
		got := Crontab(profiles)
		if jobs.HasErrors(problems) {
			var said strings.Builder
			if err := jobs.WriteText(&said, problems, false); err != nil {
				t.Fatal(err)
			}
			got = "!" + said.String()
		}
		refused, isRefused := strings.CutPrefix(want[name], "!")
		if isRefused && (!strings.HasPrefix(got, "!") || !strings.Contains(got, refused)) || !isRefused && got != want[name] {
			t.Errorf("%s: got %q, want %q", name, got, want[name])
		}
	}
}

// TestOldKeys: a key of montimer, at any level, makes the old runner refuse the file;
// one of the top level does not.
func TestOldKeys(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"notify: {after: 2}\ndefaults: {x: 1}\nprofiles: {p: {cron: 5, enabled: false}}": "",
		"profiles: {p: {cron: 5, timezone: UTC}}":                                        `jobs.yaml:1:25: error: profile "p": the old runner knows no key "timezone"`,
		"profiles: {p: {every: 1h}}":                                                     "the key cron is missing",
		"profiles: {p: {cron: 1:30}}":                                                    "base 60",
		"profiles: {1: {cron: 5, enabled: no}}":                                          "",
		"profiles: {~: {cron: 5}}":                                                       "TypeError",
		"profiles: {p: {cron: 5, tasks: [{name: a, command: x}]}}":                       "the key script is missing",
	} {
		_, problems := jobs.DecodeOld("jobs.yaml", []byte(text))
		var said strings.Builder
		if err := jobs.WriteText(&said, problems, false); err != nil {
			t.Fatal(err)
		}
		if (want == "") != (said.Len() == 0) || !strings.Contains(said.String(), want) {
			t.Errorf("%s: %q, want %q", text, said.String(), want)
		}
	}
}

func TestShellWord(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "''", "a-b.c/d": "a-b.c/d", "a b": "'a b'", "it's": `'it'"'"'s'`, "é": "'é'", "$x": "'$x'", "a\nb": "'a\nb'"} {
		if got := shellWord(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
