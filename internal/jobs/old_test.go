package jobs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// oldFile decodes a file of testdata/old as the old runner did.
func oldFile(t *testing.T, file string) ([]OldProfile, []Diagnostic) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return DecodeOld(filepath.Base(file), data)
}

// TestOld: each file is read as its .txt says, with all its mistakes.
func TestOld(t *testing.T) {
	t.Parallel()
	for _, file := range cases(t, "testdata/old", ".txt") {
		profiles, problems := oldFile(t, file)
		text := shown(problems)
		if !HasErrors(problems) {
			for _, p := range profiles {
				text += fmt.Sprintf("%+v\n", p)
			}
		}
		golden(t, strings.TrimSuffix(file, ".yaml")+".txt", text)
	}
}
