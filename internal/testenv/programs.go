package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// standard is where every system has its programs.
const standard = "/usr/local/bin:/usr/bin:/bin"

// pythons has the answers of Python, by the modules and PATH.
var pythons sync.Map

// Python returns a python3 that has these modules: that of PATH, or the system's.
func Python(t testing.TB, modules ...string) string {
	t.Helper()
	wanted := strings.Join(append([]string{"sys"}, modules...), ", ")
	if path, ok := pythons.Load(wanted + os.Getenv("PATH")); ok {
		return path.(string)
	}
	for _, path := range candidates("python3", os.Getenv("PATH")) {
		if exec.Command(path, "-c", "import "+wanted).Run() == nil {
			pythons.Store(wanted+os.Getenv("PATH"), path)
			return path
		}
	}
	Require(t, false, "no python3 in PATH or in "+standard+" has "+wanted)
	return ""
}

// PathFor returns a PATH by which a user finds these programs and can run them
// with --version. It is this process's, with the standard folders, without those
// that have one of the programs which is not the user's to run: what root has
// in its own home, say. Who is not root is that user.
func PathFor(t testing.TB, uid uint32, programs ...string) string {
	t.Helper()
	path := filepath.SplitList(os.Getenv("PATH") + ":" + standard)
	for _, program := range programs {
		runs := false
		for _, file := range candidates(program, strings.Join(path, ":")) {
			cmd := exec.Command(file, "--version")
			cmd.Dir, cmd.Env = "/", []string{"PATH=" + strings.Join(path, ":")}
			if os.Geteuid() == 0 {
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
			}
			if cmd.Run() == nil {
				runs = true
				break
			}
			path = slices.DeleteFunc(path, func(dir string) bool { return dir == filepath.Dir(file) })
		}
		Require(t, runs, fmt.Sprintf("user %d can run no %s of PATH or of %s", uid, program, standard))
	}
	return strings.Join(path, ":")
}

// candidates returns the files of a program in the folders of path and in the
// standard ones.
func candidates(program, path string) (files []string) {
	for _, dir := range filepath.SplitList(path + ":" + standard) {
		if info, err := os.Stat(filepath.Join(dir, program)); err == nil && info.Mode().IsRegular() {
			files = append(files, filepath.Join(dir, program))
		}
	}
	return slices.Compact(files)
}
