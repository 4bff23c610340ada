package jobs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer/internal/testenv"
)

// oneTask is a file of n profiles with a task each.
func oneTask(n int) []byte {
	return []byte("profiles:\n" + many(n, func(i int) string {
		return fmt.Sprintf("  p%05d:\n    cron: \"%d * * * *\"\n    tasks:\n      - {name: t, script: s%d.py}\n", i, i%60, i)
	}))
}

// fourTasks is a file of n profiles with env and four tasks with args each.
func fourTasks(n int) []byte {
	return []byte("profiles:\n" + many(n, func(i int) string {
		return fmt.Sprintf("  p%05d:\n    cron: \"%d %d * * *\"\n    description: \"Profile number %d.\"\n    env:\n      CACHE: cache-%d.txt\n    tasks:\n",
			i, i%60, i%24, i, i) + many(4, func(j int) string {
			return fmt.Sprintf("      - { name: \"task-%d\", script: protocols/p%d/main%d.py, args: { cache-file: c%d.json, n: %d } }\n", j, i, j, i, j)
		})
	}))
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct {
		name string
		data []byte
	}{{"1000", oneTask(1000)}, {"10000", oneTask(10000)}, {"1000x4", fourTasks(1000)}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, ds := Decode("j.yaml", c.data, host); len(ds) > 0 {
					b.Fatal(shown(ds))
				}
			}
		})
	}
}

// BenchmarkPyYAML tells how many times faster Decode is than the loader alone
// of the Python runner, in one process each, on 1,000 profiles of four tasks.
func BenchmarkPyYAML(b *testing.B) {
	python3 := testenv.Python(b, "yaml")
	data := fourTasks(1000)
	file := filepath.Join(b.TempDir(), "jobs.yaml")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		b.Fatal(err)
	}
	const clock = `
import sys, time, yaml
text = open(sys.argv[1]).read()
start = time.perf_counter()
yaml.load(text, yaml.SafeLoader)
print(time.perf_counter() - start)
`
	var python, ours time.Duration
	for b.Loop() {
		out, err := exec.Command(python3, "-c", clock, file).Output()
		if err != nil {
			b.Fatal(err)
		}
		seconds, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		if err != nil {
			b.Fatal(err)
		}
		python += time.Duration(seconds * float64(time.Second))
		start := time.Now()
		Decode("j.yaml", data, host)
		ours += time.Since(start)
	}
	b.ReportMetric(float64(python.Milliseconds())/float64(b.N), "python-ms/op")
	b.ReportMetric(float64(ours.Milliseconds())/float64(b.N), "montimer-ms/op")
	b.ReportMetric(float64(python)/float64(ours), "times-faster")
}
