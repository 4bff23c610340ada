package jobs

import (
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

// zoneinfo is where tzdata is on all systems that have systemd.
const zoneinfo = "/usr/share/zoneinfo"

// zone takes the name of a time zone.
func zone() kind[string] {
	return kind[string]{name: "time zone", schema: someText, read: func(d *decoder, v value, into *string) {
		s, ok := d.word(v)
		switch {
		case !ok:
		case d.location(s) == nil:
			d.error(v, d.zoneHint(s), "the time zone %s is not in tzdata", quote(s))
		default:
			*into = s
		}
	}}
}

// location returns the time zone of that name; nil if it is the local one, or
// unknown.
func (d *decoder) location(name string) *time.Location {
	if name == "" || name == "Local" {
		return nil
	}
	l, known := d.locations[name]
	if !known {
		l, _ = time.LoadLocation(name)
		d.locations[name] = l
	}
	return l
}

// zoneHint returns the zone that was probably meant.
func (d *decoder) zoneHint(name string) string {
	if d.zoneList == nil {
		d.zoneList = zoneNames(os.DirFS(zoneinfo))
	}
	for _, z := range d.zoneList {
		if strings.EqualFold(path.Base(z), strings.ReplaceAll(name, " ", "_")) {
			return "did you mean " + z + "?"
		}
	}
	if s := d.didYouMean(name, d.zoneList); s != "" {
		return s
	}
	return "write a name such as Europe/Berlin or UTC"
}

// zoneNames returns the names of all zones below a zoneinfo directory. An
// unreadable directory has none: they serve for suggestions alone.
func zoneNames(dir fs.FS) []string {
	names := []string{}
	_ = fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil, name == ".":
			return err
		case name[0] < 'A' || name[0] > 'Z':
			// posix, right, and files that are no zones
			if entry.IsDir() {
				return fs.SkipDir
			}
		case !entry.IsDir():
			names = append(names, name)
		}
		return nil
	})
	return names
}
