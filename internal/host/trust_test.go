package host

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer/internal/testenv"
)

// acl is the value of system.posix_acl_access (linux/posix_acl_xattr.h) with
// these entries of tag, permissions and id.
func acl(entries ...[3]uint32) []byte {
	list := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range entries {
		list = binary.LittleEndian.AppendUint16(list, uint16(e[0]))
		list = binary.LittleEndian.AppendUint16(list, uint16(e[1]))
		list = binary.LittleEndian.AppendUint32(list, e[2])
	}
	return list
}

// TestTrustedACL: a mode of 0664 root:root says nothing of whom a list lets write.
func TestTrustedACL(t *testing.T) {
	t.Parallel()
	testenv.NeedRoot(t)
	const none = 0xffffffff
	owner, group, other := [3]uint32{0x01, 6, none}, [3]uint32{0x04, 4, none}, [3]uint32{0x20, 4, none}
	mask := func(perm uint32) [3]uint32 { return [3]uint32{0x10, perm, none} }
	for name, tc := range map[string]struct {
		list    []byte
		trusted bool
	}{
		"a user may write":                {acl(owner, [3]uint32{0x02, 6, 1000}, group, mask(6), other), false},
		"a group may write":               {acl(owner, group, [3]uint32{0x08, 7, 1000}, mask(7), other), false},
		"a user may read":                 {acl(owner, [3]uint32{0x02, 4, 1000}, group, mask(4), other), true},
		"the mask forbids what it grants": {acl(owner, [3]uint32{0x02, 6, 1000}, group, mask(4), other), true},
		"root may write":                  {acl(owner, [3]uint32{0x02, 6, 0}, group, mask(6), other), true},
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := unix.Setxattr(path, "system.posix_acl_access", tc.list, 0); err != nil {
			t.Skipf("this file system has no access control lists: %v", err)
		}
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		err = ownedByRoot(path, info)
		if (err == nil) != tc.trusted || err != nil && !strings.Contains(err.Error(), "setfacl -b") {
			t.Errorf("%s: %v (mode %v)", name, err, info.Mode())
		}
	}
}

// TestBecomeOwner becomes, in another process, the user that may have made the
// way.
func TestBecomeOwner(t *testing.T) {
	if path := os.Getenv("BECOME_OWNER_OF"); path != "" {
		if err := BecomeOwner(path); err != nil {
			t.Fatal(err)
		}
		out, _ := exec.Command("sh", "-c", "id -u; id -g; id -G").Output()
		os.Stdout.WriteString("became " + strings.Join(strings.Fields(string(out)), " ") + "\n")
		return
	}
	t.Parallel()
	testenv.NeedRoot(t)
	base, err := os.MkdirTemp("/run", "become-owner-") // all of whose way is root's
	if err != nil {
		t.Skipf("no folder below which all is root's: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	for name, tc := range map[string]struct {
		mode     os.FileMode
		uid, gid int
		want     string
	}{
		"roots":         {0o755, 0, 0, "0 0 0"},
		"theirs":        {0o755, 1500, 1501, "1500 1501 1501"},
		"groupwritable": {0o775, 0, 1501, "65534 1501 1501"},
		"worldwritable": {0o777, 0, 0, "65534 65534 65534"},
		"sticky":        {0o777 | os.ModeSticky, 0, 0, "0 0 0"},
	} {
		dir := filepath.Join(base, name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(base, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(dir, tc.uid, tc.gid); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, tc.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+"/jobs.yaml", nil, 0o600); err != nil {
			t.Fatal(err)
		}
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(self, "-test.run", "^TestBecomeOwner$", "-test.v")
		cmd.Env = append(os.Environ(), "BECOME_OWNER_OF="+dir+"/jobs.yaml")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "became "+tc.want+"\n") {
			t.Errorf("%s: %v, want %q in\n%s", name, err, tc.want, out)
		}
	}
}
