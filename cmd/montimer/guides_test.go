package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/testenv"
)

// A laptop is a user without rights and without settings, in a directory that has a
// home, a checkout and nothing else.
type laptop struct {
	dir, path string
	env       []string
}

func newLaptop(t *testing.T, tools ...string) laptop {
	t.Helper()
	testenv.Need(t, append(tools, "bash")...)
	dir, err := os.MkdirTemp("", "montimer-guide")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l := laptop{dir: dir, path: filepath.Dir(build(t)) + ":/usr/local/bin:/usr/bin:/bin"}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"home", "app", "state", "temp"} {
		if err := errors.Join(os.Mkdir(filepath.Join(dir, name), 0o755), l.own(name)); err != nil {
			t.Fatal(err)
		}
	}
	l.env = []string{"HOME=" + filepath.Join(dir, "home"), "TMPDIR=" + filepath.Join(dir, "temp"), "LANG=C.UTF-8"}
	return l
}

// own gives a file to the user.
func (l laptop) own(name string) error {
	if !host.IsRoot() {
		return nil
	}
	return os.Chown(filepath.Join(l.dir, name), nobody, nobody)
}

func (l laptop) write(t *testing.T, name, text string) {
	t.Helper()
	if err := errors.Join(os.WriteFile(filepath.Join(l.dir, name), []byte(text), 0o755), l.own(name)); err != nil {
		t.Fatal(err)
	}
}

// command is a script in the checkout, as the shell of a CI runs it.
func (l laptop) command(script string, env ...string) *exec.Cmd {
	cmd := exec.Command("bash", "-e", "-c", script)
	cmd.Dir = filepath.Join(l.dir, "app")
	cmd.Env = slices.Concat([]string{"PATH=" + l.path}, l.env, env)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if host.IsRoot() {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return cmd
}

func (l laptop) run(t *testing.T, script string, env ...string) (code int, out string) {
	t.Helper()
	cmd := l.command(script, env...)
	said, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", script, err)
	}
	return cmd.ProcessState.ExitCode(), string(said)
}

type ciStep struct {
	Uses, Name, Run string
	Env             map[string]string
}

// TestCI runs the workflow and the other blocks of docs/ci.md against a good and a bad
// jobs.yaml, in a clean environment, with a release that a local server has.
func TestCI(t *testing.T) {
	t.Parallel()
	l := newLaptop(t, "curl", "sha256sum", "tar", "gzip")
	const release, name = "https://github.com/montimer/montimer/releases/download/v0.1.0", "montimer-0.1.0-linux-amd64"
	published := t.TempDir()
	bin := filepath.Join(published, name, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	copyFile(t, build(t), filepath.Join(bin, "montimer"), 0o755)
	pack := exec.Command("sh", "-ec", "tar -cf - $1 | gzip -1 >$1.tar.gz && rm -r $1 && sha256sum $1.tar.gz >SHA256SUMS && echo $(printf %064d 0)' ' other.tar.gz >>SHA256SUMS", "-", name)
	pack.Dir = published
	if out, err := pack.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	tarball, err := os.ReadFile(filepath.Join(published, name+".tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(tarball)
	damaged := ""
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if filepath.Base(r.URL.Path) == damaged {
			_, _ = io.WriteString(w, "no tarball")
			return
		}
		http.StripPrefix("/v0.1.0/", http.FileServer(http.Dir(published))).ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	l.write(t, "authority.pem", string(authority))
	l.env = append(l.env, "CURL_CA_BUNDLE="+filepath.Join(l.dir, "authority.pem"))
	l.path = "/usr/bin:/bin" // no montimer but the downloaded one
	local := func(text string) string { return strings.ReplaceAll(text, release, server.URL+"/v0.1.0") }

	pages := blocks(t, "docs/ci.md", "yaml")
	var workflow struct {
		Jobs map[string]struct {
			Env   map[string]string
			Steps []ciStep
		}
	}
	var pinned []ciStep
	if err := errors.Join(yaml.Unmarshal([]byte(pages[0]), &workflow), yaml.Unmarshal([]byte(pages[1]), &pinned)); err != nil {
		t.Fatal(err)
	}
	job, steps := workflow.Jobs["check"], workflow.Jobs["check"].Steps
	if len(steps) != 3 || !strings.HasPrefix(steps[0].Uses, "actions/checkout@") || len(pinned) != 1 || pinned[0].Name != steps[1].Name {
		t.Fatalf("not the workflow that this test knows: %+v, %+v", steps, pinned)
	}
	// run is what the runner of GitHub does.
	run := func(t *testing.T, steps []ciStep) (code int, out string) {
		t.Helper()
		temp, err := os.MkdirTemp(l.dir, "runner")
		if err != nil {
			t.Fatal(err)
		}
		if err := l.own(filepath.Base(temp)); err != nil {
			t.Fatal(err)
		}
		l.write(t, "paths", "")
		for _, step := range steps {
			if step.Run == "" {
				continue
			}
			added, err := os.ReadFile(filepath.Join(l.dir, "paths"))
			if err != nil {
				t.Fatal(err)
			}
			path := l.path
			for dir := range strings.FieldsSeq(string(added)) {
				path = dir + ":" + path
			}
			env := []string{"RUNNER_TEMP=" + temp, "GITHUB_PATH=" + filepath.Join(l.dir, "paths"), "PATH=" + path}
			both := maps.Clone(job.Env)
			maps.Copy(both, step.Env)
			for name, value := range both {
				env = append(env, name+"="+local(strings.ReplaceAll(value, strings.Repeat("0", 64), hex.EncodeToString(sum[:]))))
			}
			var said string
			if code, said = l.run(t, step.Run, env...); code != 0 {
				return code, out + said
			}
			out += said
		}
		return 0, out
	}
	good := blocks(t, "README.md", "yaml")[0]
	l.write(t, "app/report.sh", "")
	checkout := func(jobs string) { l.write(t, "app/jobs.yaml", jobs) }

	checkout(good)
	if code, out := run(t, steps); code != 0 || strings.Contains(out, "::") || !strings.Contains(out, "1 profile, 0 warnings") {
		t.Errorf("a good jobs.yaml: exit %d\n%s", code, out)
	}
	pinnedSteps := slices.Concat(pinned, steps[2:])
	if code, out := run(t, pinnedSteps); code != 0 || strings.Contains(out, "::") {
		t.Errorf("a good jobs.yaml, and a sum in the workflow: exit %d\n%s", code, out)
	}
	checkout(strings.Replace(good, `"30 4`, `"61 4`, 1))
	if code, out := run(t, steps); code != 2 || !strings.Contains(out, `::error file=jobs.yaml,line=3,col=12,endColumn=14::profile "nightly", cron: minute: 61 is not within 0-59`) {
		t.Errorf("a bad jobs.yaml: exit %d\n%s", code, out)
	}
	elsewhere := blocks(t, "docs/ci.md", "sh")
	if code, out := l.run(t, local(elsewhere[0])); code != 2 || !strings.Contains(out, "jobs.yaml:3:12: error: ") {
		t.Errorf("a bad jobs.yaml in any other CI: exit %d\n%s", code, out)
	}
	checkout(strings.Replace(good, "report.sh", "raport.sh", 1))
	if code, out := run(t, steps); code != 0 || !strings.Contains(out, `::warning file=jobs.yaml,line=7,`) {
		t.Errorf("a script that is not there: exit %d\n%s", code, out)
	}
	damaged = name + ".tar.gz"
	for i, steps := range [][]ciStep{steps, pinnedSteps} {
		if code, out := run(t, steps); code == 0 || !strings.Contains(out, "FAILED") {
			t.Errorf("workflow %d with a broken download: exit %d\n%s", i, code, out)
		}
	}
	if code, out := l.run(t, local(elsewhere[0])); code == 0 || !strings.Contains(out, "FAILED") {
		t.Errorf("a broken download in any other CI: exit %d\n%s", code, out)
	}

	checkout(good)
	l.path = filepath.Dir(build(t)) + ":" + l.path
	if code, out := l.run(t, elsewhere[1]); code != 0 || !strings.Contains(out, "and also every Friday") || !strings.Contains(out, "[would run] sh report.sh") {
		t.Errorf("on a laptop: exit %d\n%s", code, out)
	}
}

// TestContainers runs what docs/containers.md has other schedulers start, with a docker
// that runs the command here: each way has its results in the same state directory, and
// what is missing without systemd is what the page says.
func TestContainers(t *testing.T) {
	t.Parallel()
	l := newLaptop(t)
	sent := make(chan string, 100)
	bot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent <- string(body)
		_, _ = io.WriteString(w, `{"ok":true}`)
	}))
	t.Cleanup(bot.Close)
	l.env = append(l.env, "TELEGRAM_BOT_TOKEN_DEFAULT=1:a", "TELEGRAM_CHAT_ID_AUTOMATION=-1", "TELEGRAM_API_BASE="+bot.URL)
	l.write(t, "app/jobs.yaml", "profiles: { hourly: { cron: '5 * * * *', tasks: [{ name: count, script: count.sh }] } }\n")
	l.write(t, "app/count.sh", "echo run >>\"$CACHE_DIR/count\"\necho in $REPO_ROOT\ntest ! -e \"$CACHE_DIR/wait\" || { touch \"$CACHE_DIR/waits\"; sleep 600; }\ntest ! -e \"$CACHE_DIR/fail\" || exit 3\n")
	if err := os.Mkdir(filepath.Join(l.dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	l.write(t, "bin/docker", `#!/bin/bash -e
[[ $1 == run ]] && shift
while [[ $1 == -* ]]; do
  case $1 in
  --rm | --init | --read-only) shift ;;
  --user | --tmpfs | -v | --env-file) shift 2 ;;
  -e) export "$2"; shift 2 ;;
  *) echo "docker: $1?"; exit 125 ;;
  esac
done
shift
exec "$@"
`)
	l.path = filepath.Join(l.dir, "bin") + ":" + l.path
	here := strings.NewReplacer("/srv/app", filepath.Join(l.dir, "app"), "/state", filepath.Join(l.dir, "state")).Replace
	file := func(name string) bool {
		_, err := os.Stat(filepath.Join(l.dir, name))
		return err == nil
	}
	count := func() int {
		text, err := os.ReadFile(filepath.Join(l.dir, "state/count"))
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Count(text, []byte("\n"))
	}

	commands := blocks(t, "docs/containers.md", "sh")
	if code, out := l.run(t, here(commands[0])); code != 0 || !strings.Contains(out, "ok: 1 task, 0 failed") || count() != 1 {
		t.Fatalf("docker: exit %d\n%s", code, out)
	}

	type variable struct{ Name, Value string }
	var job struct {
		Spec struct {
			ConcurrencyPolicy string `yaml:"concurrencyPolicy"`
			JobTemplate       struct {
				Spec struct {
					BackoffLimit *int `yaml:"backoffLimit"`
					Template     struct {
						Spec struct {
							RestartPolicy string `yaml:"restartPolicy"`
							Containers    []struct {
								Command []string
								Env     []variable
							}
						}
					}
				}
			} `yaml:"jobTemplate"`
		}
	}
	if err := yaml.Unmarshal([]byte(blocks(t, "docs/containers.md", "yaml")[0]), &job); err != nil {
		t.Fatal(err)
	}
	pod := job.Spec.JobTemplate.Spec
	if n := pod.BackoffLimit; n == nil || *n != 0 || job.Spec.ConcurrencyPolicy != "Forbid" || pod.Template.Spec.RestartPolicy != "Never" || len(pod.Template.Spec.Containers) != 1 {
		t.Fatalf("the CronJob would run twice: %+v", job)
	}
	container := pod.Template.Spec.Containers[0]
	var env []string
	for _, v := range container.Env {
		env = append(env, v.Name+"="+here(v.Value))
	}
	if code, out := l.run(t, strings.Join(container.Command, " "), env...); code != 0 || count() != 2 {
		t.Fatalf("CronJob: exit %d\n%s", code, out)
	}

	env = nil
	command := ""
	for line := range strings.Lines(blocks(t, "docs/containers.md", "crontab")[0]) {
		if fields := strings.Fields(line); len(fields) == 1 {
			env = append(env, here(fields[0]))
		} else {
			command = strings.Join(fields[5:], " ")
		}
	}
	if code, out := l.run(t, command, env...); code != 0 || count() != 3 {
		t.Fatalf("crontab: exit %d\n%s", code, out)
	}

	l.write(t, "state/fail", "")
	code, out := l.run(t, command, env...)
	alerted := func(want string) {
		t.Helper()
		select {
		case text := <-sent:
			if !strings.Contains(text, "automation: hourly") || !strings.Contains(text, want) {
				t.Errorf("alert: %s", text)
			}
		default:
			t.Errorf("no alert with %q", want)
		}
	}
	if code != 1 {
		t.Errorf("a run that fails: exit %d\n%s", code, out)
	}
	alerted("exit 3")
	if err := os.Remove(filepath.Join(l.dir, "state/fail")); err != nil {
		t.Fatal(err)
	}

	// A run under way keeps the second one out, and is lost if it is killed.
	l.write(t, "state/wait", "")
	long := l.command(command, env...)
	if err := long.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); !file("state/waits"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no run under way")
		}
	}
	if code, out := l.run(t, command, env...); code != 75 {
		t.Errorf("while it runs: exit %d\n%s", code, out)
	}
	if err := syscall.Kill(-long.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = long.Wait()
	if err := os.Remove(filepath.Join(l.dir, "state/wait")); err != nil {
		t.Fatal(err)
	}
	if code, out := l.run(t, command, env...); code != 0 {
		t.Errorf("after it was killed: exit %d\n%s", code, out)
	}
	alerted("lost")
	if code, out := l.run(t, commands[1], env...); code != 0 || !strings.Contains(out, "lost") || strings.Contains(out, "missed") {
		t.Errorf("looking: exit %d\n%s", code, out)
	}
}
