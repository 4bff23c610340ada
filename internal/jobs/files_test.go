package jobs

import (
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// decodeInCheckout decodes testdata/files/jobs.yaml for a host with a checkout.
func decodeInCheckout(t *testing.T) []Diagnostic {
	t.Helper()
	checkout := fstest.MapFS{
		"protocols/note/main.py": {Mode: 0o644},
		"t.py":                   {Mode: 0o644},
		"run":                    {Mode: 0o755},
		"plain":                  {Mode: 0o644},
	}
	const file = "testdata/files/jobs.yaml"
	data, _, without := decodeFile(t, file)
	if len(without) > 0 {
		t.Errorf("without a checkout: %s", shown(without))
	}
	opt := host
	opt.Files = []fs.FS{fstest.MapFS{"elsewhere.sh": {}}, checkout}
	_, ds := Decode(filepath.Base(file), data, opt)
	return ds
}

// TestFiles looks for scripts in a checkout.
func TestFiles(t *testing.T) {
	t.Parallel()
	ds := decodeInCheckout(t)
	for _, d := range ds {
		if !d.OfFiles {
			t.Errorf("%+v is not marked", d)
		}
	}
	golden(t, "testdata/files/jobs.txt", shown(ds))
}

func checkoutMessages(t *testing.T) (messages []string) {
	t.Helper()
	for _, d := range decodeInCheckout(t) {
		messages = append(messages, d.Message)
	}
	return messages
}
