package jobs

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer/internal/testenv"
)

// asker answers a JSON list of YAML texts with what PyYAML and str() make of
// each: the type and the text, or null for an error.
const asker = `
import json, sys, yaml
def ask(text):
    try:
        value = yaml.safe_load(text)
        return [type(value).__name__, str(value)]
    except Exception:
        return None
print(json.dumps([ask(t) for t in json.load(sys.stdin)]))
`

func askPyYAML(t *testing.T, texts []string) [][]string {
	t.Helper()
	python := testenv.Python(t, "yaml")
	in, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", asker)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers [][]string
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatal(err)
	}
	return answers
}

// TestScalarsAgainstPyYAML compares resolve with the original on scalars made
// at random of the characters that numbers and times consist of: 600, and
// 30,000 with MONTIMER_SOAK.
func TestScalarsAgainstPyYAML(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"0", "1", "7", "8", "9", "12", "60", "_", ".", "-", "+", ":", "e", "E", "e+", "0x", "0b", "0o", "a", "F", "inf", "NaN", "T", "Z", " ", "d", "2026-01-02", "03:04:05", "on", "Null"}
	var scalars []string
	samples := 600
	if testenv.Soak() {
		samples = 30_000
	}
	for range samples {
		var b strings.Builder
		for range 1 + random.IntN(5) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		s := strings.TrimSpace(b.String())
		var doc yaml.Node
		if yaml.Unmarshal([]byte(s), &doc) == nil && len(doc.Content) == 1 && doc.Content[0].Value == s {
			scalars = append(scalars, s)
		}
	}
	kinds := map[string][]scalarKind{
		"str": {kindText}, "NoneType": {kindNull}, "bool": {kindBool}, "int": {kindInt, kindTrap},
		"float": {kindFloat, kindTrap}, "date": {kindDate}, "datetime": {kindTrap},
	}
	for i, answer := range askPyYAML(t, scalars) {
		if answer == nil {
			continue // the old runner would have stopped there
		}
		got := resolvePlain(scalars[i])
		sameKind := false
		for _, k := range kinds[answer[0]] {
			sameKind = sameKind || k == got.kind
		}
		if !sameKind || got.text != answer[1] && answer[0] != "datetime" {
			t.Errorf("%q: got %+v, PyYAML has %v", scalars[i], got, answer)
		}
	}
}

// TestValuesAgainstPyYAML compares the texts of lists and mappings.
func TestValuesAgainstPyYAML(t *testing.T) {
	t.Parallel()
	values := []string{
		"[1, 2]", "{a: 1}", "[]", "[[]]", "[null, ~, on, 1.0, 0x1F]", `['it''s', "\"", 'it''s "x"']`,
		`["\u202e\n\t\\\x07\U0001F600\u00ad é 日"]`, "{a: [1, {b: 2026-01-02}], 5: x, on: y}", "{<<: {a: 1, b: 2}, b: 3, c: 4}",
		"{<<: [{a: 1}, {a: 2, b: 3}], c: 4}", "{<<: {<<: {x: 1}, y: 2}, x: 3}", "{a: 1, <<: {b: 2, a: 3}}",
		"[&x 1, *x]", "&x {a: 1, b: &y [2]}", "[1.0e+20, 1.0e-7, .inf, -.inf, .nan]",
	}
	for i, answer := range askPyYAML(t, values) {
		jobs, ds := Decode("values", []byte("profiles: {p: {cron: 5 * * * *, env: {A: "+values[i]+"}}}"), host)
		if len(ds) > 0 {
			t.Fatalf("%s\n%s", values[i], shown(ds))
		}
		if diff := cmp.Diff(answer[1], jobs.Profiles[0].Env[0].Value); diff != "" {
			t.Errorf("%s (-PyYAML +got):\n%s", values[i], diff)
		}
	}
}
