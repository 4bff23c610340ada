package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/montimer/montimer/internal/testenv"
)

// systemPath is where a system has its programs.
const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// TestBooted runs each scenario of testdata/boot in a systemd that has just
// booted, with a montimer built from this tree. It runs when it is asked for by
// name, as make boot does. MONTIMER_BOOT_ROOT is the tree of the system to boot,
// as debootstrap makes it; the default is that of this machine.
func TestBooted(t *testing.T) {
	run := flag.Lookup("test.run").Value.String()
	if !strings.Contains(run, "Booted") {
		t.Skip("make boot runs the booted scenarios")
	}
	all := strings.Contains(run, ".*")
	testenv.NeedRoot(t)
	testenv.Need(t, "systemctl", "ip", "unshare", "bash")
	root := os.Getenv("MONTIMER_BOOT_ROOT")
	if root == "" {
		root = "/"
	}
	needIn(t, root, "systemctl", "dbus-daemon", "ip", "bash", "useradd", "runuser", "pgrep")
	binary, tree := build(t), abs(t, "../..")
	layout := cgroups(t, root)
	sandbox := func(clock []string, binary string) []string {
		return append(clock,
			"--root", root, "--cgroup", layout,
			"--bind-ro", binary+":/usr/local/bin/montimer",
			"--bind-ro", filepath.Join(tree, "testdata")+":/testdata",
			"--bind-ro", filepath.Join(tree, "deploy")+":/deploy",
			"--bind-ro", filepath.Join(tree, "docs")+":/docs",
			"--bind-ro", filepath.Join(tree, "Makefile")+":/Makefile",
			"--bind-ro", filepath.Join(tree, "README.md")+":/README.md",
			"--boot-timeout", "120", "--stop-timeout", "0",
			"--", "env", "-u", "TMPDIR", "bash")
	}
	scripts, err := filepath.Glob(filepath.Join(tree, "testdata/boot/*.sh"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("scenarios: %v, %v", scripts, err)
	}
	// The long ones begin first: t.Parallel would keep no order.
	slices.SortStableFunc(scripts, func(a, b string) int { return cmp.Compare(len(header(t, b, "Long.")), len(header(t, a, "Long."))) })
	// What failed is said once more at the very end, after the outputs of all.
	var said sync.Mutex
	var failed []string
	t.Cleanup(func() {
		for _, line := range failed {
			fmt.Fprintln(os.Stderr, line)
		}
	})
	inOrder(t, scripts, func(script string) {
		name := filepath.Base(script)
		if name == "lib.sh" {
			return
		}
		t.Run(strings.TrimSuffix(name, ".sh"), func(t *testing.T) {
			if header(t, script, "Soak only.") != nil && !testenv.Soak() {
				t.Skip("MONTIMER_SOAK=1 runs it")
			}
			if header(t, script, "Any release.") != nil && root != "/" && all && !testenv.Soak() {
				t.Skip("RUN=NAME and MONTIMER_SOAK=1 run it in this release too")
			}
			needIn(t, root, needs(t, script)...)
			preload, binary := clock(t, script, binary)
			var each sync.WaitGroup
			hosts, options := hosts(t, script)
			options = append(options, packages(t, tree, script)...)
			for _, host := range hosts {
				each.Go(func() {
					for boot := 1; boot <= host.boots; boot++ {
						if !host.waits(boot) {
							return // another host has failed
						}
						cmd := exec.Command(filepath.Join(tree, "testdata/systemd-sandbox"), slices.Concat(options, host.kept, sandbox(preload, binary), []string{"/testdata/boot/" + name})...)
						// What else this process has in its environment is of no concern there.
						cmd.Env = []string{"PATH=" + systemPath, "HOME=/root", "LANG=C.UTF-8", "TMPDIR=" + os.TempDir(), fmt.Sprintf("BOOT=%d", boot), "HOST=" + host.name,
							"MONTIMER_SOAK=" + os.Getenv("MONTIMER_SOAK"), "MONTIMER_REQUIRE_TOOLS=" + os.Getenv("MONTIMER_REQUIRE_TOOLS"), "ATTACKS=" + os.Getenv("ATTACKS")}
						out, err := cmd.CombinedOutput()
						if err != nil || !bytes.HasSuffix(out, []byte("PASS\n")) {
							said.Lock()
							failed = append(failed, fmt.Sprintf("%s %s: %v: %s", name, host.name, err, regexp.MustCompile(`(?m)^FAIL: .*$`).Find(out)))
							said.Unlock()
							t.Errorf("%s: %v\n%s", host.name, err, out)
							host.fails()
							return
						}
						t.Logf("%s %s", host.name, out)
					}
				})
			}
			each.Wait()
		})
	})
}

// inOrder calls a function for each script, in this order, for as many at a time as
// -parallel says.
func inOrder(t *testing.T, scripts []string, call func(script string)) {
	t.Helper()
	most, err := strconv.Atoi(flag.Lookup("test.parallel").Value.String())
	if err != nil {
		t.Fatal(err)
	}
	next := make(chan string)
	var workers sync.WaitGroup
	for range most {
		workers.Go(func() {
			for script := range next {
				call(script)
			}
		})
	}
	for _, script := range scripts {
		next <- script
	}
	close(next)
	workers.Wait()
}

// TestNoEarlyReader: what a scenario's pipe ends with reads all. With pipefail a
// grep that stops at the first match fails the line now and then, whenever what
// writes to it has not done so yet. Only what follows a run is read by head.
func TestNoEarlyReader(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("../../testdata/boot/*.[si][hn]*")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("scenarios: %v, %v", scripts, err)
	}
	early := regexp.MustCompile(`[^|]\| *(grep -[a-zA-Z]*[qm]|head)`)
	for _, script := range scripts {
		if text, err := os.ReadFile(script); err == nil {
			for n, line := range strings.Split(string(text), "\n") {
				if early.MatchString(line) && !strings.Contains(line, "--follow | head") {
					t.Errorf("%s:%d: %s", script, n+1, line)
				}
			}
		}
	}
}

// offTime is how long the system of a scenario is off between two boots.
const offTime = 5 * time.Second

// A bootedHost is a system of a scenario, with what it keeps between its boots.
type bootedHost struct {
	name   string // $HOST in the scenario
	boots  int
	kept   []string // options of the sandbox
	shared string   // the directory of all hosts; "": there is one host
}

// waits waits for the time of a boot: of one host some seconds after the last one, of
// several until another one has made the file NAME.N of the shared directory.
func (h bootedHost) waits(boot int) bool {
	switch {
	case boot == 1:
		return true
	case h.shared == "":
		time.Sleep(offTime)
		return true
	}
	for ; ; time.Sleep(100 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(h.shared, fmt.Sprintf("%s.%d", h.name, boot))); err == nil {
			return true
		}
		if _, err := os.Stat(filepath.Join(h.shared, "failed")); err == nil {
			return false
		}
	}
}

// fails lets the other hosts of a scenario know that this one has failed.
func (h bootedHost) fails() {
	if h.shared != "" {
		_ = os.WriteFile(filepath.Join(h.shared, "failed"), []byte(h.name+"\n"), 0o644) // they give up later without it
	}
}

// hosts returns the systems of a scenario: its line "# Hosts: NAME:N NAME:N" has the
// names, with how many times each boots, and its line "# Boots: N" is for a single one.
// A system loses power at the end of each boot, and has at the next one its journal,
// the state of its timers and that of montimer. Hosts share the directory /shared and
// a network. options are those of all.
func hosts(t *testing.T, script string) (all []bootedHost, options []string) {
	t.Helper()
	if line := header(t, script, `Boots: (\d)`); line != nil {
		return []bootedHost{{boots: int(line[1][0] - '0'), kept: append(keep(t, "b0"), "--own-uptime")}}, nil
	}
	line := header(t, script, `Hosts: (\w+):(\d) (\w+):(\d)`)
	if line == nil {
		return []bootedHost{{boots: 1}}, nil
	}
	shared := t.TempDir()
	if err := os.Chmod(shared, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(line); i += 2 {
		name := string(line[i])
		id := fmt.Sprintf("b%d", i)
		all = append(all, bootedHost{name, int(line[i+1][0] - '0'), append(keep(t, id), "--hostname", name), shared})
	}
	network := exec.Command("unshare", "--net", "--", "sleep", "infinity")
	if err := network.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = network.Process.Kill()
		_ = network.Wait()
	})
	file := fmt.Sprintf("/proc/%d/ns/net", network.Process.Pid)
	own, err := os.Readlink("/proc/self/ns/net")
	for link := own; err == nil && link == own; time.Sleep(time.Millisecond) { // until unshare has made it
		link, err = os.Readlink(file)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all, []string{"--netns", file, "--bind", shared + ":/shared"}
}

// packages makes the .debs that a scenario asks for, by the versions in its line
// "# Packages:". It has them in /packages.
func packages(t *testing.T, tree, script string) (options []string) {
	t.Helper()
	line := header(t, script, "Packages: (.+)")
	if line == nil {
		return nil
	}
	testenv.Need(t, "make")
	dir := t.TempDir()
	for _, version := range strings.Fields(string(line[1])) {
		cmd := exec.Command(filepath.Join(tree, "deploy/release.sh"), "--deb", dir)
		// Not what make has set for the tests.
		cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "MAKE") }),
			"VERSION="+version, "COMMIT=none", "SOURCE_DATE_EPOCH=1767225600", "DEB_COMPRESSION=gzip")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("make the .deb %s: %v\n%s", version, err, out)
		}
	}
	return []string{"--bind-ro", dir + ":/packages"}
}

// keep returns the options for what a host keeps; each byte of its machine id is id.
func keep(t *testing.T, id string) (options []string) {
	t.Helper()
	dir := t.TempDir()
	for _, kept := range []string{"/var/log/journal", "/var/lib/systemd/timers", "/var/lib/montimer"} {
		from := filepath.Join(dir, filepath.Base(kept))
		if err := os.Mkdir(from, 0o755); err != nil {
			t.Fatal(err)
		}
		options = append(options, "--bind", from+":"+kept)
	}
	for file, content := range map[string]string{
		"/etc/machine-id": strings.Repeat(id, 16) + "\n", "/etc/systemd/journald.conf.d/zz-sandbox.conf": "[Journal]\nStorage=persistent\n",
	} {
		from := filepath.Join(dir, filepath.Base(file))
		if err := os.WriteFile(from, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		options = append(options, "--bind-ro", from+":"+file)
	}
	return options
}

// clock returns the options that give PID 1 the clock that a scenario asks for,
// and the montimer to run: the line "# Clock:" names the C file of a library to
// preload. A second file, of package time, is for a montimer with that clock.
// "# Soak clock:" is the same for the long run alone.
func clock(t *testing.T, script, binary string) (options []string, montimer string) {
	t.Helper()
	line := header(t, script, `(Soak clock|Clock): (\S+)(?: (\S+))?`)
	if line == nil || string(line[1]) == "Soak clock" && !testenv.Soak() {
		return nil, binary
	}
	testenv.Need(t, "gcc")
	dir := t.TempDir()
	library := filepath.Join(dir, "clock.so")
	source := filepath.Join(filepath.Dir(script), string(line[2]))
	if out, err := exec.Command("gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	if len(line[3]) > 0 {
		binary = withClock(t, dir, filepath.Join(filepath.Dir(script), string(line[3])))
	}
	return []string{"--bind-ro", library + ":/usr/local/lib/clock.so", "--initenv", "LD_PRELOAD=/usr/local/lib/clock.so"}, binary
}

// withClock builds a montimer whose time.Now passes what the kernel says through
// the function stepped of a file: Go preloads no library.
func withClock(t *testing.T, dir, source string) string {
	t.Helper()
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	std := filepath.Join(strings.TrimSpace(string(goroot)), "src/time")
	text, err := os.ReadFile(filepath.Join(std, "time.go"))
	if err != nil {
		t.Fatal(err)
	}
	const asks = "\tsec, nsec, mono := runtimeNow()\n\tif mono == 0 {\n"
	if bytes.Count(text, []byte(asks)) != 1 {
		t.Fatalf("time.Now of this Go does not read the clock as expected: %q", asks)
	}
	changed := bytes.Replace(text, []byte(asks), []byte(strings.Replace(asks, "runtimeNow()", "stepped(runtimeNow())", 1)), 1)
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(std, "time.go"):    filepath.Join(dir, "time.go"),
		filepath.Join(std, "stepped.go"): source,
	}})
	if err == nil {
		err = errors.Join(os.WriteFile(filepath.Join(dir, "time.go"), changed, 0o644), os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "montimer")
	cmd := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-tags", "nethttpomithttp2", "-trimpath", "-o", binary, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build a montimer with another clock: %v\n%s", err, out)
	}
	return binary
}

// needs returns the programs that a scenario wants besides those that all do:
// the rest of its line "# Needs:".
func needs(t *testing.T, script string) []string {
	t.Helper()
	if line := header(t, script, "Needs: (.+)"); line != nil {
		return strings.Fields(string(line[1]))
	}
	return nil
}

// header returns the comment of a scenario that is a match, and its groups, or nil.
func header(t *testing.T, script, pattern string) [][]byte {
	t.Helper()
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile("(?m)^# " + pattern + "$").FindSubmatch(text)
}

// needIn asks for programs in the tree of a system.
func needIn(t *testing.T, root string, tools ...string) {
	t.Helper()
	var missing []string
	for _, tool := range tools {
		found := false
		for _, dir := range filepath.SplitList(systemPath) {
			_, err := os.Lstat(filepath.Join(root, dir, tool))
			found = found || err == nil
		}
		if !found {
			missing = append(missing, tool)
		}
	}
	testenv.Require(t, len(missing) == 0, fmt.Sprintf("not in the system of %s: %s", root, strings.Join(missing, ", ")))
}

// cgroups returns the layout that the systemd of a tree wants: from 256 on it
// refuses to boot with cgroup v1.
func cgroups(t *testing.T, root string) string {
	t.Helper()
	out, err := exec.Command("chroot", root, "systemctl", "--version").Output()
	if err != nil {
		t.Fatalf("the systemd of %s: %v", root, err)
	}
	found := regexp.MustCompile(`^systemd (\d+)`).FindSubmatch(out)
	if found == nil {
		t.Fatalf("the systemd of %s has no version: %s", root, out)
	}
	t.Logf("%s has %s", root, found[0])
	if version, _ := strconv.Atoi(string(found[1])); version >= 256 {
		return "unified"
	}
	return "auto"
}

// built is the montimer of this test binary's run, in a folder that TestMain
// removes.
var built struct {
	sync.Once
	dir string
	err error
}

// build returns the montimer that the tests run, built once, the way a release
// is. make has built it already: MONTIMER_BINARY. Its folder is open to all, and
// has nothing else in it.
func build(t testing.TB) string {
	t.Helper()
	built.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "montimer"); built.err != nil {
			return
		}
		if built.err = os.Chmod(built.dir, 0o755); built.err != nil {
			return
		}
		cmd := exec.Command("go", "build", "-tags", "nethttpomithttp2", "-trimpath", "-o", filepath.Join(built.dir, "montimer"), ".")
		if made := os.Getenv("MONTIMER_BINARY"); made != "" {
			cmd = exec.Command("install", made, filepath.Join(built.dir, "montimer"))
		}
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatalf("build: %v", built.err)
	}
	return filepath.Join(built.dir, "montimer")
}

func abs(t *testing.T, path string) string {
	t.Helper()
	p, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
