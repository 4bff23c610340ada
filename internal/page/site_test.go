package page

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/montimer/montimer/internal/serve"
	"github.com/montimer/montimer/internal/testenv"
	"github.com/montimer/montimer/internal/view"
)

var update = flag.Bool("update", false, "rewrite the golden files and the pictures of the documentation")

// served answers with pages as montimer serve does.
func served(h http.Handler) http.Handler {
	return &serve.Server{Page: h, API: http.NotFoundHandler(), Log: slog.New(slog.DiscardHandler)}
}

// pages serves one handler after the other.
type pages struct {
	mu sync.Mutex
	http.Handler
	*httptest.Server
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Handler.ServeHTTP(w, r)
}

func (p *pages) show(h http.Handler) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Handler = served(h)
}

func newPages(t *testing.T, h http.Handler) *pages {
	p := &pages{Handler: served(h)}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

var options = Options{CommitURL: "https://git.example.org/{commit}"}

// lastRun is the path of the last run of a profile.
func (h *host) lastRun(profile string) string {
	runs := h.past[profile].Runs
	return runPath(runs[len(runs)-1].ID)
}

// TestPictures makes the pictures of the documentation.
func TestPictures(t *testing.T) {
	if !*update {
		t.Skip("only with -update")
	}
	b := newBrowser(t)
	h := New(badHost(), options)
	h.(*site).now = func() time.Time { return night }
	url := newPages(t, h).URL
	dir := "../../docs/pictures"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, shot := range map[string]struct {
		width, height int
		dark          bool
		path          string
	}{
		"page-light": {960, 920, false, "/"}, "page-dark": {960, 920, true, "/"}, "page-phone": {390, 844, false, "/"},
		"run": {960, 760, false, badHost().lastRun("hourly")},
	} {
		b.screen(shot.width, shot.height, shot.dark)
		b.open(url + shot.path)
		if err := os.WriteFile(filepath.Join(dir, name+".png"), small(t, b.picture()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// small returns a picture with at most 256 colours, which takes a fourth.
func small(t *testing.T, data []byte) []byte {
	full, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	count := map[color.RGBA]int{}
	b := full.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			count[color.RGBAModel.Convert(full.At(x, y)).(color.RGBA)]++
		}
	}
	palette := color.Palette{}
	for _, c := range slices.SortedFunc(maps.Keys(count), func(x, y color.RGBA) int {
		return cmp.Or(count[y]-count[x], int(x.R)-int(y.R), int(x.G)-int(y.G), int(x.B)-int(y.B))
	}) {
		if len(palette) < 256 {
			palette = append(palette, c)
		}
	}
	few := image.NewPaletted(b, palette)
	draw.Draw(few, b, full, b.Min, draw.Src)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, few); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// axeFile is axe-core (https://github.com/dequelabs/axe-core), which .ci/run takes.
const axeFile = "/var/cache/montimer-ci/axe-4.14.1.js"

// TestBrowser holds what only a browser knows.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser")
	}
	axe, err := os.ReadFile(axeFile)
	testenv.Require(t, err == nil, "no "+axeFile+": .ci/run takes it")
	b := newBrowser(t)
	host := badHost()
	site := newPages(t, New(host, options))
	run := func(name string, of func(b *browser)) {
		t.Run(name, func(t *testing.T) {
			here := *b
			here.t = t
			site.show(New(host, options))
			of(&here)
			c := slices.DeleteFunc(here.complaints(), func(text string) bool { return strings.Contains(text, "/profiles/nothing - ") }) // which is 404
			if len(c) > 0 {
				t.Errorf("the browser complains: %q", c)
			}
		})
	}

	run("the first screen of a phone answers", func(b *browser) {
		many := badHost()
		for i := range 94 {
			many.add(fmt.Sprintf("p%02d", i), "hourly", "every hour, on the hour", 2, 0, nil)
		}
		site.show(New(many, options))
		b.screen(390, 700, false)
		b.open(site.URL)
		screen := b.text(`return [...document.querySelectorAll("h1, main p, main code")].filter(e => e.getBoundingClientRect().bottom <= innerHeight).map(e => e.textContent).join("\n")`)
		words := strings.Join(strings.Fields(b.text("return document.body.innerText"))[:60], " ")
		for _, text := range []string{"1 of 100 need you: hourly failing", "since Mon 05-04 00:00:01 (2 h ago), 3 runs", "4f0c2a9d1b to b81d03c55a", "montimer logs hourly --failed", "next 03:00"} {
			if !strings.Contains(screen, text) {
				b.t.Errorf("%q is not among\n%s", text, screen)
			}
			if !strings.Contains(words, text) {
				b.t.Errorf("%q is not among the first words: %s", text, words)
			}
		}
		b.fits()
	})

	run("nothing keeps people from using it", func(b *browser) {
		b.screen(390, 844, false)
		for i, path := range []string{"/", host.lastRun("hourly"), "/profiles/prices", "/alerts", "/profiles/nothing"} {
			b.open(site.URL + path)
			b.js(nil, string(axe)+"; document.querySelectorAll('details').forEach(d => d.open = true)")
			for _, dark := range []bool{false, true} {
				if dark && i > 1 { // the other pages have no further colours
					continue
				}
				b.screen(390, 844, dark)
				rules := "{}"
				if dark { // the rest is the same
					rules = `{runOnly: ["color-contrast"]}`
				}
				var found []struct {
					ID, Help string
					Nodes    []struct{ HTML string }
				}
				b.call("POST", "/execute/async", object{"script": "axe.run(document, " + rules + ").then(r => arguments[0](r.violations))", "args": []any{}}, &found)
				for _, v := range found {
					b.t.Errorf("%s, dark %v: %s: %s: %.300v", path, dark, v.ID, v.Help, v.Nodes)
				}
			}
			b.fits()
		}
	})

	run("it says the same without scripts", func(b *browser) {
		b.screen(390, 844, false)
		texts := [2]string{}
		for i := range texts {
			b.cdp("Emulation.setScriptExecutionDisabled", object{"value": i == 0}, nil)
			b.open(site.URL)
			var doc struct{ Root struct{ NodeID int } }
			b.cdp("DOM.getDocument", object{"depth": 0}, &doc)
			var main struct{ NodeID int }
			b.cdp("DOM.querySelector", object{"nodeId": doc.Root.NodeID, "selector": "html"}, &main)
			var html struct{ OuterHTML string }
			b.cdp("DOM.getOuterHTML", object{"nodeId": main.NodeID}, &html)
			texts[i] = html.OuterHTML
		}
		b.refresh(1)
		b.until("return document.documentElement.dataset.polls === '1'")
		if texts[0] != texts[1] || len(texts[0]) < 5000 {
			b.t.Errorf("with scripts:\n%s\nwithout:\n%s", texts[1], texts[0])
		}
	})

	run("each bar is reached by the keyboard", func(b *browser) {
		b.screen(960, 844, false)
		b.open(site.URL)
		b.js(nil, `window.reached = new Set(); document.addEventListener("focusin", e => reached.add(e.target))`)
		var focusable int
		b.js(&focusable, `return document.querySelectorAll("a, summary, input, select, button").length`)
		b.tabs(focusable + 5)
		if missed := b.text(`return [...document.querySelectorAll(".bars a, .lanes a, summary")].filter(a => !reached.has(a)).map(a => a.textContent).join("; ")`); missed != "" {
			b.t.Errorf("not reached: %s", missed)
		}
		var bars int
		if b.js(&bars, `return document.querySelectorAll(".bars a").length`); bars < 10 {
			b.t.Errorf("only %d bars", bars)
		}
	})

	run("each state is told from the others without colours", func(b *browser) {
		b.screen(390, 844, false)
		b.open(site.URL)
		b.js(nil, `document.getElementById("legend").open = true; document.getElementById("legend").scrollIntoView()`)
		var keys []struct{ X, Y, Width, Height float64 }
		b.js(&keys, `return [...document.querySelectorAll(".key")].map(k => k.getBoundingClientRect().toJSON())`)
		picture, err := png.Decode(bytes.NewReader(b.picture()))
		if err != nil || len(keys) != len(marks) {
			b.t.Fatal(err, keys)
		}
		for i := range keys {
			for j := range i {
				differ := 0
				for dx := range int(keys[i].Width) {
					for dy := range int(keys[i].Height) {
						x := grey(picture, int(keys[i].X)+dx, int(keys[i].Y)+dy)
						y := grey(picture, int(keys[j].X)+dx, int(keys[j].Y)+dy)
						if max(x, y)-min(x, y) > 50 {
							differ++
						}
					}
				}
				if differ < 20 { // pixels of 528: a letter has more
					b.t.Errorf("%s and %s look alike: %d pixels differ", marks[i].State, marks[j].State, differ)
				}
			}
		}
	})

	run("a refresh disturbs nothing", func(b *browser) {
		busy := &changing{host: host}
		site.show(New(busy, options))
		b.screen(390, 700, false)
		b.open(site.URL)
		place := func() string { // what is in the middle of the screen, and where
			return b.text(`const e = document.getElementById("t-sweep"); return Math.round(e.getBoundingClientRect().top)`)
		}
		moved := func(was string) bool { // by more than a pixel: it scrolls by whole ones, and lines have fractions
			from, err1 := strconv.Atoi(was)
			to, err2 := strconv.Atoi(place())
			return err1 != nil || err2 != nil || max(from, to)-min(from, to) > 1
		}
		stays := func(was string) bool { // the browser corrects it when it draws
			for deadline := time.Now().Add(patience); moved(was); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					return false
				}
			}
			return true
		}
		b.js(nil, `getSelection().selectAllChildren(document.querySelector("code")); scrollTo(0, 300)`)
		was := place()
		b.refresh(20)
		if got := b.text("return getSelection() + document.getElementById('stale').textContent"); got != "montimer logs hourly --failed; there is a newer state" || !stays(was) {
			b.t.Errorf("with a selection: %s at %s, before at %s", got, place(), was)
		}
		b.js(nil, `getSelection().removeAllRanges(); document.getElementById("t-hourly").open = true`)
		was = place()
		b.refresh(15)
		if got := b.text("return document.getElementById('t-hourly').open"); got != "true" || !stays(was) {
			b.t.Errorf("with an open table: %s at %s, before at %s", got, place(), was)
		}
		b.js(nil, `document.getElementById("t-hourly").open = false; document.querySelector(".bars a").focus({preventScroll: true})`)
		was = place()
		b.refresh(15)
		if got := b.text("return document.activeElement.textContent"); !strings.Contains(got, "ok") || !stays(was) {
			b.t.Errorf("with the focus on a bar: %s at %s, before at %s", got, place(), was)
		}
		// Nothing is in use: the newest state is shown, at the same place.
		b.js(nil, `document.activeElement.blur()`)
		b.refresh(1)
		if got := b.text("return [...document.querySelectorAll('li')].some(l => +(l.textContent.match(/^changed (\\d+)/) || [])[1] > 50) + document.getElementById('stale').textContent"); got != "true" || !stays(was) {
			b.t.Errorf("not in use: %s after %d changes, at %s, before at %s", got, busy.n, place(), was)
		}
		// Hidden, the page asks for nothing; shown again, at once.
		asks := func(hidden bool) string {
			return b.text(fmt.Sprintf(`
				window.asked = 0;
				const real = window.realFetch ||= window.fetch;
				window.fetch = (...all) => { asked++; return real(...all) };
				Object.defineProperty(document, "hidden", { configurable: true, get: () => %t });
				document.dispatchEvent(new Event("visibilitychange"));
				return asked`, hidden))
		}
		if got := asks(true); got != "0" {
			b.t.Errorf("a hidden page asks %s times", got)
		}
		if got := asks(false); got != "1" {
			b.t.Errorf("a page that is shown again asks %s times", got)
		}
		b.open(site.URL + "/alerts")
		b.js(nil, `const e = document.querySelector("main form input, main form select"); e.focus(); e.dataset.mine = "yes"`)
		b.refresh(5)
		if got := b.text("return document.activeElement.dataset.mine"); got != "yes" {
			b.t.Errorf("with the focus in a form: it is on %s", b.text("return document.activeElement.outerHTML"))
		}
		b.open(site.URL)
		// Nothing has changed but the time.
		later := *host
		later.facts.Now = night.Add(2 * time.Second)
		site.show(New(&changing{host: &later, n: busy.n, done: true}, options))
		b.js(nil, `window.before = document.querySelector("main")`)
		b.refresh(1)
		if got := b.text("return (before === document.querySelector('main')) + '|' + document.getElementById('asof').textContent"); got != "true|"+later.facts.Now.Format(asOfLayout) {
			b.t.Errorf("unchanged: %s", got)
		}
		site.show(http.NotFoundHandler())
		b.refresh(1)
		if got := b.text("return document.getElementById('stale').textContent"); !strings.HasPrefix(got, "; the server answered 404 at ") {
			b.t.Errorf("another answer: %s", got)
		}
		offline := func(is bool) {
			b.cdp("Network.enable", object{}, nil)
			b.cdp("Network.emulateNetworkConditions", object{"offline": is, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}, nil)
		}
		offline(true)
		b.refresh(1)
		if got := b.text("return document.getElementById('stale').textContent"); !strings.HasPrefix(got, "; the server was not reached at ") {
			b.t.Errorf("no answer: %s", got)
		}
		offline(false)
		b.complaints() // about these two
	})

	run("what others have written stays text", func(b *browser) {
		hostile := hostileHost()
		site.show(New(hostile, options))
		b.screen(390, 700, false)
		for _, path := range []string{"/", "/profiles/hourly", hostile.lastRun("hourly"), "/alerts?protocol=" + "%22%3E%3Cscript%3Epwned%3D1%3C/script%3E"} {
			b.open(site.URL + path)
			b.fits()
			if got := b.text(`return typeof pwned + document.querySelectorAll("main script, main img, main iframe, main b.evil, main [onclick], main [style]").length`); got != "undefined0" {
				b.t.Errorf("%s: %s", path, got)
			}
		}
	})
}

// changing is a host of which each look at it says something else, until done.
type changing struct {
	*host
	n       int
	alerted int
	done    bool
}

func (c *changing) Alerts(ctx context.Context, ask view.AlertAsk) ([]view.Alert, error) {
	all, err := c.host.Alerts(ctx, ask)
	if !c.done && ask.Most == mostAlerts { // those of the overview are fewer
		c.alerted++
		all = append(all, view.Alert{ID: 1, Text: fmt.Sprintf("alert %d", c.alerted)})
	}
	return all, err
}

func (c *changing) Board(ctx context.Context, profile, span string) (view.Board, error) {
	b, err := c.host.Board(ctx, profile, span)
	if !c.done {
		c.n++
	}
	b.Findings = append(slices.Clone(b.Findings), view.Finding{Text: fmt.Sprintf("changed %d times", c.n-1)})
	return b, err
}

// refresh has the page refresh so many times, and waits for the answers.
func (b *browser) refresh(times int) {
	b.t.Helper()
	b.call("POST", "/execute/async", object{"script": `
		const html = document.documentElement, done = arguments[1];
		let left = arguments[0], seen = html.dataset.polls;
		const step = () => {
			if (html.dataset.polls === seen) return setTimeout(step, 1);
			if (--left === 0) return done();
			seen = html.dataset.polls;
			document.dispatchEvent(new Event("visibilitychange"));
			step();
		};
		document.dispatchEvent(new Event("visibilitychange"));
		step();`, "args": []any{times}}, nil)
}

// fits holds that the page is not wider than the screen.
func (b *browser) fits() {
	b.t.Helper()
	var wide int
	if b.js(&wide, "return document.documentElement.scrollWidth - innerWidth"); wide > 0 {
		b.t.Errorf("%s is %d pixels wider than the screen", b.text("return location.pathname"), wide)
	}
}

func grey(p image.Image, x, y int) int {
	r, g, b, _ := p.At(x, y).RGBA()
	return int(299*(r>>8)+587*(g>>8)+114*(b>>8)) / 1000
}
