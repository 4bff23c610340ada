package montimer

import (
	"runtime/debug"
	"strings"
	"sync"
)

// The version and the commit that make has the linker set: those of git describe,
// without the v, and of git rev-parse.
var version, commit string

// Version is the version of this program. Without one from make it is that of the
// module, as go install has it, "(devel)" for a build of a working tree.
var Version = sync.OnceValue(func() string {
	v := version
	if info, ok := debug.ReadBuildInfo(); ok && v == "" {
		v = strings.TrimPrefix(info.Main.Version, "v")
	}
	return cleanVersion(v)
})

// BuiltFrom is the commit that this program was built from; "": not known.
var BuiltFrom = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if commit != "" || !ok {
		return commit
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
})

// cleanVersion keeps a version to characters that mean nothing in a unit file, a
// header of HTTP, or a terminal.
func cleanVersion(v string) string {
	v = strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z' || strings.ContainsRune("()+-.~", r)) {
			return r
		}
		return -1
	}, v)
	if v == "" {
		return "unknown"
	}
	return v[:min(len(v), 100)]
}
