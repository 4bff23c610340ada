package page

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/timeline"
	"github.com/montimer/montimer/internal/view"
)

func get(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	served(h).ServeHTTP(w, r)
	return w
}

// TestRevalidation: a page that differs in its time only is not sent again, and the
// client still learns as of when it holds.
func TestRevalidation(t *testing.T) {
	host := wellHost()
	first := get(New(host, Options{}), "/")
	if first.Code != 200 || !strings.Contains(first.Body.String(), `As of <time id="asof">`+night.Format("15:04:05 MST")) {
		t.Fatalf("%d %s", first.Code, first.Body)
	}
	if tag := first.Header().Get("ETag"); !strings.Contains(first.Body.String(), `<main data-etag=`+tag+`>`) {
		t.Errorf("the page does not have its ETag %s", tag)
	}
	host.facts.Now = night.Add(5 * time.Second)
	again := get(New(host, Options{}), "/", "If-None-Match", "W/"+first.Header().Get("ETag"))
	if again.Code != 304 || again.Body.Len() > 0 || again.Header().Get(AsOf) != host.facts.Now.Format("15:04:05 MST") {
		t.Errorf("%d %v", again.Code, again.Header())
	}
	host.facts.Findings = append(host.facts.Findings, view.Finding{Text: "something new"})
	if changed := get(New(host, Options{}), "/", "If-None-Match", first.Header().Get("ETag")); changed.Code != 200 {
		t.Errorf("another finding: %d", changed.Code)
	}
}

// TestNotSeen: a page that does not know the state of the host says so first, and
// does not look as if all were well.
func TestNotSeen(t *testing.T) {
	h := wellHost()
	h.facts.NotSeen = []string{"the database: <b>damaged</b>"}
	page := get(New(h, Options{}), "/").Body.String()
	said := strings.Index(page, "not seen: the database: &lt;b&gt;damaged&lt;/b&gt;")
	if said < 0 || said > strings.Index(page, "</header>") {
		t.Errorf("it does not say first what is not seen:\n%.2000s", page)
	}
	if strings.Contains(page, `<header class="ok">`) || strings.Contains(page, "ok.svg") {
		t.Errorf("it looks well:\n%.2000s", page)
	}
}

func TestProblems(t *testing.T) {
	h := New(&host{err: errors.New("open the database: <b>broken</b>")}, Options{BasePath: "/jobs/"})
	well := New(wellHost(), Options{BasePath: "/jobs"})
	for _, tt := range []struct {
		from http.Handler
		path string
		code int
		text string
	}{
		{h, "/", 503, "open the database: &lt;b&gt;broken&lt;/b&gt;"},
		{h, "/profiles/", 404, `<a href="/jobs/">`},
		{h, "/assets/../page.go", 404, "no such file"},
		{h, "/assets/none.css", 404, "no such file"},
		{h, "/assets/page.css?v=else", 200, "body"},
		{well, "/profiles/hourl", 404, `<a href="/jobs/profiles/hourly">hourly</a>`},
		{well, "/profiles/a/b", 404, "no page at this address"},
		{well, "/runs/12", 404, "32 hexadecimal digits"},
		{well, "/runs/" + strings.Repeat("0", 32), 404, "no run"},
		{well, "/profiles/hourly?since=never", 400, "since: &#34;never&#34; is neither"},
		{well, "/profiles/hourly?grep=(", 400, "grep: error parsing"},
		{well, "/alerts?cursor=x", 400, "not the id of an alert"},
	} {
		if w := get(tt.from, tt.path); w.Code != tt.code || !strings.Contains(w.Body.String(), tt.text) {
			t.Errorf("%s: %d %s", tt.path, w.Code, w.Body)
		}
	}
}

// TestContrast holds that each text of the style sheet has a contrast of 4.5 to what
// is behind it, and each mark of 3 (WCAG 2.2, 1.4.3 and 1.4.11), light and dark.
func TestContrast(t *testing.T) {
	css, err := assetFiles.ReadFile("assets/page.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, ok := strings.Cut(string(css), "prefers-color-scheme: dark")
	if !ok {
		t.Fatal("no dark colours")
	}
	for name, text := range map[string]string{"light": light, "dark": dark} {
		colours := map[string]float64{"": luminance("1d2023")} // of the letter on a skipped tick
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{3,6});`).FindAllStringSubmatch(text, -1) {
			colours[m[1]] = luminance(m[2])
		}
		for _, pair := range []struct {
			front, back string
			least       float64
		}{
			{"text", "bg", 4.5}, {"text", "card", 4.5}, {"text", "code", 4.5}, {"text", "bad-bg", 4.5}, {"dim", "bg", 4.5}, {"dim", "bad-bg", 4.5}, {"link", "bg", 4.5}, {"link", "bad-bg", 4.5},
			{"good", "bg", 4.5}, {"bad", "bg", 4.5}, {"bad", "bad-bg", 4.5}, {"warn", "bg", 4.5}, {"card", "bad", 4.5}, {"card", "lost", 4.5}, {"", "skip", 4.5},
			{"good", "bad-bg", 3}, {"off", "bg", 3}, {"run", "bg", 3}, {"lost", "bg", 3},
		} {
			a, b := colours[pair.front], colours[pair.back]
			if ratio := (max(a, b) + .05) / (min(a, b) + .05); ratio < pair.least {
				t.Errorf("%s: %s on %s: %.2f, less than %.1f", name, pair.front, pair.back, ratio, pair.least)
			}
		}
	}
}

// luminance is that of WCAG 2.2 for a colour in hexadecimal.
func luminance(hex string) (sum float64) {
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	for i, weight := range []float64{.2126, .7152, .0722} {
		n, _ := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		c := float64(n) / 255
		if c <= .04045 {
			sum += weight * c / 12.92
		} else {
			sum += weight * math.Pow((c+.055)/1.055, 2.4)
		}
	}
	return sum
}

// TestAgrees: the page says of every profile, tick and run what status -o json and
// history -o json say.
func TestAgrees(t *testing.T) {
	for name, host := range map[string]*host{"well": wellHost(), "bad": badHost()} {
		b, err := host.Board(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		body := get(New(host, Options{}), "/").Body.String()
		if v := view.Of(host.facts); !strings.Contains(body, "<title>"+v.Verdict+"</title>") || !strings.Contains(body, "<h1>"+v.Verdict+"</h1>") {
			t.Errorf("%s: no %q", name, v.Verdict)
		} else {
			for _, p := range v.Profiles {
				want := `>` + p.Name + `</a> <span class="state ` + string(p.State) + `">` + p.State.Words() + `<`
				if !strings.Contains(body, want) {
					t.Errorf("%s: no %s", name, want)
				}
			}
		}
		seen := map[timeline.State]bool{}
		for _, r := range b.Rows {
			entries, _, _, err := host.History(t.Context(), r.Name, view.Filter{Since: r.Span.From})
			if err != nil {
				t.Fatal(err)
			}
			want, got := map[timeline.State]int{}, map[timeline.State]int{}
			for _, e := range entries {
				want[e.State] += e.Ticks
				seen[e.State] = true
			}
			row := (&site{}).row(b.Overview, r)
			for _, bar := range row.Bars {
				for part := range strings.SplitSeq(bar.Count, ", ") {
					n, state, several := strings.Cut(part, " ")
					count, err := strconv.Atoi(n)
					if !several || err != nil {
						count, state = 1, part
					}
					got[timeline.State(strings.ReplaceAll(state, " ", "_"))] += count
				}
			}
			if !maps.Equal(want, got) {
				t.Errorf("%s: %s: %v in the page, %v in the history", name, r.Name, got, want)
			}
		}
		if name == "bad" && len(seen) != len(timeline.States) {
			t.Errorf("only %v are tried", seen)
		}
	}
}

// TestBounds: neither what others write nor how much there is of it makes a page
// large.
func TestBounds(t *testing.T) {
	many := badHost()
	for i := range 94 {
		many.add(fmt.Sprintf("p%02d", i), "*:0/10", "every 10 minutes", 2, time.Second, func(r *montimer.Run, ago time.Duration) bool {
			if ago/(10*time.Minute)%2 == 0 {
				r.State = montimer.RunFailed
			}
			return true
		})
	}
	crowd := wellHost()
	for i := range 400 {
		crowd.add(fmt.Sprintf("p%03d", i), "hourly", "every hour, on the hour", 1, time.Second, nil)
	}
	hostile := hostileHost()
	for _, tt := range []struct {
		host *host
		path string
		most int
	}{
		{many, "/", 300_000}, {crowd, "/", 300_000}, {many, "/?span=30d", 300_000}, {badHost(), "/", 30_000},
		{hostile, "/", 100_000}, {hostile, "/profiles/hourly", 100_000}, {hostile, hostile.lastRun("hourly"), 30_000}, {hostile, "/alerts", 60_000},
	} {
		w := get(New(tt.host, options), tt.path)
		if n := w.Body.Len(); w.Code != 200 || n > tt.most {
			t.Errorf("%s: %d, %d bytes, more than %d", tt.path, w.Code, n, tt.most)
		}
		for _, secret := range []string{"AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0", "\u202e", "\u2028", "\x1b", "\x00"} {
			if strings.Contains(w.Body.String(), secret) {
				t.Errorf("%s has %q", tt.path, secret)
			}
		}
	}
	if script, _ := assetFiles.ReadFile("assets/page.js"); len(script) > 3<<10 {
		t.Errorf("the script has %d bytes", len(script))
	}
}

// TestGolden holds a few pages whole, in a zone of their own.
func TestGolden(t *testing.T) {
	if name, _ := night.Zone(); name != "UTC" {
		t.Skipf("the golden files are of UTC, not %s", name)
	}
	bad := badHost()
	for name, page := range map[string]struct {
		host *host
		path string
	}{
		"well": {wellHost(), "/"}, "none": {newHost(), "/"}, "profile": {bad, "/profiles/report?state=failed"},
		"run": {bad, bad.lastRun("hourly")}, "alerts": {bad, "/alerts?severity=HIGH"}, "unknown": {bad, "/profiles/hourl"},
	} {
		h := New(page.host, Options{BasePath: "/jobs", CommitURL: options.CommitURL})
		h.(*site).now = func() time.Time { return night }
		w := get(h, page.path)
		got := regexp.MustCompile(`(data-etag="|id="asof">|\?v=)[^"<]*`).ReplaceAllString(w.Body.String(), "${1}…")
		file := filepath.Join("testdata", name+".html")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil || got != string(want) {
			t.Errorf("%s is not as in %s: %v\n%s", page.path, file, err, got)
		}
	}
}

// TestShort: a text is cut where no secret is cut in two.
func TestShort(t *testing.T) {
	const token = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"
	for before := range 4*longestLine + 10 {
		if got := line(strings.Repeat("é", before/2) + strings.Repeat(" ", before%2) + " " + token + strings.Repeat(" x", 5000)); strings.Contains(got, "AAHd") {
			t.Fatalf("after %d bytes: %s", before, got)
		}
	}
	for text, want := range map[string]string{"": "", "short": "short", strings.Repeat("é", longestLine): strings.Repeat("é", longestLine), strings.Repeat("é", longestLine+1): strings.Repeat("é", longestLine) + " …"} {
		if got := line(text); got != want {
			t.Errorf("%s became %s", text, got)
		}
	}
	if got := text("a\r\nb\x1b\n" + strings.Repeat("\n", 100) + "c"); !strings.HasPrefix(got, "a\nb\\x1b\n") || strings.Count(got, "\n") != mostLines || !strings.HasSuffix(got, "…") {
		t.Errorf("%q", got)
	}
}
