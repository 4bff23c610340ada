package jobs

import (
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// TestFiles looks for scripts in a checkout.
func TestFiles(t *testing.T) {
	t.Parallel()
	checkout := fstest.MapFS{
		"protocols/note/main.py": {Mode: 0o644},
		"t.py":                   {Mode: 0o644},
		"run":                    {Mode: 0o755},
		"plain":                  {Mode: 0o644},
	}
	const file = "testdata/files/jobs.yaml"
	data, _, _ := decodeFile(t, file)
	opt := host
	opt.Files = []fs.FS{fstest.MapFS{"elsewhere.sh": {}}, checkout}
	_, ds := Decode(filepath.Base(file), data, opt)
	for _, d := range ds {
		if !d.OfFiles {
			t.Errorf("%+v is not marked", d)
		}
	}
	golden(t, "testdata/files/jobs.txt", shown(ds))
	if _, ds := Decode(filepath.Base(file), data, host); len(ds) > 0 {
		t.Errorf("without a checkout: %s", shown(ds))
	}
}
