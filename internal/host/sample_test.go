package host

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSample: the sample sets nothing; with each setting made active it is a valid
// config file, with all settings.
func TestSample(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := WriteSample(&b); err != nil {
		t.Fatal(err)
	}
	sample := b.String()
	got, mistakes := decodeConfig([]byte(sample))
	if diff := cmp.Diff(Settings{}, got); diff != "" || len(mistakes) > 0 {
		t.Errorf("as it is: %s\n%v", diff, mistakes)
	}
	for line := range strings.SplitSeq(sample, "\n") {
		if len(line) > 80 || line != strings.TrimRight(line, " ") {
			t.Errorf("a line of %d bytes: %q", len(line), line)
		}
	}
	active := regexp.MustCompile(`(?m)^#(\S|  +[^ #])`).ReplaceAllString(sample, "$1")
	s, mistakes := decodeConfig([]byte(active))
	if len(mistakes) > 0 || s.Backup.Keep != 48 || s.Sync.Every != "10m" || len(s.Limits["*"]) != len(limitKeys()) || s.Write == nil || s.Capacity.Profiles == 0 {
		t.Errorf("with all settings: %+v, %v\n%s", s, mistakes, active)
	}
	var each func([]Key)
	each = func(keys []Key) {
		for _, k := range keys {
			if k.value != nil && *k.value == "" {
				t.Errorf("%s is not there:\n%s", k.Name, active)
			}
			each(k.Keys)
		}
	}
	each(new(config).keys(&s))
}

// TestKeys: each setting is described, and the example of each key of a mapping is
// read without a mistake.
func TestKeys(t *testing.T) {
	t.Parallel()
	for _, k := range Keys() {
		for _, sub := range append(k.Keys, k) {
			if sub.Type == "" || !strings.HasSuffix(sub.Doc, ".") || sub.Example == "" && sub.Name != "systemd_version" {
				t.Errorf("%s %s: type %q, doc %q, example %q", k.Name, sub.Name, sub.Type, sub.Doc, sub.Example)
			}
		}
		for _, sub := range k.Keys {
			text := k.Name + ": {" + sub.Name + ": '" + sub.Example + "'}"
			switch {
			case k.Name == "limits":
				text = "limits: {nightly: {" + sub.Name + ": " + sub.Example + "}}"
			case k.Name == "backup" && sub.Name != "dir":
				text = "backup: {dir: /mnt, " + sub.Name + ": " + sub.Example + "}"
			case sub.Name == "hosts":
				text = "serve: {hosts: " + sub.Example + "}"
			}
			if _, mistakes := decodeConfig([]byte(text)); len(mistakes) > 0 {
				t.Errorf("%s: %v", text, mistakes)
			}
		}
	}
}
