package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/jobsfile"
)

// part is a part of the facts, which is read as a whole.
type part string

const (
	partSettings part = "host settings" // which all others need
	partJobs     part = "jobs.yaml"
	partEnv      part = "the environment file"
	partHost     part = "paths of the host"
	partUnits    part = "units"
	partBot      part = "Telegram"
	partBeats    part = "heartbeats"
	partOthers   part = "other environment files"
	partClock    part = "clock"
	partJournal  part = "journal"
	partMemory   part = "memory"
	partServe    part = "the server"
	partDatabase part = "database" // this and the rest as the user of the tasks
	partCheckout part = "checkout"
	partRemote   part = "git remote"
	partRoom     part = "room"
	partBackup   part = "backups"
)

// networkTime bounds all that is asked over a network, and readTime everything.
const (
	networkTime = 8 * time.Second
	readTime    = time.Minute
)

// Facts is what is known of a host.
type Facts struct {
	Now      time.Time
	Host     montimer.Host
	NoUser   string          // the user of the tasks that does not exist; "": there is one
	Settings string          // why the host settings cannot be used; "": they can
	Unknown  map[part]string // why a part could not be read

	Jobs       montimer.Jobs // empty if jobs.yaml is invalid
	Mistake    string        // the first of jobs.yaml, or why it cannot be read; "": none
	NoCheckout bool          // jobs.yaml cannot be read, since there is no checkout

	Env     EnvFacts
	Paths   PathFacts
	Units   UnitFacts
	Bot     BotFacts
	Beats   []BeatFact
	Others  []OtherEnv
	Clock   ClockFacts
	Journal JournalFacts
	Memory  MemoryFacts
	Serve   ServeFacts
	User    UserFacts
}

// reader reads facts; each part has fields of its own.
type reader struct {
	facts   Facts
	sending sync.Once

	mutex sync.Mutex // of facts.Unknown
}

func (r *reader) unknown(p part, why error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.facts.Unknown[p] = why.Error()
}

// read reads the parts that are needed. What others build on comes first, the rest
// at once: the network takes the longest.
func read(ctx context.Context, source host.Source, needed map[part]bool) Facts {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	r := &reader{facts: Facts{Now: time.Now(), Unknown: map[part]string{}}}
	h, err := source.AsIs()
	r.facts.Host = h
	if err != nil {
		r.facts.Host.Instance = source.Instance
		r.facts.Settings = err.Error()
		if s, err := source.Settings(); err == nil {
			name, _, _ := strings.Cut(s.RunAs, ":")
			if _, exists := host.UserID(name); name != "" && !exists {
				r.facts.NoUser, r.facts.Host.Checkout = name, s.Checkout
			}
		}
		return r.facts
	}
	r.jobs(ctx)
	if err := r.env(); err != nil {
		r.unknown(partEnv, err)
	}
	var reading sync.WaitGroup
	for p, read := range map[part]func(context.Context) error{
		partHost: r.paths, partUnits: r.units, partBot: r.bot, partBeats: r.beats, partOthers: r.others,
		partClock: r.clock, partJournal: r.journal, partMemory: r.memory, partServe: r.server,
	} {
		if needed[p] {
			reading.Go(func() {
				ctx, cancel := context.WithTimeout(ctx, examineTime)
				defer cancel()
				if err := read(ctx); err != nil {
					r.unknown(p, err)
				}
			})
		}
	}
	var asUser []part
	for _, p := range []part{partDatabase, partCheckout, partRemote, partRoom, partBackup} {
		if needed[p] {
			asUser = append(asUser, p)
		}
	}
	if len(asUser) > 0 {
		reading.Go(func() { r.user(ctx, asUser) })
	}
	reading.Wait()
	return r.facts
}

// jobs reads jobs.yaml. What is wrong with it is a finding, and the profiles are then
// not known.
func (r *reader) jobs(ctx context.Context) {
	file, err := jobsfile.Read(ctx, r.facts.Host, jobsfile.Options{})
	switch {
	case err != nil:
		r.facts.Mistake = err.Error()
		dir, err := statOf(r.facts.Host.Checkout)
		r.facts.NoCheckout = err == nil && !dir.Exists
	case jobs.HasErrors(file.Diagnostics):
		r.facts.Mistake = file.Err(func(s string) string { return s }).Error()
		r.facts.Host.JobsFile = file.Path
	default:
		r.facts.Jobs = file.Jobs
		r.facts.Host.JobsFile = file.Path
	}
	if r.facts.Mistake != "" {
		r.unknown(partJobs, errors.New("jobs.yaml has mistakes or cannot be read"))
	}
}

// owned is what stat(2) says of a path.
type owned struct {
	Exists bool        `json:"exists"`
	Mode   fs.FileMode `json:"mode"`
	UID    uint32      `json:"uid"`
	GID    uint32      `json:"gid"`
}

func statOf(path string) (o owned, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil
	}
	if err != nil {
		return o, fmt.Errorf("look at %s: %w", path, errors.Unwrap(err))
	}
	o.Exists, o.Mode = true, info.Mode()
	o.UID, o.GID = ids(info)
	return o, nil
}
