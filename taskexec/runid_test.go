package taskexec

import "testing"

func TestRunID(t *testing.T) {
	t.Parallel()
	env := func(pid, id string) []string { return []string{"SYSTEMD_EXEC_PID=" + pid, "INVOCATION_ID=" + id} }
	if got := runID(env("42", testRunID), 42); got != testRunID {
		t.Errorf("main process of a service: %s", got)
	}
	for name, environ := range map[string][]string{
		"inherited":        env("41", testRunID),
		"not in a service": nil,
		"not an id":        env("42", "../../etc/passwd"),
		"too short":        env("42", "00"),
	} {
		a, b := runID(environ, 42), runID(environ, 42)
		if len(a) != 32 || a == b || a == testRunID {
			t.Errorf("%s: %s, %s", name, a, b)
		}
	}
}
