package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/hostcheck"
	"github.com/montimer/montimer/taskexec"
)

// maxBehind is how long the checkout may be behind its remote: syncs come and go.
const maxBehind = time.Hour

// isPlainURL reports whether a URL, which tasks may have written, can be part of a
// command.
func isPlainURL(url string) bool {
	return strings.HasPrefix(url, "http") && !strings.ContainsFunc(url, func(r rune) bool { return r <= ' ' || r > '~' || r == '\'' })
}

// ofCheckout makes a check of a git checkout that belongs to the user of the tasks.
func ofCheckout(check func(Facts) []found) func(Facts) []found {
	return func(f Facts) []found {
		if c := f.User.Checkout; !c.IsCheckout || !c.Ours {
			return nil // of another owner: a finding of its own
		}
		return check(f)
	}
}

// follows reports whether a command after a sync follows changes of uv.lock.
func (f Facts) follows(file string) bool {
	for _, c := range f.Jobs.OnChange {
		if slices.ContainsFunc(c.Paths, func(p string) bool { return slices.Contains([]string{file, "."}, p) }) {
			return true
		}
	}
	return false
}

// setRemote gives the remote another URL, which only a person knows.
func (f Facts) setRemote() string {
	set := "set-url "
	if f.User.Checkout.URL == "" {
		set = "add "
	}
	return `read -rp 'URL of the repository: ' URL && ` + f.asUser("git -C "+taskexec.QuoteWord(f.Host.Checkout)+" remote "+set+f.Host.Sync.Remote+` "$URL"`)
}

func silentRemote(f Facts) []found {
	why := f.User.Remote.Failure
	if why == "" {
		return nil
	}
	return []found{{text: why, fix: f.setRemote()}}
}

func credentials(f Facts) []found {
	c := f.User.Checkout
	if !c.Credentials {
		return nil
	}
	remote := f.Host.Sync.Remote
	text := "the URL of " + remote + " has a user or a password: " + c.URL
	if !isPlainURL(c.URL) {
		return []found{{text: text, fix: f.setRemote()}}
	}
	steps := fmt.Sprintf(`cd %s && git config credential.helper store && git remote get-url %s | sed s/^/url=/ | git credential approve && git remote set-url %[2]s %s`,
		taskexec.QuoteWord(f.Host.Checkout), remote, taskexec.QuoteWord(c.URL))
	return []found{{
		text: text,
		fix:  f.asUser("env HOME=" + taskexec.QuoteWord(f.Host.Home) + " sh -c " + taskexec.QuoteWord(steps)),
	}}
}

func dubiousOwner(f Facts) []found {
	if c := f.User.Checkout; !c.IsCheckout || c.Ours {
		return nil
	}
	return []found{{text: f.Host.Checkout + "/.git does not belong to " + f.Host.User, fix: f.onOwn("checkout", f.Host.Checkout, fmt.Sprintf("chown -R %s: %s", taskexec.QuoteWord(f.Host.User), taskexec.QuoteWord(f.Host.Checkout)))}}
}

func unsynced(f Facts) []found {
	if hostcheck.Syncs(f.Host.Sync, f.Jobs) {
		return nil
	}
	fix := edit(f.Host.Instance.ConfigFile()) + " && " + f.Host.Instance.Command("apply")
	if !f.hasSetting("sync") {
		fix = f.set("sync", "{ every: 10m }") + " && " + f.Host.Instance.Command("apply")
	}
	return []found{{text: hostcheck.Sync(f.Host, f.Jobs), fix: fix}}
}

func behind(f Facts) []found {
	c := f.User.Checkout
	if remote := f.User.Remote.Commit; remote == "" || remote == c.Commit || f.Now.Sub(c.LastOK) < maxBehind {
		return nil
	}
	since := "no sync has succeeded yet"
	if !c.LastOK.IsZero() {
		since = "the last good sync was at " + c.LastOK.Local().Format(time.DateTime)
	}
	return []found{{text: fmt.Sprintf("%s is not at the commit of %s/%s; %s", f.Host.Checkout, f.Host.Sync.Remote, f.Host.Sync.Branch, since), fix: f.Host.Instance.Command("sync")}}
}

func dirty(f Facts) []found {
	changed := f.User.Checkout.Changed
	if len(changed) == 0 {
		return nil
	}
	return []found{{text: "edited in " + f.Host.Checkout + ": " + strings.Join(changed, ", "), fix: f.Host.Instance.Command("sync")}}
}

func staleVenv(f Facts) []found {
	v := f.User.Venv
	if v.Lock.IsZero() || !v.Made.Before(v.Lock) {
		return nil
	}
	text := ".venv in " + f.Host.Checkout + " is older than uv.lock"
	if v.Made.IsZero() {
		text = f.Host.Checkout + " has uv.lock and no .venv"
	}
	steps := "cd " + taskexec.QuoteWord(f.Host.Checkout) + " && uv sync --frozen && touch .venv"
	return []found{{text: text, fix: f.asUser("sh -c " + taskexec.QuoteWord(steps))}}
}

func unfollowed(f Facts) []found {
	if f.User.Venv.Lock.IsZero() || f.follows("uv.lock") {
		return nil
	}
	return []found{{
		text: "jobs.yaml has nothing for changes of uv.lock: add sync: {on_change: [{paths: [uv.lock], command: [uv, sync, --frozen]}]} and commit the change, else the next sync drops it",
		fix:  f.asUser(edit(f.Host.JobsFile)),
	}}
}

func checkoutChecks() []Check {
	return []Check{
		{"git-remote", "git remote that does not answer (ls-remote)", "nothing that is merged arrives", false, []part{partCheckout, partRemote}, ofCheckout(silentRemote)},
		{"git-credentials", "credentials in the URL of the git remote", "every process of the host can read them while git runs", true, []part{partCheckout}, ofCheckout(credentials)},
		{"git-owner", "git repository of another owner (dubious ownership)", "git refuses every sync", false, []part{partHost, partCheckout}, dubiousOwner},
		{"git-unsynced", "checkout that nothing syncs", "nothing that is merged arrives", true, []part{partJobs, partHost, partCheckout}, ofCheckout(unsynced)},
		{"git-behind", "checkout behind its remote, without a good sync for an hour", "the tasks are not those that were merged", false, []part{partCheckout, partRemote}, ofCheckout(behind)},
		{"git-dirty", "tracked files that were edited in the checkout", "the next sync drops the change", true, []part{partCheckout}, ofCheckout(dirty)},
		{"venv-stale", "virtual environment older than uv.lock, or missing", "tasks run with other packages than they were merged with", false, []part{partCheckout}, staleVenv},
		{"venv-onchange", "uv.lock without a command that follows its changes", "a merge that changes it leaves the virtual environment as it was", true, []part{partJobs, partCheckout}, unfollowed},
	}
}
