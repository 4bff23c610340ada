package gitsync

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Standing is how a checkout is, compared with its commit and its remote.
type Standing struct {
	IsCheckout  bool      `json:"is_checkout"`
	Ours        bool      `json:"ours"`            // .git belongs to the user of this process
	URL         string    `json:"url"`             // of the remote, without credentials
	Credentials bool      `json:"has_credentials"` // the URL has some
	Commit      string    `json:"commit"`
	Changed     []string  `json:"changed"`          // tracked files that are not as in the commit, quoted by git
	LastOK      time.Time `json:"last_ok,omitzero"` // of a sync
}

// maxChanged is how many files Changed names at most.
const maxChanged = 20

// Standing asks git about the checkout and changes nothing. It runs no filter of
// the repository.
func (s Syncer) Standing(ctx context.Context) (Standing, error) {
	at := Standing{IsCheckout: s.isCheckout(), Changed: []string{}, LastOK: ReadState(s.StateDir).OK}
	if at.Ours = at.IsCheckout && s.isOurs(); !at.Ours {
		return at, nil
	}
	url := s.remoteURL()
	at.URL = userinfo().ReplaceAllString(url, "$1")
	// ssh://git@host has a user name and no secret.
	if _, rest, ok := strings.Cut(url, "://"); ok {
		user, _, has := strings.Cut(rest, "@")
		at.Credentials = has && !strings.Contains(user, "/") && (strings.Contains(user, ":") || strings.HasPrefix(url, "http"))
	}
	at.Commit = s.Commit(ctx)
	if at.Commit == "" {
		return at, nil
	}
	args, err := s.withoutFilters(ctx)
	if err != nil {
		return at, err
	}
	out, err := s.ask(ctx, append(args, "--no-optional-locks", "status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all")...)
	if err != nil {
		return at, fmt.Errorf("compare the working tree with its commit: git status: %w", err)
	}
	for line := range strings.Lines(out) {
		if len(at.Changed) < maxChanged && len(line) > 4 {
			at.Changed = append(at.Changed, strings.TrimSpace(line[3:]))
		}
	}
	return at, nil
}

// withoutFilters returns the options that turn off the filters that git is
// configured to run: they are commands (gitattributes(5), filter).
func (s Syncer) withoutFilters(ctx context.Context) (options []string, err error) {
	out, err := s.ask(ctx, "config", "--name-only", "--null", "--get-regexp", `^filter\..*\.(clean|smudge|process|required)$`)
	if none := exitError(0); errors.As(err, &none) && none == 1 { // there are none
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the filters of git: %w", err)
	}
	for name := range strings.SplitSeq(strings.Trim(out, "\x00"), "\x00") {
		if strings.Contains(name, "=") {
			return nil, fmt.Errorf("git has a filter that cannot be turned off: %q", name)
		}
		value := ""
		if strings.HasSuffix(name, ".required") {
			value = "false"
		}
		options = append(options, "-c", name+"="+value)
	}
	return options, nil
}

// RemoteCommit asks the remote for the commit of the configured branch, without
// fetching it. An error has git's words, without credentials.
func (s Syncer) RemoteCommit(ctx context.Context) (string, error) {
	if objectName().MatchString(s.Sync.Branch) {
		return s.Sync.Branch, nil
	}
	var out bytes.Buffer
	said, err := s.git(ctx, &out, []string{"ls-remote", "--quiet", s.Sync.Remote, s.Sync.Branch, s.Sync.Branch + "^{}"})
	switch {
	case err != nil && said != "":
		return "", errors.New(said)
	case err != nil:
		return "", fmt.Errorf("git ls-remote %w", err)
	}
	commit := refCommit(out.String(), s.Sync.Branch)
	if commit == "" {
		return "", fmt.Errorf("the remote has no %s", s.Sync.Branch)
	}
	return commit, nil
}

// refCommit finds a branch, a tag or a full reference in the output of git
// ls-remote, which names all that end in it.
func refCommit(listed, name string) string {
	commits := map[string]string{}
	for line := range strings.Lines(listed) {
		commit, ref, _ := strings.Cut(strings.TrimSpace(line), "\t")
		commits[ref] = commit
	}
	for _, ref := range []string{"refs/heads/" + name, "refs/tags/" + name + "^{}", "refs/tags/" + name, name + "^{}", name} {
		if commit := commits[ref]; commit != "" {
			return commit
		}
	}
	return ""
}
