package jobsfile

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/safetext"
)

// TestErr words mistakes of files that anybody may have written.
func TestErr(t *testing.T) {
	t.Parallel()
	redactor := safetext.NewRedactor([]string{"planted-password"})
	const token = "123456:AAF-planted_token_0123456789012345678"
	for name, tc := range map[string]struct{ text, want string }{
		"one":                  {"profiles: {p: {cron: '1 * * * *', tasks: [{name: a, command: [x]}], what: 1}}", `^jobs\.yaml:1:\d+: profile "p": unknown key "what"$`},
		"a warning before it":  {"what: 1\nprofiles: []\n", `^jobs\.yaml:2:11: [^;]*$`},
		"three":                {"profiles: {p: {cron: '1 * * * *', a1: 1, b1: 2, c1: 3, tasks: [{name: a, command: [x]}]}}", `"a1".*; and 2 more$`},
		"no YAML":              {"profiles: [", `^jobs\.yaml:\d+(:\d+)?: YAML: `},
		"control characters":   {"profiles: {\"p\\e[31m\\n\\u202e\": 1}", `^jobs\.yaml:1:`},
		"a secret":             {"profiles: {planted-password: 1}", `\*\*\*`},
		"what looks like one":  {"profiles: {\"" + token + "\": 1}", `\*\*\*`},
		"long, two bytes each": {"profiles: {p: {" + strings.Repeat("é", 4000) + ": 1}}", `^jobs\.yaml:1:`},
		"anything":             {"\x00\xff\u2028", `^jobs\.yaml:`},
		"an empty one":         {"", `^jobs\.yaml: `},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, diagnostics := jobs.Decode("/srv/app/jobs.yaml", []byte(tc.text), jobs.Options{})
			got := File{Diagnostics: diagnostics}.Err(redactor.String).Error()
			if !regexp.MustCompile(tc.want).MatchString(got) {
				t.Errorf("%q does not match %s", got, tc.want)
			}
			if strings.Contains(got, "planted") || safetext.String(got) != got || !utf8.ValidString(got) {
				t.Errorf("%q", got)
			}
		})
	}
	long := []jobs.Diagnostic{{File: "/srv/app/jobs.yaml", Severity: jobs.Error, Message: strings.Repeat("é", maxMistake)}, {Severity: jobs.Error}}
	if got := (File{Diagnostics: long}).Err(redactor.String).Error(); len(got) > maxMistake+len("…; and 1 more") || !strings.HasSuffix(got, "é…; and 1 more") || !utf8.ValidString(got) {
		t.Errorf("%q", got)
	}
}
