package unitfile

import "testing"

// TestGenerated: a file without both lines of the header is somebody else's.
func TestGenerated(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "[Unit]\n", headerLine, "\n" + headerLine + digestLine} {
		if Generated(content) {
			t.Errorf("%q passes for generated", content)
		}
	}
}
