package jobs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// monitoringFile decodes a file of testdata/monitoring.
func monitoringFile(t *testing.T, file string) (Monitoring, []Diagnostic) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return DecodeMonitoring(filepath.Base(file), data)
}

// TestMonitoring: each file is read as its .txt says, with all its mistakes.
func TestMonitoring(t *testing.T) {
	t.Parallel()
	for _, file := range cases(t, "testdata/monitoring", ".txt") {
		m, problems := monitoringFile(t, file)
		text := shown(problems)
		if len(problems) == 0 {
			text = "version " + m.Version + "\n"
			for _, p := range m.Protocols {
				text += fmt.Sprintf("%+v\n", p)
			}
		}
		golden(t, strings.TrimSuffix(file, ".yaml")+".txt", text)
	}
}
