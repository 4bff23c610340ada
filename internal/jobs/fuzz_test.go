package jobs

import (
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzDecode: no input makes Decode panic; every problem lies inside the file;
// and what is read without errors is the same after Encode.
func FuzzDecode(f *testing.F) {
	for _, dir := range []string{"ok", "err", "odd"} {
		files, _ := filepath.Glob("testdata/" + dir + "/*.yaml")
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		jobs, ds := Decode("fuzz.yaml", data, host)
		src := source{text: string(data)}
		lines := len(src.lines())
		if lines > 1 && src.lines()[lines-1] == len(data) {
			lines-- // nothing follows the last line end
		}
		for _, d := range ds {
			length := utf8.RuneCountInString(d.Source)
			inside := d.Line >= 0 && d.Line <= lines && d.Col >= 0 && d.Col <= length+1 && d.Width >= 1 &&
				d.Offset <= len(d.Source) && (d.Col == 0 || d.Col+d.Width <= length+2)
			if !inside || d.Message == "" || !utf8.ValidString(d.Message+d.Hint) {
				t.Fatalf("%+v is not inside of %d lines", d, lines)
			}
		}
		if text := shown(ds); !utf8.ValidString(text) {
			t.Fatalf("%q", text)
		}
		if HasErrors(ds) {
			return
		}
		encoded := Encode(jobs)
		again, ds := Decode("encoded", encoded, host)
		if HasErrors(ds) {
			t.Fatalf("%s\nis encoded as\n%s\n%s", data, encoded, shown(ds))
		}
		if diff := cmp.Diff(jobs, again); diff != "" {
			t.Fatalf("%s\nis encoded as\n%s\n(-before +after)\n%s", data, encoded, diff)
		}
	})
}
