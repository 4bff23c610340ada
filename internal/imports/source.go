package imports

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/cron"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/safefile"
)

// A Request is an import from a file.
type Request struct {
	Options
	Timezone string // of the old system; "": that of this machine
	Stdin    io.Reader
}

// Crontab imports a crontab of a dialect; "-" is standard input. system: it has a
// column for the user.
func (r Request) Crontab(file, dialect string, system bool) (Import, error) {
	text, err := r.read(file)
	if err != nil {
		return Import{}, fmt.Errorf("read the crontab: %w", err)
	}
	o, err := r.options(file)
	if err != nil {
		return Import{}, err
	}
	o.Dialect, o.System = cron.Dialect(dialect), system || isSystem(file)
	return Crontab(text, o)
}

// Timers imports the timers of a directory, with their services and the drop-ins of
// both.
func (r Request) Timers(dir string) (Import, error) {
	units, err := readUnits(dir)
	if err != nil {
		return Import{}, fmt.Errorf("read the units: %w", err)
	}
	o, err := r.options(dir)
	if err != nil {
		return Import{}, err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return Import{}, err
	}
	o.System = !strings.Contains(abs+"/", "/systemd/user/") // else its manager has one user
	found, err := Timers(units, o)
	if err == nil && len(found.Receipts) == 0 {
		err = fmt.Errorf("%s has no timers", dir)
	}
	return found, err
}

// maxUnit is the longest unit file that systemd takes, about.
const maxUnit = 1 << 20

// readUnits reads timers and services, each with what its drop-ins add.
func readUnits(dir string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	units := map[string]string{}
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || filepath.Ext(name) != ".timer" && filepath.Ext(name) != ".service" {
			continue
		}
		dropIns, err := filepath.Glob(filepath.Join(dir, name+".d", "*.conf"))
		if err != nil {
			return nil, err
		}
		for _, file := range append([]string{filepath.Join(dir, name)}, dropIns...) {
			if target, err := os.Readlink(file); err == nil && target == "/dev/null" {
				continue // masked
			}
			data, err := safefile.ReadLinked(file, maxUnit)
			if err != nil {
				return nil, err
			}
			units[name] += string(data) + "\n"
		}
	}
	return units, nil
}

func (r Request) read(file string) (string, error) {
	if file != "-" {
		data, err := safefile.ReadLinked(file, jobs.MaxFile)
		return string(data), err
	}
	data, err := io.ReadAll(io.LimitReader(r.Stdin, jobs.MaxFile+1))
	if err == nil && len(data) > jobs.MaxFile {
		err = fmt.Errorf("standard input is larger than %d bytes", jobs.MaxFile)
	}
	return string(data), err
}

// options fills in what the machine says.
func (r Request) options(source string) (o Options, err error) {
	o = r.Options
	o.Source, o.Now = source, time.Now()
	if source == "-" {
		o.Source = "crontab"
	}
	o.Zone, o.Location, err = zoneOf(r.Timezone)
	return o, err
}

// isSystem reports whether a file is where crontabs have a column for the user.
func isSystem(file string) bool {
	file, err := filepath.Abs(file)
	return err == nil && (file == "/etc/crontab" || filepath.Dir(file) == "/etc/cron.d")
}

// zoneOf returns the zone that the old system runs in: the one of that name, else the
// machine's. The name is "" where the machine does not say it.
func zoneOf(name string) (string, *time.Location, error) {
	if name != "" {
		if !knownZone(name) {
			return "", nil, fmt.Errorf("the time zone %q is not in the time zone database: write a name such as Europe/Berlin", name)
		}
		location, err := time.LoadLocation(name)
		return name, location, err
	}
	for _, name := range []string{strings.TrimPrefix(os.Getenv("TZ"), ":"), linkedZone(), writtenZone()} {
		if knownZone(name) {
			location, err := time.LoadLocation(name)
			if name == "Etc/UTC" {
				name = "UTC"
			}
			return name, location, err
		}
		if os.Getenv("TZ") != "" {
			break // it is none of the database
		}
	}
	return "", time.Local, nil
}

// linkedZone is the zone of localtime(5).
func linkedZone() string {
	link, err := os.Readlink("/etc/localtime")
	if err != nil {
		return ""
	}
	_, name, _ := strings.Cut(link, "zoneinfo/")
	return name
}

// writtenZone is the zone that Debian keeps beside it.
func writtenZone() string {
	data, err := os.ReadFile("/etc/timezone")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
