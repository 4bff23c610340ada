package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/montimer/montimer/internal/testenv"
)

// metadataCases are texts that may be in metadata_json.
var metadataCases = []string{
	`{}`, ``, ` { } `, `[]`, `[ ]`, `"x"`, `0`, `-0`, `-0.0`, `null`, `true`, "\t[1 ,2\r\n]\n",
	`{"a":1,"b":[1,{"c":null}],"d":"e"}`, `{"z":1,"a":2}`,
	`{"dup":1,"dup":2}`, `{"a":1,"b":2,"a":{"c":1,"c":2},"d":4}`, `{"a":1,"\u0061":2,"b":[{"x":1,"x":[1,2]}]}`, `{"":1,"":2}`,
	`{"float":1.5,"int_like":2.0,"small":1e-07,"big":1e+22,"neg":-0.0}`, `[1e16,1e15,123456789012345678.0,0.0001,0.00001,5e-324,1.7976931348623157e308,1E5,1e5,0.1,100.0]`,
	`[1180591620717411303424,-9223372036854775809,123456789012345678901234567890]`, `[1e400,-1e400]`, `{"n":NaN,"i":[Infinity,-Infinity]}`,
	`"\"\\\/\b\f\n\r\t"`, `"\u0041\u007f\u0000\u001f"`, `"\ud83d\ude80 🚀 é \u00E9 \u2028"`, `"\ud83d"`, `"\ude80\ud83d"`, "\"\x7f\"",
	`<script>alert(1)</script>`, `{"a"}`, `{"a":}`, `{"a":1,}`, `[1,]`, `[,1]`, `{,}`, `[1 2]`, `{"a":1 "b":2}`, `{a:1}`, `{'a':1}`, `{1:2}`, `01`, `1.`, `.5`, `1e`, `1e+`, `+1`, `--1`, `-`, `-Inf`, `nan`, `True`, `nul`, `"`, `"\x"`, `"\u12"`, `"\u12g4"`, "\"a\nb\"", "\"\x00\"", `{} {}`, `{}x`, `[`, `]`, `{`, `"abc`, `[[[[`, "\ufeff{}",
	strings.Repeat("[", 900) + strings.Repeat("]", 900),
	strings.Repeat("9", 4300), strings.Repeat("9", 4301), "{" + strings.Repeat(`"k":1,`, 40) + `"l":2}`,
}

// TestMetadataAsPython: what is stored is shown as Python reads and writes it, but
// for numbers that are not finite.
func TestMetadataAsPython(t *testing.T) {
	t.Parallel()
	interpreter := testenv.Python(t, "json")
	cmd := exec.Command(interpreter, "-c", `
import json, sys
for text in json.load(sys.stdin):
    try:
        value = json.loads(text) if text else {}
        print(json.dumps(["", json.dumps(value, separators=(",", ":"))]))
    except Exception as error:
        print(json.dumps([str(error), ""]))`)
	in, err := json.Marshal(metadataCases)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = strings.NewReader(string(in))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	answers := json.NewDecoder(strings.NewReader(string(out)))
	for _, text := range metadataCases {
		var answer [2]string
		if err := answers.Decode(&answer); err != nil {
			t.Fatal(err)
		}
		want := strings.NewReplacer("-Infinity", "null", "Infinity", "null", "NaN", "null").Replace(answer[1])
		got, err := appendMetadata([]byte("before "), text)
		switch {
		case answer[0] != "" && (err == nil || errors.Is(err, errNotFinite)):
			t.Errorf("%.60q: %.60q, but Python says %s", text, got, answer[0])
		case answer[0] == "" && (string(got) != "before "+want || errors.Is(err, errNotFinite) != (want != answer[1])):
			t.Errorf("%.60q: %.80q, %v, want %.80q", text, got, err, want)
		case !json.Valid(got[len("before "):]):
			t.Errorf("%.60q: %.80q is not JSON", text, got)
		}
	}
}

// TestHostileMetadata: neither depth nor repeated keys cost more than their size.
func TestHostileMetadata(t *testing.T) {
	t.Parallel()
	testenv.Linear(t, 10_000, func(n int) {
		for _, text := range []string{
			strings.Repeat("[", n),
			strings.Repeat(`{"a":`, n),
			"{" + strings.Repeat(`"same":1,`, n) + `"last":2}`,
			"[" + strings.Repeat(`{"a":1,"a":2},`, n) + "1]",
		} {
			_, _ = appendMetadata(nil, text) // whether it is JSON is not the question
		}
		var many strings.Builder
		for i := range n {
			fmt.Fprintf(&many, `"key %d":1,`, i)
		}
		got, err := appendMetadata(nil, "{"+many.String()+`"key 0":2}`)
		if err != nil || !strings.HasPrefix(string(got), `{"key 0":2,"key 1":1,`) {
			t.Errorf("%.40s, %v", got, err)
		}
	})
}

func FuzzMetadata(f *testing.F) {
	for _, text := range metadataCases {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := appendMetadata(nil, text)
		if !json.Valid(got) {
			t.Fatalf("%q is not JSON", got)
		}
		if err != nil {
			return
		}
		if again, err := appendMetadata(nil, string(got)); string(again) != string(got) || err != nil {
			t.Fatalf("%q, then %q, %v", got, again, err)
		}
		for _, c := range got {
			if c < 0x20 || c >= 0x7F {
				t.Fatalf("%q has a character that is not ASCII", got)
			}
		}
	})
}
