package byhand

import (
	"strings"
	"testing"

	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/testhost"
)

// TestBootID: a unit has the specifier in exactly one property, and a value of
// jobs.yaml that looks like it stays.
func TestBootID(t *testing.T) {
	const boot = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9\n"
	properties, err := compiler.Properties(testhost.Host(), testhost.Profiles(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, p := range properties {
		if withBoot(p, boot) == "Environment=MONTIMER_BOOT_ID=0a1b2c3d4e5f60718293a4b5c6d7e8f9" {
			n++
		} else if strings.Contains(p, "%b") || withBoot(p, boot) != p {
			t.Errorf("%s became %s", p, withBoot(p, boot))
		}
	}
	if n != 1 {
		t.Errorf("%d properties have the boot id", n)
	}
	if p := "Environment=NOTE=MONTIMER_BOOT_ID=%b"; withBoot(p, boot) != p {
		t.Errorf("%s became %s", p, withBoot(p, boot))
	}
}
