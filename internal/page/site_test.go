package page

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files and the pictures of the documentation")

// policy is the Content-Security-Policy with which pages are served.
const policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'"

// serve serves pages of a host as package serve does.
func serve(t *testing.T, h http.Handler) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestPictures makes the pictures of the documentation.
func TestPictures(t *testing.T) {
	if !*update {
		t.Skip("only with -update")
	}
	b := newBrowser(t)
	url := serve(t, New(badHost(), Options{CommitURL: "https://git.example.org/{commit}"}))
	dir := "../../docs/pictures"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, shot := range map[string]struct {
		width, height int
		dark          bool
		path          string
	}{
		"page-light": {960, 1000, false, "/"}, "page-dark": {960, 1000, true, "/"}, "page-phone": {390, 844, false, "/"},
		"run":     {960, 700, false, runPath(badHost().past["hourly"].Runs[len(badHost().past["hourly"].Runs)-1].ID)},
		"profile": {960, 1000, true, "/profiles/prices"},
		"alerts":  {390, 844, true, "/alerts"},
		"phone2":  {390, 3000, true, "/"},
	} {
		b.screen(shot.width, shot.height, shot.dark)
		b.open(url + shot.path)
		if err := os.WriteFile(filepath.Join(dir, name+".png"), b.picture(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Log(b.complaints())
}
