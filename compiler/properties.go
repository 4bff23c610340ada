package compiler

import (
	"fmt"
	"slices"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/unitfile"
)

// Properties returns the settings of a profile's service as systemd-run takes
// them: without commands and exit codes, and with the /tmp of the other services.
func Properties(h montimer.Host, p montimer.Profile) (all []string, err error) {
	host, err := newHostView(h)
	if err != nil {
		return nil, fmt.Errorf("host settings: %w", err)
	}
	v, err := profileView(host, p, profileTimer(p))
	if err != nil {
		return nil, fmt.Errorf("profile %.64q: %w", p.Name, err)
	}
	r, err := newRenderer()
	if err != nil {
		return nil, err
	}
	service, err := r.render("service", v, v.split())
	for d := range unitfile.Directives(service) {
		switch {
		case d.Section == "Unit" && d.Value == h.Instance.Unit("tmp.service"):
			all = append(all, d.Key+"="+d.Value)
		case d.Section == "Service" && !slices.Contains([]string{"Type", "ExecStart", "ExecStopPost", "SuccessExitStatus"}, d.Key):
			all = append(all, d.Key+"="+singlePercents(d.Value))
		}
	}
	return all, err
}
