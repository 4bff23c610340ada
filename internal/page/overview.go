package page

import (
	"net/http"

	"github.com/montimer/montimer/internal/view"
)

// overview shows the state of the host: first what needs a person.
func (s *site) overview(w http.ResponseWriter, r *http.Request) {
	v, err := s.read.Overview(r.Context())
	if err != nil {
		s.unreadable(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "overview", frame{Title: v.Verdict, Icon: icon(v), At: v.At, Body: v})
}

func icon(v view.Overview) string {
	if v.Attention {
		return "bad.svg"
	}
	return "ok.svg"
}
