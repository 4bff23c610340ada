package doctor

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/montimer/montimer/taskexec"
)

// MemoryFacts is the memory of the host, in KiB.
type MemoryFacts struct{ Total, Available, Swap uint64 }

func (r *reader) memory(context.Context) error {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return fmt.Errorf("read how much memory there is: %w", err)
	}
	r.facts.Memory = parseMemory(string(text))
	return nil
}

// parseMemory reads proc(5), /proc/meminfo.
func parseMemory(text string) (m MemoryFacts) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		if to := map[string]*uint64{"MemTotal": &m.Total, "MemAvailable": &m.Available, "SwapTotal": &m.Swap}[name]; to != nil {
			fmt.Sscan(value, to)
		}
	}
	return m
}

// Below so much of a whole, and so many bytes, something is low.
const (
	giB = 1 << 30

	lowSpace, noSpace   = 10, 5 // percent
	lowBytes, noBytes   = 3 * giB, 1 * giB
	lowFiles, noFiles   = 5, 2   // percent of the inodes
	lowMemory, noMemory = 20, 10 // percent
)

func percent(part, whole uint64) uint64 { return part * 100 / max(whole, 1) }

// eachFileSystem makes a check of each file system, with the rooms that are on it.
func eachFileSystem(check func(f Facts, on []Room) []found) func(Facts) []found {
	return func(f Facts) (all []found) {
		seen := map[uint64]bool{}
		for _, r := range f.User.Rooms {
			if seen[r.Device] {
				continue
			}
			seen[r.Device] = true
			var on []Room
			for _, other := range f.User.Rooms {
				if other.Device == r.Device {
					on = append(on, other)
				}
			}
			all = append(all, check(f, on)...)
		}
		return all
	}
}

// free returns the command that frees space on a file system without a loss: of the
// journal, of packages, of caches. Where there is none of these, only a person knows
// what can go.
func (f Facts) free(on []Room) string {
	place := map[string]string{"state_dir": f.Host.StateDir, "checkout": f.Host.Checkout}[on[0].Name]
	fix := fmt.Sprintf("du -xah %s | sort -h | tail -n 20", taskexec.QuoteWord(place))
	for _, r := range on {
		switch r.Name {
		case "journal":
			return "journalctl --vacuum-size=100M && apt-get clean"
		case "caches":
			fix = f.asUser(fmt.Sprintf("env -C / find %s -mindepth 1 -delete", taskexec.QuoteWord(f.Host.Instance.CacheDir())))
		}
	}
	return fix
}

func names(on []Room) string {
	var all []string
	for _, r := range on {
		all = append(all, r.Name)
	}
	return strings.Join(all, ", ")
}

func roomChecks() []Check {
	rooms := []part{partRoom}
	return []Check{
		{"disk-space", "file systems almost full", "runs are not recorded, and tasks fail", false, rooms, eachFileSystem(func(f Facts, on []Room) []found {
			r := on[0]
			left := percent(r.Free, r.Total)
			if r.Total == 0 || left >= lowSpace || r.Free >= lowBytes {
				return nil
			}
			return []found{{
				text: fmt.Sprintf("%s: %d MiB (%d %%) are free where these are: %s", r.Path, r.Free>>20, left, names(on)),
				fix:  f.free(on), mild: left >= noSpace || r.Free >= noBytes,
			}}
		})},
		{"disk-inodes", "file systems with no room for more files", "runs are not recorded, and tasks fail", false, rooms, eachFileSystem(func(f Facts, on []Room) []found {
			r := on[0]
			left := percent(r.Left, r.Files)
			if r.Files == 0 || left >= lowFiles {
				return nil
			}
			return []found{{
				text: fmt.Sprintf("%s: %d inodes (%d %%) are free where these are: %s", r.Path, r.Left, left, names(on)),
				fix:  f.free(on), mild: left >= noFiles,
			}}
		})},
		{"memory", "little memory left", "the kernel kills runs", false, []part{partMemory}, func(f Facts) []found {
			m := f.Memory
			left := percent(m.Available, m.Total)
			if m.Total == 0 || left >= lowMemory {
				return nil
			}
			fix := "ps -eo pid,rss,args --sort=-rss | head -n 20"
			if m.Swap == 0 {
				fix = "fallocate -l 1G /swapfile && chmod 600 /swapfile && mkswap /swapfile && swapon /swapfile"
			}
			return []found{{text: fmt.Sprintf("%d MiB of memory (%d %%) are available", m.Available>>10, left), fix: fix, mild: left >= noMemory}}
		}},
	}
}
