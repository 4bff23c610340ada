package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/timeline"
	"github.com/montimer/montimer/internal/view"
)

// document is openapi.json, as far as tests look into it.
type document struct {
	Paths map[string]map[string]struct {
		Parameters []struct{ Name, In string }
		Responses  map[string]struct {
			Ref     string `json:"$ref"`
			Content map[string]any
		}
	}
	Components struct {
		Schemas map[string]struct {
			Properties map[string]any
			Required   []string
		}
	}
}

func described(t testing.TB) (d document) {
	t.Helper()
	if err := json.Unmarshal([]byte(openAPI), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestOpenAPIRoutes: openapi.json has the routes that there are, with the parameters
// that each reads, and no others.
func TestOpenAPIRoutes(t *testing.T) {
	t.Parallel()
	want, got := map[string][]string{}, map[string][]string{}
	name := regexp.MustCompile(`\{(.*)\}`)
	for _, r := range routes {
		params := slices.Clone(r.params)
		for _, part := range name.FindAllStringSubmatch(r.path, -1) {
			params = append(params, "path "+part[1])
		}
		slices.Sort(params)
		want[r.path] = params
	}
	for path, methods := range described(t).Paths {
		for method, operation := range methods {
			if method != "get" {
				t.Errorf("%s has the method %s", path, method)
			}
			params := []string{}
			for _, p := range operation.Parameters {
				params = append(params, strings.TrimPrefix(p.In+" "+p.Name, "query "))
			}
			slices.Sort(params)
			got[path] = params
		}
	}
	if diff := cmp.Diff(want, got, cmp.Transformer("empty", func(all []string) string { return strings.Join(all, ", ") })); diff != "" {
		t.Errorf("(-routes +openapi.json)\n%s", diff)
	}
}

// TestOpenAPISchemas: the schemas of the read model have its fields, and require
// those that are never left out.
func TestOpenAPISchemas(t *testing.T) {
	t.Parallel()
	schemas := described(t).Components.Schemas
	for name, value := range map[string]any{
		"Overview": view.Overview{}, "Profile": view.Profile{}, "Run": view.Run{}, "Task": view.Task{}, "Pause": view.Pause{}, "Finding": view.Finding{},
		"Outbox": view.Outbox{}, "Checkout": view.Checkout{}, "Timeline": view.Timeline{}, "Stretch": view.Stretch{}, "Health": view.Health{}, "HealthOutbox": view.HealthOutbox{},
	} {
		var fields, required []string
		for f := range reflect.TypeOf(value).Fields() {
			if !f.IsExported() {
				continue
			}
			if f.Anonymous {
				for f := range f.Type.Fields() {
					fields, required = withField(fields, required, f)
				}
				continue
			}
			fields, required = withField(fields, required, f)
		}
		slices.Sort(fields)
		slices.Sort(required)
		if diff := cmp.Diff(fields, slices.Sorted(maps.Keys(schemas[name].Properties))); diff != "" {
			t.Errorf("%s: fields (-view +openapi.json)\n%s", name, diff)
		}
		if diff := cmp.Diff(required, slices.Sorted(slices.Values(schemas[name].Required))); diff != "" {
			t.Errorf("%s: required (-view +openapi.json)\n%s", name, diff)
		}
	}
}

func withField(fields, required []string, f reflect.StructField) (_, _ []string) {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" {
		return fields, required
	}
	if options == "" {
		required = append(required, name)
	}
	return append(fields, name), required
}

// validator holds answers against openapi.json.
type validator struct {
	document
	compiler *jsonschema.Compiler
	seen     map[string]bool // route and status
}

func newValidator(t testing.TB) *validator {
	t.Helper()
	v := &validator{described(t), jsonschema.NewCompiler(), map[string]bool{}}
	v.compiler.DefaultDraft(jsonschema.Draft2020)
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(openAPI))
	if err == nil {
		err = v.compiler.AddResource("openapi.json", doc)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// check holds an answer against the schema of its route and status.
func (v *validator) check(t testing.TB, asked string, r *http.Response, body string) {
	t.Helper()
	u, err := url.ParseRequestURI(asked)
	if err != nil {
		t.Fatal(err)
	}
	path, _ := target(u)
	at, status := "#/components/schemas/Error", fmt.Sprint(r.StatusCode)
	i := slices.IndexFunc(routes, func(known route) bool { _, ok := known.matches(path); return ok })
	if i >= 0 && r.StatusCode != http.StatusMethodNotAllowed {
		route := routes[i].path
		v.seen[route+" "+status] = true
		response, known := v.Paths[route]["get"].Responses[status]
		media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
		switch {
		case !known:
			t.Errorf("%.100s: status %s of %s is not described", asked, status, route)
			return
		case response.Ref != "":
			at = response.Ref
		default:
			if response.Content[media] == nil {
				t.Errorf("%.100s: the type %s is not described", asked, media)
			}
			at = "#/paths/" + strings.ReplaceAll(route, "/", "~1") + "/get/responses/" + status
			at = strings.NewReplacer("{", "%7B", "}", "%7D").Replace(at)
		}
		if media != "application/json" {
			return
		}
		at += "/content/application~1json/schema"
	}
	schema, err := v.compiler.Compile("openapi.json" + at)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		t.Errorf("%.100s: %v\n%.500s", asked, err, body)
	}
}

// fakeHost has a value in each field of the read model.
type fakeHost struct{ err error }

var at = time.Date(2026, 6, 10, 2, 14, 7, 0, time.UTC)

const runID = "0123456789abcdef0123456789abcdef"

func fakeRun() *view.Run {
	return &view.Run{
		ID: runID, Profile: "hourly", State: montimer.RunFailed, Trigger: montimer.TriggerTimer, Scheduled: at, Started: at, Ended: at, Seconds: 1.5,
		Skip: "overlap", Reason: "<b>", Commit: "c", Host: "h", Log: "l", Journal: "j",
		Tasks: []view.Task{{Name: "<script>", Status: montimer.TaskFailed, ExitCode: 1, Error: "e", Attempts: 1, Started: at, Seconds: 1, Stdout: "o\x00\xff", Stderr: "e", LeftOut: 7}},
	}
}

func (f fakeHost) Overview(context.Context) (view.Overview, error) {
	return view.Overview{
		Instance: "b", Host: "h", At: at, Verdict: "v", Attention: true, Findings: []view.Finding{{ID: "i", Status: "fault", Text: "t", Why: "w", Fix: "f"}},
		Outbox: view.Outbox{Pending: 1, Oldest: at.Add(-time.Hour), Error: "e"}, Checkout: &view.Checkout{Commit: "c", Subject: "s", Synced: at}, NotSeen: []string{"n"},
		Profiles: []view.Profile{{
			Name: "hourly", State: view.Overdue, Note: "n", Schedule: "s", Last: fakeRun(), LastGood: at, Since: at, Failed: 1, FirstBad: "c", Next: at, Missed: 2,
			Overdue: at, Behind: true, Blocked: view.Masked, Typical: 2, DropIns: []string{"d"}, Recorded: true, Loaded: true, Judged: true,
		}, {Name: "paused", State: view.Paused, Pause: &view.Pause{Until: at, Reason: "r", By: "b"}}},
	}, f.err
}

func (f fakeHost) Counted(ctx context.Context) (view.Overview, []view.Tally, error) {
	v, err := f.Overview(ctx)
	return v, []view.Tally{{Profile: "hourly"}}, err
}

func (f fakeHost) Timeline(_ context.Context, profile string, from, to time.Time) (view.Timeline, error) {
	if profile != "hourly" {
		return view.Timeline{}, &view.UnknownError{Err: errors.New("no such profile")}
	}
	return view.Timeline{Profile: profile, From: from, To: to, Since: at, NotSeen: []string{}, Stretches: view.Stretches([]timeline.Tick{
		{At: at, State: timeline.OK, Run: montimer.Run{ID: runID}}, {At: at.Add(time.Hour), State: timeline.Missed},
	})}, f.err
}

func (f fakeHost) Runs(_ context.Context, filter store.Filter) (all []*view.Run, err error) {
	if filter.Before != "" && filter.Before != runID {
		return nil, store.ErrNoRun
	}
	for range min(filter.Limit, 3) {
		all = append(all, fakeRun())
	}
	return all, f.err
}

func (f fakeHost) Run(_ context.Context, id string) (*view.Run, *view.Change, error) {
	if id != runID {
		return nil, nil, &view.UnknownError{Err: store.ErrNoRun}
	}
	return fakeRun(), nil, f.err
}

// TestAnswersAreDescribed: each answer is as openapi.json describes it, and every
// answer that it describes has been seen.
func TestAnswersAreDescribed(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	dir, reader := python(t), checkout(t)
	change(t, dir, "UPDATE alert_events SET metadata_json = '{broken' WHERE id = 150")
	build := view.Build{Version: "v", Commit: "c"}
	well := serve(t, Sources{Events: events(t, dir), Catalog: reader, Host: fakeHost{}, Build: build})
	for _, e := range lines[exchange](t, "testdata/exchanges.jsonl") {
		if e.State == "" && strings.HasPrefix(e.Target, "/") && !strings.Contains(e.Target, " ") {
			r, body := ask(t, well, e.Method, e.Target)
			v.check(t, e.Target, r, body)
		}
	}
	for target, status := range map[string]int{
		"/metrics": 200, "/openapi.json": 200, "/v1/health": 200, "/v1/profiles": 200,
		"/v1/alerts/latest": 200, "/v1/alerts/latest?source=crash": 200, "/v1/alerts?channel=errors&delivery_status=failed": 200,
		"/v1/profiles/hourly/timeline": 200, "/v1/profiles/hourly/timeline?from=2026-06-10T00:00:00Z&to=2026-06-11T00:00:00Z": 200,
		"/v1/profiles/hourly/timeline?from=2026-06-10": 400, "/v1/profiles/hourly/timeline?from=9999-01-01T00:00:00Z": 400,
		"/v1/profiles/other/timeline": 404, "/v1/profiles/..%2fx/timeline": 404, "/v1/profiles/hourly": 404,
		"/v1/runs": 200, "/v1/runs?limit=2": 200, "/v1/runs?profile=hourly&state=failed&since=2026-06-10T00:00:00Z&cursor=" + runID: 200,
		"/v1/runs?profile=../x": 400, "/v1/runs?state=odd": 400, "/v1/runs?limit=0": 400, "/v1/runs?cursor=5": 400, "/v1/runs?cursor=" + strings.Repeat("f", 32): 400,
		"/v1/runs/" + runID: 200, "/v1/runs/" + strings.ToUpper(runID): 200, "/v1/runs/" + strings.Repeat("f", 32): 404, "/v1/runs/5": 404, "/v1/runs/": 404,
		"/": 404, "/v2": 404,
	} {
		r, body := ask(t, well, "GET", target)
		if r.StatusCode != status {
			t.Errorf("%s: status %d, want %d: %s", target, r.StatusCode, status, body)
		}
		v.check(t, target, r, body)
	}
	ill := serve(t, Sources{Events: events(t, t.TempDir()), Catalog: noCatalog{}, Host: fakeHost{fs.ErrPermission}, Build: build})
	unreadable := t.TempDir()
	write(t, unreadable, store.FileName, "this is no database, and long enough to be looked at as one")
	damaged := serve(t, Sources{Events: events(t, unreadable), Host: fakeHost{}})
	for path := range v.Paths {
		path = strings.NewReplacer("{id}", "5", "{run}", runID, "{profile}", "hourly").Replace(path)
		for _, address := range []string{ill, damaged} {
			if address == damaged && (path == "/v1/protocols" || path == "/v1/monitoring") {
				continue
			}
			r, body := ask(t, address, "GET", path)
			v.check(t, path, r, body)
		}
	}
	deleted := t.TempDir()
	if err := os.Mkdir(filepath.Join(deleted, montimer.LastGoodDir), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, deleted, montimer.LastGoodDir+"/p.json", "{}") // a run has been here
	for dir, want := range map[string]int{t.TempDir(): 200, deleted: 503} {
		r, body := ask(t, serve(t, Sources{Events: events(t, dir), Host: fakeHost{}}), "GET", "/v1/health")
		v.check(t, "/v1/health", r, body)
		if r.StatusCode != want || !strings.Contains(body, `"database":"missing"`) {
			t.Errorf("no database, want %d: %d %s", want, r.StatusCode, body)
		}
	}
	for path, methods := range v.Paths {
		for status := range methods["get"].Responses {
			if !v.seen[path+" "+status] {
				t.Errorf("no request was answered by %s %s", path, status)
			}
		}
	}
}

type noCatalog struct{}

func (noCatalog) Jobs(context.Context) (montimer.Jobs, error) {
	return montimer.Jobs{}, fs.ErrNotExist
}

func (noCatalog) Monitoring(context.Context) (jobs.Monitoring, error) {
	return jobs.Monitoring{}, fs.ErrNotExist
}
