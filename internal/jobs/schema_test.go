package jobs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer/internal/testenv"
)

// TestSchema: the schema lets all files of testdata/ok pass, and none of those
// of testdata/err whose first line says so.
func TestSchema(t *testing.T) {
	t.Parallel()
	schema := compileSchema(t)
	files := append(cases(t, "testdata/ok", ".out"), cases(t, "testdata/err", ".txt")...)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var instance any
		if yaml.Unmarshal(data, &instance) != nil {
			continue // not even YAML
		}
		err = schema.Validate(asJSON(instance))
		if err == nil && bytes.HasPrefix(data, []byte("# schema: rejects\n")) {
			t.Errorf("%s: the schema lets it pass", file)
		}
		if err != nil && strings.HasPrefix(file, "testdata/ok/") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// Around the key and its value, what a file must have beside them.
const manyTasks = "tasks: [{name: x, script: a}, {name: 1, script: a}, {name: 1.5, script: a}, {name: 1e3, script: a}, {name: 2026-01-02, script: a}, "

var around = map[string][2]string{
	"top":       {"{profiles: {p: {cron: 5 * * * *}}, ", "}"},
	"defaults":  {"{defaults: {", "}, profiles: {p: {cron: 5 * * * *, tasks: [{name: a, script: b}]}}}"},
	"profile":   {"{profiles: {p: {cron: 5 * * * *, ", "}}}"},
	"task":      {"{profiles: {p: {cron: 5 * * * *, " + manyTasks + "{name: a, script: b, ", "}]}}}"},
	"sync":      {"{profiles: {p: {cron: 5 * * * *}}, sync: {", "}}"},
	"on_change": {"{profiles: {p: {cron: 5 * * * *}}, sync: {on_change: [{paths: a, command: b, ", "}]}}"},
	"notify":    {"{profiles: {p: {cron: 5 * * * *}}, notify: {", "}}"},
}
var instead = map[string]string{ // of what is around, for keys that stand there or exclude it
	"top.profiles": "profiles: {p: {cron: 5 * * * *}}, ", "profile.cron": "cron: 5 * * * *, ", "profile.calendar": "cron: 5 * * * *, ",
	"profile.every": "cron: 5 * * * *, ", "task.name": "name: a, ", "task.script": "script: b, ", "task.command": "script: b, ",
	"on_change.paths": "paths: a, ", "on_change.command": "command: b, ",
}

// fileWith is a file with one key and its value, and what it must have beside them.
func fileWith(k Key, value string) []byte {
	before, after := around[k.Level][0], around[k.Level][1]
	if other := instead[k.Level+"."+k.Name]; other != "" {
		i := strings.LastIndex(before, other)
		before = before[:i] + before[i+len(other):]
	}
	return []byte(before + k.Name + ": " + value + after + "\n")
}

// TestWrongKinds: whatever key has a value of the wrong kind of YAML, the hint
// shows a form that is right.
func TestWrongKinds(t *testing.T) {
	t.Parallel()
	for _, k := range Keys() {
		form := strings.TrimPrefix(keyOf{k.Level, k.Name}.form(), "write "+k.Name+": ")
		if form == "" && k.Name != "description" { // that takes anything
			t.Errorf("%s.%s: no form", k.Level, k.Name)
			continue
		}
		if _, ds := Decode("j.yaml", fileWith(k, form), host); HasErrors(ds) && k.Name != "description" {
			t.Errorf("%s.%s: %s is not right: %s", k.Level, k.Name, form, shown(ds))
		}
		for _, wrong := range []string{"{a: {b: c}}", "[[x]]", "[A=b]", "[{a: [b]}]"} {
			_, ds := Decode("j.yaml", fileWith(k, wrong), host)
			for _, d := range ds {
				if d.Hint == "" && strings.Contains(d.Message, "must be ") && strings.Contains(d.Message, ", not a") {
					t.Errorf("%s.%s: %s: no hint: %s", k.Level, k.Name, wrong, d.Message)
				}
			}
		}
	}
}

// TestSchemaOfValues: whatever value of a key Decode accepts, the schema does.
// Of the lists of one scalar every fourth is tried, all with MONTIMER_SOAK.
func TestSchemaOfValues(t *testing.T) {
	t.Parallel()
	schema := compileSchema(t)
	scalars := []string{
		"", "null", "~", "true", "no", "Off", "0", "1", "-1", "+3", "0x1F", "0b1", "0o7", "1_0", "010", "1:30", "0.0", "-0.0", "1.5", "1.50", "1e3", ".5", ".inf",
		"2026-01-02", "2026-01-02 10:00:00", `""`, `"0"`, `"1"`, `"yes"`, `"null"`, "x", "A_B", "text of words", `"two\nlines"`, "!!str 1", "!!int 1",
		`"5 * * * *"`, "daily", "90s", "UTC", "crontab", "queue",
	}
	values := append([]string{
		"[]", "[[]]", "[{}]", `[x, ""]`, "{}", "{A: }", "{A: 1}", "{A: [1, {b: c}]}", "{1: x}", "{true: x}", "{a-b: 1}", "{on_change: []}",
		"{repeat_every: 90, recovery: 0}", "{jitter: 1m, workdir: 5}", "[{name: 1, script: 2}]", "[{paths: 1, command: 2}]", "{p: {cron: 5 * * * *}}",
	}, scalars...)
	for i, s := range scalars {
		if i%4 == 0 || testenv.Soak() {
			values = append(values, "["+s+"]")
		}
	}
	for _, k := range Keys() {
		name, accepted := k.Level+"."+k.Name, 0
		for _, v := range values {
			file := fileWith(k, v)
			if _, ds := Decode("j.yaml", file, host); HasErrors(ds) {
				continue
			}
			accepted++
			var instance any
			if err := yaml.Unmarshal(file, &instance); err != nil {
				t.Errorf("%s: %v", file, err)
			} else if err := schema.Validate(asJSON(instance)); err != nil {
				t.Errorf("%s%v", file, err)
			}
		}
		if accepted == 0 {
			t.Errorf("%s: no value was accepted", name)
		}
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("jobs.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("jobs.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// asJSON turns what yaml.v3 decodes to into what a schema can judge: keys are
// strings, and so are dates.
func asJSON(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = asJSON(v[k])
		}
	case map[any]any:
		object := map[string]any{}
		for k, e := range v {
			object[fmt.Sprint(k)] = asJSON(e)
		}
		return object
	case []any:
		for i := range v {
			v[i] = asJSON(v[i])
		}
	case time.Time:
		return v.String()
	case float64:
		if _, err := json.Marshal(v); err != nil {
			return 0.0
		}
	}
	return v
}

// TestKeys: the table is complete enough for a reference text, and what
// defaults takes is told apart by its name alone.
func TestKeys(t *testing.T) {
	t.Parallel()
	sentence := regexp.MustCompile(`^[A-Z].*\.$`)
	seen := map[string]bool{}
	for _, k := range Keys() {
		if k.Level == "" || k.Name == "" || k.Type == "" || !sentence.MatchString(k.Doc) {
			t.Errorf("not fit for a reference text: %+v", k)
		}
		if seen[k.Level+"."+k.Name] {
			t.Errorf("%s has %s twice", k.Level, k.Name)
		}
		seen[k.Level+"."+k.Name] = true
	}
	for _, want := range []string{"top.profiles", "defaults.jitter", "profile.cron", "task.script", "sync.on_change", "on_change.paths", "notify.recovery"} {
		if !seen[want] {
			t.Errorf("no key %s", want)
		}
	}
}

// TestDefaultTexts: the defaults that Keys tells are those that Decode gives.
func TestDefaultTexts(t *testing.T) {
	t.Parallel()
	written := map[string]map[string]string{"profile": {}, "task": {}}
	for _, k := range Keys() {
		if _, ok := written[k.Level]; ok && k.Default != "" {
			written[k.Level][k.Name] = k.Default
		}
	}
	prose := map[string]bool{"timezone": true, "timeout": true, "workdir": true, "interpreter": true}
	lines := "profiles:\n  p:\n    cron: 5 * * * *\n"
	for name, value := range written["profile"] {
		if !prose[name] {
			lines += "    " + name + ": " + value + "\n"
		}
	}
	lines += "    tasks:\n      - name: a\n        script: a.py\n        timeout: " + written["task"]["timeout"] + "\n"
	for name, value := range written["task"] {
		if !prose[name] {
			lines += "        " + name + ": " + value + "\n"
		}
	}
	with, ds := Decode("with", []byte(lines), host)
	if len(ds) > 0 {
		t.Fatalf("%s\n%s", lines, shown(ds))
	}
	without, _ := Decode("without", []byte("profiles: {p: {cron: 5 * * * *, tasks: [{name: a, script: a.py}]}}"), host)
	if a, b := Encode(with), Encode(without); !bytes.Equal(a, b) || bytes.Contains(a, []byte("timeout")) {
		t.Errorf("with the defaults written out:\n%s\nwithout:\n%s", a, b)
	}
}
