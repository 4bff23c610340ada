package manual

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/montimer/montimer"
)

// A Unit is a unit as compile writes it, for the page of all units. Of profiles there
// is one for each sandbox, whose name is the sandbox.
type Unit struct{ Name, Content string }

// A Reach is one thing that a task may do or not do, by sandbox.
type Reach struct {
	Does string
	In   map[montimer.Sandbox]bool
}

// unitTexts say what each unit does, and when it starts.
var unitTexts = [][2]string{
	{own.Target(), "Upholds all timers and sockets below: systemd starts again what is missing of them. Only the target is enabled; stopping it stops them all."},
	{own.Timer("NAME"), "Starts the service of the profile NAME at the times of its schedule, which its comment # Schedule: says in words. Enabled profiles only."},
	{own.Service("NAME"), "One run of the profile NAME: montimer exec NAME. Started by its timer, or by hand with montimer run NAME. It never runs beside itself. When a run was killed before it could be recorded, ExecStopPost= records it."},
	{own.Timer(montimer.GitSync), "Starts the git syncs, where the host settings have sync: every."},
	{own.Service(montimer.GitSync), "Brings the checkout up to date with its git remote: montimer sync. Confined as a profile is, in the sandbox of \"*\"."},
	{own.Timer(montimer.Report), "Starts the report, where jobs.yaml has notify: report. Daily at 08:00, or on Mondays."},
	{own.Service(montimer.Report), "Writes the report of all runs into the outbox. It has no network and no secrets."},
	{own.Unit("outbox.timer"), "Starts the outbox one minute after it last ended."},
	{own.Unit("outbox.service"), "Sends the alerts that are still to be sent: montimer notify flush --due."},
	{own.Unit("failure@.service"), "Reports the failure of a service that could not report it itself, as one that was killed. OnFailure= of the services of profiles starts it."},
	{own.Unit("alarm@.service"), "Does the same where failure@ cannot start or was killed, as when the deploy user is missing."},
	{own.Unit("apply.timer"), "Starts an apply five minutes after the target and then every hour, against drift."},
	{own.Unit("apply.socket"), "Listens at the FIFO " + own.RequestFIFO() + ", into which the group of the deploy user may write. A write starts an apply; what is written is ignored."},
	{own.Unit("apply.service"), "Makes the units follow jobs.yaml: montimer apply. It becomes the deploy user to read jobs.yaml. It starts no job that is not due."},
	{own.Unit("backup.timer"), "Starts the backups, where the host settings have backup."},
	{own.Unit("backup.service"), "Copies the database into the directory of the backups, and checks the copy: montimer db backup."},
	{own.Unit("api.socket"), "Listens where the host settings say, and at " + own.APISocket() + ", where they have serve. The first request starts the server."},
	{own.Unit("api.service"), "Answers over HTTP: montimer serve. It ends when it is idle, and has no network but the sockets that systemd passes to it."},
	{own.Unit("tmp.service"), "Has the /tmp and /var/tmp that the services of profiles share in the sandboxes strict and default, and makes the state directory. Starts with the target or the first run, and stays until shutdown."},
}

// directiveTexts say what the directives of the services are for. Directives that
// belong together have one text.
var directiveTexts = [][2]string{
	{"User Group DynamicUser", "Who runs it. DynamicUser= makes a user for the service alone."},
	{"NoNewPrivileges CapabilityBoundingSet AmbientCapabilities", "No setuid program and no file capability gives rights. Without capabilities root is a user as others are."},
	{"ProtectSystem ReadWritePaths StateDirectory StateDirectoryMode CacheDirectory CacheDirectoryMode RuntimeDirectory RuntimeDirectoryMode RuntimeDirectoryPreserve", "All directories are read-only but those that are named: for tasks the checkout, the state directory, the cache and the setting write."},
	{"ProtectHome", "Home directories cannot be written (read-only) or seen (yes, tmpfs)."},
	{"InaccessiblePaths", "The sockets of the deploy user's own service manager, D-Bus, screens and agents, by which a task could have a process outside do its work."},
	{"PrivateTmp PrivateMounts", "A /tmp of its own, which those of profiles share with each other, in mounts of its own."},
	{"PrivateDevices", "No device but /dev/null, /dev/zero, /dev/urandom and the like."},
	{"ProtectKernelTunables ProtectKernelModules ProtectKernelLogs ProtectControlGroups ProtectClock ProtectHostname", "The kernel, its settings and log, the clock and the name of the host cannot be changed."},
	{"ProtectProc ProcSubset", "Processes of other users, and what /proc has besides processes, cannot be seen."},
	{"PrivateUsers", "Only root, the own user and its primary group exist."},
	{"RestrictNamespaces RestrictRealtime RestrictSUIDSGID LockPersonality MemoryDenyWriteExecute KeyringMode", "No namespaces, no real-time priority, no setuid or setgid files, no other execution domain, no memory that can be written and executed, and a keyring of its own."},
	{"SystemCallFilter SystemCallArchitectures SystemCallErrorNumber", "Which system calls there are. Others end with EPERM, so that a task can say so."},
	{"PrivateNetwork RestrictAddressFamilies IPAddressDeny", "Which networks there are. PrivateNetwork= leaves none."},
	{"MemoryMax TasksMax CPUWeight IOWeight LimitCORE OOMPolicy", "What it may take of the host. A process that is killed for want of memory does not end the others of its run. There are no core dumps, which would hold secrets."},
	{"UMask", "The mode of new files."},
	{"Type ExecStart ExecStartPre ExecStopPost WorkingDirectory RemainAfterExit SuccessExitStatus", "What is run. The exit status 75 of a run that came during another is no failure."},
	{"KillMode TimeoutStartSec TimeoutStopSec NotifyAccess Restart RestartSec", "How it ends. A run that goes on says so, and may take as long as jobs.yaml lets it; one that hangs is killed."},
	{"Environment EnvironmentFile", "Its variables: settings that compile has frozen, and the environment file."},
	{"LogExtraFields LogRateLimitIntervalSec LogRateLimitBurst LogLevelMax", "Its journal. Entries of runs have MONTIMER_PROFILE=, and no rate limit can drop the line with their result."},
}

// Units writes the page of the units, montimer-units(7), as roff (man(7)): what they
// do, what their sandboxes allow, and which has which directive. The error names units
// and directives of which it has no text.
func Units(w io.Writer, units []Unit, reaches []Reach) error {
	r := &roff{w: w}
	r.title("montimer-units", "7", "the units that montimer compile writes")
	r.section("description")
	r.paragraph("montimer compile writes these units below /usr/local/lib/systemd/system (the host setting unit_dir), so that /etc is the operator's: systemctl mask and systemctl edit work on all of them. Each compile replaces them; no change belongs in the files. Of another instance, NAME, they are called " + other.Target() + " and " + other.Unit("*") + ".")
	r.paragraph("systemctl cat shows a unit with its comments, systemd-analyze security how exposed a service is.")
	r.section("units")
	for _, u := range unitTexts {
		text := u[1]
		if who := runsAs(units, u[0]); who != "" {
			text += " Runs as " + who + "."
		}
		r.entry(u[0], text)
	}
	r.section("sandboxes")
	r.paragraph("The host setting sandbox says in which of them the services of profiles are. In each of them a task can: " + list(reaches, func(d Reach) bool {
		return !slices.ContainsFunc(sandboxes, func(s montimer.Sandbox) bool { return !d.In[s] })
	}) + ".")
	r.paragraph("In none of them can it: " + list(reaches, func(d Reach) bool {
		return !slices.ContainsFunc(sandboxes, func(s montimer.Sandbox) bool { return d.In[s] })
	}) + ".")
	for _, s := range sandboxes {
		var can, cannot string
		varies := func(d Reach) bool {
			return d.In[sandboxes[0]] != d.In[s] || d.In[sandboxes[len(sandboxes)-1]] != d.In[s]
		}
		can = list(reaches, func(d Reach) bool { return d.In[s] && varies(d) })
		cannot = list(reaches, func(d Reach) bool { return !d.In[s] && varies(d) })
		for _, part := range [][2]string{{"A task can: ", can}, {"It cannot: ", cannot}} {
			if part[1] == "" {
				continue
			}
			if part[0] == "A task can: " || can == "" {
				r.entry(string(s), part[0]+part[1]+".")
			} else {
				r.printf(".IP\n%s\n", escapeRoff(part[0]+part[1]+"."))
			}
		}
	}
	r.section("directives of the services")
	r.paragraph("What a value means is in systemd.exec(5), systemd.service(5) and systemd.resource-control(5).")
	for _, d := range directiveTexts {
		names := strings.Fields(d[0])
		text := d[1]
		var same []string
		for i, name := range names {
			same = append(same, name+"=")
			in := whichHave(units, name)
			if i+1 < len(names) && whichHave(units, names[i+1]) == in {
				continue
			}
			text += " " + strings.Join(same, ", ") + ": " + in + "."
			same = nil
		}
		r.entry(strings.Join(names, "=, ")+"=", text)
	}
	r.section("see also")
	r.paragraph("montimer(1), montimer-config(5), systemd.unit(5), systemd.exec(5), systemd-analyze(1)")
	if left := undescribed(units); r.err == nil && left != nil {
		r.err = fmt.Errorf("montimer-units(7) has no text of: %s", strings.Join(left, ", "))
	}
	return r.err
}

// sandboxes are in the order of the page.
var sandboxes = []montimer.Sandbox{montimer.SandboxStrict, montimer.SandboxDefault, montimer.SandboxHost}

func list(reaches []Reach, which func(Reach) bool) string {
	var does []string
	for _, d := range reaches {
		if which(d) {
			does = append(does, d.Does)
		}
	}
	return strings.Join(does, "; ")
}

// directives returns the names and values of the directives of a service; nil: it is none.
func directives(u Unit) [][2]string {
	_, service, ok := strings.Cut(u.Content, "\n[Service]\n")
	if !ok {
		return nil
	}
	var all [][2]string
	for line := range strings.Lines(service) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			all = append(all, [2]string{name, value})
		}
	}
	return all
}

// has reports whether a service has a directive.
func has(u Unit, name string) bool {
	return slices.ContainsFunc(directives(u), func(d [2]string) bool { return d[0] == name })
}

// whichHave names the services that have a directive, or those that have it not if these
// are fewer.
func whichHave(units []Unit, name string) string {
	var in, out []string
	for _, u := range units {
		switch {
		case directives(u) == nil:
		case has(u, name):
			in = append(in, label(u))
		default:
			out = append(out, label(u))
		}
	}
	switch {
	case in == nil:
		return "none"
	case out == nil:
		return "all"
	case len(out) < len(in):
		return "all but " + strings.Join(labels(out), ", ")
	}
	return strings.Join(labels(in), ", ")
}

// labels has one word for the profiles in all sandboxes.
func labels(names []string) (short []string) {
	inAll := true
	for _, s := range sandboxes {
		inAll = inAll && slices.Contains(names, inSandbox+string(s))
	}
	for _, name := range names {
		if !inAll || !strings.HasPrefix(name, inSandbox) {
			short = append(short, name)
		}
	}
	if inAll {
		short = append([]string{"profiles"}, short...)
	}
	return short
}

const inSandbox = "profiles in "

// label is the short name of a service.
func label(u Unit) string {
	if slices.Contains(sandboxes, montimer.Sandbox(u.Name)) {
		return inSandbox + u.Name
	}
	name, _ := own.Cut(strings.TrimSuffix(strings.TrimSuffix(u.Name, ".service"), "@"))
	return name
}

// runsAs names the user of a service; "" for no service.
func runsAs(units []Unit, name string) string {
	for _, u := range units {
		all := directives(u)
		if u.Name != name && (name != own.Service("NAME") || u.Name != string(montimer.SandboxHost)) || all == nil {
			continue
		}
		switch {
		case has(u, "DynamicUser"):
			return "a user of its own"
		case has(u, "User"):
			return "the deploy user"
		}
		return "root"
	}
	return ""
}

// undescribed returns the units and directives that have no text.
func undescribed(units []Unit) (names []string) {
	described := map[string]bool{}
	for _, u := range unitTexts {
		described[u[0]] = true
	}
	for _, d := range directiveTexts {
		for name := range strings.FieldsSeq(d[0]) {
			described[name] = true
		}
	}
	for _, s := range sandboxes {
		described[string(s)] = true
	}
	for _, u := range units {
		for _, d := range append(directives(u), [2]string{u.Name}) {
			if !described[d[0]] {
				names = append(names, d[0])
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
