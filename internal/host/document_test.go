package host

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSampleSettings: the sample sets nothing; with each setting made active it is a
// valid config file, in which no key is missing that one may have.
func TestSampleSettings(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := WriteSample(&b); err != nil {
		t.Fatal(err)
	}
	sample := b.String()
	var none Settings
	if s, mistakes := decodeConfig([]byte(sample)); len(mistakes) > 0 || s.Or(none).Checkout != "" {
		t.Errorf("as it is: %+v, %v", s, mistakes)
	}
	for line := range strings.SplitSeq(sample, "\n") {
		if len(line) > 80 || line != strings.TrimRight(line, " ") {
			t.Errorf("a line of %d bytes: %q", len(line), line)
		}
	}
	active := regexp.MustCompile(`(?m)^#(\S|  +[^ #])`).ReplaceAllString(sample, "$1")
	s, mistakes := decodeConfig([]byte(active))
	if len(mistakes) > 0 || s.Checkout != "/srv/app" || s.Backup.Keep != 48 || s.Sync.Every != "10m" || len(s.Limits["*"]) != 10 {
		t.Errorf("with all settings: %+v, %v\n%s", s, mistakes, active)
	}

	var names []string
	for _, d := range Documented() {
		if slices.Contains(names, d.Name) || d.Doc == "" || (d.Type == "") != (d.Example == "") {
			t.Errorf("incomplete: %+v", d)
		}
		names = append(names, d.Name)
	}
	// The decoder names the keys that it knows where it meets an unknown one.
	for prefix, text := range map[string]string{
		"": "%%%: 1", "sync.": "sync: {%%%: 1}", "backup.": "backup: {%%%: 1}", "serve.": "serve: {%%%: 1}",
		`limits."*".`: `limits: {"*": {%%%: 1}}`, "capacity.": "capacity: {%%%: 1}",
	} {
		_, mistakes := decodeConfig([]byte(strings.Replace(text, "%%%", "'%%%'", 1)))
		known := ""
		for _, m := range mistakes {
			if _, keys, ok := strings.Cut(m.Message, "known keys: "); ok {
				known = keys
			}
		}
		if known == "" {
			t.Errorf("%s: %v", text, mistakes)
		}
		for key := range strings.SplitSeq(known, ", ") {
			if key != "systemd_version" && !slices.Contains(names, prefix+key) {
				t.Errorf("not documented: %s", prefix+key)
			}
		}
	}
}
