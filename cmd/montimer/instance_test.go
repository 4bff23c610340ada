package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/manual"
)

// TestShortcut: what the services say, and the plain status, is read alike with and
// without the parser of the command line, and all else is left to it.
func TestShortcut(t *testing.T) {
	t.Parallel()
	same := func(args ...string) {
		t.Helper()
		var c cli
		parser, err := newParser(context.Background(), &c, io.Discard, io.Discard, func(int) {})
		if err != nil {
			t.Fatal(err)
		}
		k, err := parser.Parse(args)
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		long := k.Selected().Target.Interface()
		if short := shortcut(args); !reflect.DeepEqual(long, any(short)) {
			t.Errorf("%v: %+v, with the parser %+v", args, short, long)
		}
		if handlesSignals(args[0]) != handlesSignals(k.Command()) {
			t.Errorf("%v: a signal is handled otherwise with the parser", args)
		}
		if c.Instance.given {
			t.Errorf("%v selects an instance", args)
		}
	}
	same("status")
	same("complete", "profiles")
	for _, name := range []string{"nightly", "a.b_c-d", "0", "exec", "ended", "status", "instance"} {
		same("exec", name)
		same("ended", name)
		same("status", name)
	}
	for _, args := range [][]string{{}, {"exec"}, {"exec", "-h"}, {"exec", "--help"}, {"exec", "a", "b"}, {"complete", "runs"}, {"list", "a"}, {"--instance=a", "exec"}, {"status", "-o"}, {"status", "a", "b"}} {
		if c := shortcut(args); c != nil {
			t.Errorf("%v is taken for %+v", args, c)
		}
	}
}

// TestOneCommand: each command is parsed by a grammar of its own as by that of all.
func TestOneCommand(t *testing.T) {
	t.Parallel()
	built := 0
	build := func(grammar any) (*kong.Kong, error) {
		built++
		return newParser(context.Background(), grammar, io.Discard, io.Discard, func(int) {})
	}
	all, err := build(new(cli))
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range all.Model.Children {
		built = 0
		var c cli
		parser, _, err := manual.Parse(&c, []string{command.Name, "--nosuch"}, build)
		if err == nil || built != 2 || len(parser.Model.Children) != len(all.Model.Children) {
			t.Errorf("%s: of %d grammars none has only this command", command.Name, built)
		}
	}
	for _, line := range []string{
		"list --instance other -o json", "history nightly -n 3 --since 12h", "doctor --only unit-missing", "compile --check --jobs x.yaml", "db check", "notify pending", "state get a b",
		"read-jobs --checkout /srv/app", "examine --parts=database --instance other", "import crontab - --dialect cronie", "logs nightly --failed", "run nightly --follow",
	} {
		args := strings.Fields(line)
		built = 0
		var one, whole cli
		parser, k, err := manual.Parse(&one, args, build)
		if err != nil || built != 1 || len(parser.Model.Children) != 1 {
			t.Fatalf("%s: %d grammars, %v", line, built, err)
		}
		parser, err = newParser(context.Background(), &whole, io.Discard, io.Discard, func(int) {})
		if err != nil {
			t.Fatal(err)
		}
		want, err := parser.Parse(args)
		if err != nil {
			t.Fatal(err)
		}
		if one.Instance != whole.Instance || k.Command() != want.Command() || !reflect.DeepEqual(k.Selected().Target.Interface(), want.Selected().Target.Interface()) {
			t.Errorf("%s: %+v, with all commands %+v", line, k.Selected().Target, want.Selected().Target)
		}
	}
}

// TestUnitsUseShortcut: the units start montimer with command lines that are read
// without the parser, for every instance.
func TestUnitsUseShortcut(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../units.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"ExecStart={{.Binary}} {{if .Profile}}exec {{.Profile}}{{else}}", "ExecStopPost=-{{.Binary}} ended {{.Profile}}\n"} {
		if !bytes.Contains(data, []byte(line)) {
			t.Errorf("no %s", line)
		}
	}
}

// TestInstanceFlag: of the environment of one instance nothing is left for another.
func TestInstanceFlag(t *testing.T) {
	for _, name := range host.Variables() {
		t.Setenv(name, "/of/a")
	}
	t.Setenv("MONTIMER_INSTANCE", "a")
	var out, errs bytes.Buffer
	if code := run(context.Background(), []string{"version", "--instance", "a"}, &out, &errs); code != 0 || os.Getenv("MONTIMER_JOBS") != "/of/a" {
		t.Errorf("the same instance: exit %d, %s, MONTIMER_JOBS=%s", code, errs.String(), os.Getenv("MONTIMER_JOBS"))
	}
	if code := run(context.Background(), []string{"--instance", "b", "version"}, &out, &errs); code != 0 {
		t.Fatalf("exit %d, %s", code, errs.String())
	}
	for _, name := range host.Variables() {
		if value, ok := os.LookupEnv(name); ok {
			t.Errorf("%s=%s is left", name, value)
		}
	}
	if got := os.Getenv("MONTIMER_INSTANCE"); got != "b" {
		t.Errorf("MONTIMER_INSTANCE=%s", got)
	}
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"list", "--instance", "a-b"}, "cannot be the name of an instance"},
		{[]string{"list", "--instance", "job"}, "choose another name"},
		{[]string{"list", "--instance", "none"}, "there is no instance none: /etc/montimer/none.yaml does not exist"},
	} {
		errs.Reset()
		if code := run(context.Background(), tc.args, &out, &errs); code != exitUsage || !strings.Contains(errs.String(), tc.want) {
			t.Errorf("%v: exit %d, %s", tc.args, code, errs.String())
		}
	}
	t.Setenv("MONTIMER_INSTANCE", "../x")
	errs.Reset()
	if code := run(context.Background(), []string{"exec", "p"}, &out, &errs); code != exitUsage || !strings.Contains(errs.String(), "MONTIMER_INSTANCE") {
		t.Errorf("exit %d, %s", code, errs.String())
	}
}

func TestRunsTasks(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"exec p": true, "sync": true, "--instance a exec p": true, "--instance=a sync": true,
		"list": false, "--instance exec list": false, "--instance=exec list": false, "--instance": false, "": false, "run p --instance sync": false,
	} {
		if got := runsTasks(strings.Fields(line)); got != want {
			t.Errorf("%s: %v", line, got)
		}
	}
}

// TestOnePlaceForNames: only package montimer makes names of units and places.
func TestOnePlaceForNames(t *testing.T) {
	t.Parallel()
	var files []string
	for _, dir := range []string{".", "../../compiler", "../../taskexec", "../../internal/*"} {
		found, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || strings.Contains(file, "internal/manual/") || strings.Contains(file, "internal/testhost/") { // about the default instance
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			code, _, _ := strings.Cut(line, "//")
			if strings.Contains(code, "help:\"") { // for people, of the default instance
				continue
			}
			for _, name := range []string{`"montimer-`, `"montimer."`, `"/etc/montimer`, `"/run/montimer`, `"/var/lib/montimer`, `"/var/cache/montimer`} {
				if strings.Contains(code, name) {
					t.Errorf("%s: %s", file, strings.TrimSpace(code))
				}
			}
		}
	}
}
