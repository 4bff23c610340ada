package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
)

// Of returns the overview of a host.
func Of(f Facts) Overview {
	v := Overview{
		Instance: f.Instance, Host: f.Host, Version: f.Version, At: f.Now.UTC(), Checkout: f.Checkout,
		Profiles: []Profile{}, Findings: slices.Clone(f.Findings), NotSeen: slices.Clone(f.NotSeen),
	}
	for _, p := range f.Profiles {
		v.Profiles = append(v.Profiles, f.profile(p))
	}
	slices.SortStableFunc(v.Profiles, func(a, b Profile) int {
		return cmp.Or(cmp.Compare(slices.Index(states, a.State), slices.Index(states, b.State)), cmp.Compare(a.Name, b.Name))
	})
	if v.Checkout != nil && !f.Synced.IsZero() {
		v.Checkout = &Checkout{v.Checkout.Commit, v.Checkout.Subject, f.Synced.UTC()}
	}
	v.Outbox = outbox(f.Outbox)
	v.backup = f.Backup
	v.Findings = append(v.Findings, f.host(v)...)
	v.Verdict, v.Attention = verdict(v)
	if v.Findings == nil {
		v.Findings = []Finding{}
	}
	if v.NotSeen == nil {
		v.NotSeen = []string{}
	}
	return v
}

func outbox(pending []montimer.Alert) (o Outbox) {
	o.Pending = len(pending)
	for _, a := range pending {
		if o.Oldest.IsZero() || !a.Created.IsZero() && a.Created.Before(o.Oldest) {
			o.Oldest = a.Created.UTC()
		}
		if o.Error == "" {
			o.Error = a.Error
		}
	}
	return o
}

// stuck is how long an alert may wait before a person is needed: longer than a
// restart of anything on the way.
const stuck = 15 * time.Minute

// host returns the findings that follow from the facts about the whole host.
func (f Facts) host(v Overview) (all []Finding) {
	if f.Target == "inactive" || f.Target == "failed" {
		all = append(all, Finding{
			Text: "all timers are stopped: " + f.Instance.Target() + " is " + f.Target,
			Fix:  "systemctl start " + f.Instance.Target(), Attention: true,
		})
	}
	if n := len(f.Lagging); n > 0 {
		units := "units lag"
		if n == 1 {
			units = "unit lags"
		}
		all = append(all, Finding{Text: fmt.Sprintf("%d %s behind jobs.yaml", n, units), Fix: f.Instance.Command("apply")})
	}
	switch fix := f.Instance.Command("sync"); {
	case f.SyncFails != "":
		all = append(all, Finding{Text: f.SyncFails, Fix: fix, Attention: true})
	case !f.Synced.IsZero() && f.Synced.Before(f.SyncedBy):
		all = append(all, Finding{Text: "the checkout was last synced " + Ago(f.Now, f.Synced), Fix: fix})
	}
	if f.Backup != nil && f.Backup.Trouble != "" {
		all = append(all, Finding{Text: f.Backup.Trouble, Fix: "systemctl start " + f.Instance.Unit("backup.service"), Attention: !f.Backup.New})
	}
	if v.Outbox.Pending > 0 {
		alerts := "alerts wait"
		if v.Outbox.Pending == 1 {
			alerts = "alert waits"
		}
		text := fmt.Sprintf("%d %s", v.Outbox.Pending, alerts)
		if !v.Outbox.Oldest.IsZero() {
			text += ", the oldest from " + Ago(f.Now, v.Outbox.Oldest)
		}
		if v.Outbox.Error != "" {
			text += ": " + v.Outbox.Error
		}
		all = append(all, Finding{
			Text: text, Fix: f.Instance.Command("notify pending"),
			Attention: v.Outbox.Oldest.IsZero() || f.Now.Sub(v.Outbox.Oldest) > stuck,
		})
	}
	return all
}

// verdict says in one sentence whether a person is needed.
func verdict(v Overview) (text string, attention bool) {
	var needed []string
	for _, p := range v.Profiles {
		if p.State.NeedsPerson() {
			needed = append(needed, p.Name+" "+p.State.Words())
		}
	}
	profiles := len(needed)
	for _, f := range v.Findings {
		if f.Attention {
			needed = append(needed, f.Text)
		}
	}
	switch {
	case profiles > 0 && len(v.Profiles) > 1:
		return fmt.Sprintf("%d of %d need you: %s", profiles, len(v.Profiles), list(needed)), true
	case len(needed) > 0:
		return "needs you: " + list(needed), true
	case len(v.Profiles) == 0 && len(v.NotSeen) > 0:
		return "no profiles, as far as can be seen", false
	case len(v.Profiles) == 0:
		return "no profiles", false
	}
	text = "all well: " + plural(len(v.Profiles), "profile")
	if len(v.NotSeen) > 0 {
		text = "nothing wrong, as far as can be seen: " + plural(len(v.Profiles), "profile")
	}
	if next, name := v.next(); name != "" {
		text += fmt.Sprintf(", next %s %s", name, In(v.At, next))
	}
	return text, false
}

// next returns the run that comes first.
func (v Overview) next() (at time.Time, name string) {
	for _, p := range v.Profiles {
		if !p.Next.IsZero() && p.State != Paused && p.State != Disabled && (name == "" || p.Next.Before(at)) {
			at, name = p.Next, p.Name
		}
	}
	return at, name
}

// Words returns the state for messages.
func (s ProfileState) Words() string { return strings.ReplaceAll(string(s), "_", " ") }

// list names the first few.
func list(all []string) string {
	const most = 3
	if len(all) > most+1 {
		return strings.Join(all[:most], ", ") + fmt.Sprintf(" and %d more", len(all)-most)
	}
	return strings.Join(all, ", ")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
