package calendar

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"strings"
	"testing"
	"time"
)

func TestPortable(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ event, want string }{
		{"2/6:00", "*-*-* 02..20/6:00:00"},
		{"0/7:30", "*-*-* 00..21/7:30:00"},
		{"*-*-01/4", "*-*-01..29/4 00:00:00"},
		{"*-4/7-*", "*-04..11/7-* 00:00:00"},
		{"2026/3-*-*", "2026..2197/3-*-* 00:00:00"},
		{"*:5,30/10", "*-*-* *:05,30..50/10:00"},
		{"*:*:0/15", "*-*-* *:*:00..45/15"},
		{"*:*:0.5/15", "*-*-* *:*:00.500000..45.500000/15"},
		{"*-*~07/1", "*-*~01..07 00:00:00"},
		{"*-*~08/3", "*-*~02..08/3 00:00:00"},
		{"*-*~01,10/4", "*-*~01,02..10/4 00:00:00"},
		{"02..20/6:00", "*-*-* 02..20/6:00:00"},
		{"12:00 GMT", "*-*-* 12:00:00 UTC"},
		{"12:00 EST", "*-*-* 12:00:00 Etc/GMT+5"},
		{"12:00 Europe/London", "*-*-* 12:00:00 Europe/London"},
		{"*-*~01..28,05/4", "error"}, // systemd allows the second component 25 days
	} {
		e, err := mustParse(t, test.event).Portable()
		got := e.String()
		if err != nil {
			got = "error"
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.event, got, test.want)
		}
	}
}

// TestPortableZones finds the zones whose name is an abbreviation of any zone.
func TestPortableZones(t *testing.T) {
	t.Parallel()
	const zoneinfo = "/usr/share/zoneinfo"
	from, to := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2076, 1, 1, 0, 0, 0, 0, time.UTC)
	names, abbreviated := map[string]string{}, map[string]bool{}
	err := fs.WalkDir(os.DirFS(zoneinfo), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		zone, err := time.LoadLocation(name)
		if err != nil {
			return nil // a file that is no zone
		}
		names[strings.ToLower(name)] = name
		w := walk{clock: clock{zone: zone}}
		for at := int64(-4_000_000_000); at < to.Unix(); {
			short, _ := time.Unix(at, 0).In(zone).Zone()
			abbreviated[strings.ToLower(short)] = true
			c := w.changeAfter(at)
			if c.wall == math.MaxInt64 {
				break
			}
			at = c.instant
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for lower, name := range names {
		if !abbreviated[lower] || name == "UTC" {
			continue
		}
		found++
		other := PortableZone(name)
		if abbreviated[strings.ToLower(other)] && other != "UTC" {
			t.Errorf("%s: %s is an abbreviation too", name, other)
			continue
		}
		was, is := mustLoad(t, name), mustLoad(t, other)
		for at := from; at.Before(to); at = at.Add(12 * time.Hour) {
			_, a := at.In(was).Zone()
			_, b := at.In(is).Zone()
			if a != b {
				t.Errorf("%s: %s has another offset at %s", name, other, at)
				break
			}
		}
	}
	if found < len(abbreviations) {
		t.Errorf("found %d of %d zones", found, len(abbreviations))
	}
}

// openForms are calendar events with one open step each, in every field.
func openForms() []string {
	var forms []string
	for step := 1; step <= 23; step++ {
		for start := 0; start+step <= 23; start++ {
			forms = append(forms, fmt.Sprintf("%d/%d:00", start, step), fmt.Sprintf("%d/%d:30", start, step))
		}
	}
	for step := 1; step <= 11; step++ {
		for start := 1; start+step <= 12; start++ {
			forms = append(forms, fmt.Sprintf("*-%d/%d-*", start, step), fmt.Sprintf("Sun *-%d/%d-* 02:30", start, step))
		}
	}
	for step := 1; step <= 30; step++ {
		for start := 1; start+step <= 31; start++ {
			forms = append(forms, fmt.Sprintf("*-*-%d/%d", start, step))
		}
	}
	for _, step := range []int{1, 2, 7, 15, 20, 25, 30, 45, 59} {
		for start := 0; start+step <= 59; start += 4 {
			forms = append(forms, fmt.Sprintf("*:%d/%d", start, step), fmt.Sprintf("*:*:%d/%d", start, step))
		}
	}
	for step := 1; step < 28; step++ { // counted from the end of the month
		for start := step + 1; start <= 28; start += 2 {
			forms = append(forms, fmt.Sprintf("*-*~%d/%d", start, step))
		}
	}
	return forms
}
