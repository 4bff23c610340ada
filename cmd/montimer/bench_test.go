package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkExec is montimer exec as a process, and what it is compared with. It
// says how much memory each has resident at most; less than a Python's 8 MiB
// cannot be told.
//
//	nothing  a task that does nothing, and that task alone
//	old      what the old runner imports and does for such a task
//	27       as many tasks, and 1000; and 1000 in a loop of sh
//	output   100 MB of it; and what Python's capture_output takes for that
func BenchmarkExec(b *testing.B) {
	trueTasks := func(n int) string {
		var tasks strings.Builder
		for i := range n {
			fmt.Fprintf(&tasks, "      - {name: t%d, command: [/bin/true]}\n", i)
		}
		return tasks.String()
	}
	const old = `
import argparse, dataclasses, datetime, json, logging, os, pathlib, sqlite3, subprocess, sys, yaml
try:
    import requests
except ImportError:
    pass
profile = yaml.safe_load(open("jobs.yaml"))["profiles"]["p"]
subprocess.run(profile["tasks"][0]["command"], capture_output=True, text=True)
`
	const capture = `
import subprocess
out = subprocess.run(["cat", "output"], capture_output=True, text=True).stdout
"\n".join([line for line in out.splitlines() if line.strip()][-4:])
`
	binary := build(b)
	profile := func(tasks string) *site {
		s := newSite(b, binary, "profiles:\n  p:\n    cron: 0 5 1 1 *\n    tasks:\n"+tasks)
		s.needs(b, "python3")
		s.write(b, "old.py", old)
		s.write(b, "capture.py", capture)
		return s
	}
	one := profile(trueTasks(1))
	bench := func(name string, s *site, argv ...string) {
		b.Run(name, func(b *testing.B) { s.bench(b, argv...) })
	}
	bench("nothing", one, binary, "exec", "p")
	bench("nothing/alone", one, "/bin/true")
	bench("nothing/old", one, "python3", "old.py")
	bench("27", profile(trueTasks(27)), binary, "exec", "p")
	bench("1000", profile(trueTasks(1000)), binary, "exec", "p")
	bench("1000/sh", one, "sh", "-c", "i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i+1)); done")
	flood := profile("      - {name: cat, command: [cat, output]}\n")
	flood.write(b, "output", strings.Repeat(strings.Repeat("x", 98)+"\n", 1_010_101))
	bench("output", flood, binary, "exec", "p")
	bench("output/python", flood, "python3", "capture.py")
}

// bench runs a command as the site's user.
func (s *site) bench(b *testing.B, argv ...string) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer null.Close()
	path := argv[0]
	if !strings.Contains(path, "/") {
		path = s.look(b, path)
	}
	for b.Loop() {
		cmd := s.command()
		cmd.Path, cmd.Args, cmd.Stdout, cmd.Stderr = path, argv, null, null
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(s.resident(b, argv...), "MiB")
}

// resident returns how much memory a command takes at most, in MiB. It is
// started by a Python: what a process has before it executes another program
// counts as that program's, and that is more of this one.
func (s *site) resident(b *testing.B, argv ...string) float64 {
	const start = `
import os, resource, sys
if os.fork() == 0:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.execvp(sys.argv[1], sys.argv[1:])
os.wait()
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
`
	cmd := s.command()
	cmd.Path, cmd.Args = s.look(b, "python3"), append([]string{"python3", "-S", "-c", start}, argv...)
	out, err := cmd.Output()
	if err != nil {
		b.Fatal(err)
	}
	kib, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		b.Fatal(err)
	}
	return kib / 1024
}
