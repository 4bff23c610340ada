package calendar

import "strings"

// shorthand spells out the special expressions of systemd.time(7).
func shorthand(s string) string {
	if len(s) > len("semi-annually") {
		return s
	}
	switch lower(s) {
	case "minutely":
		return "*:*:00"
	case "hourly":
		return "*:00"
	case "daily":
		return "00:00"
	case "weekly":
		return "Mon 00:00"
	case "monthly":
		return "*-01 00:00"
	case "quarterly":
		return "01,04,07,10-01 00:00"
	case "semiannually", "semi-annually", "biannually", "bi-annually":
		return "01,07-01 00:00"
	case "yearly", "annually", "anually": // the last is systemd's own slip
		return "01-01 00:00"
	}
	return s
}

// lower is for ASCII only: strings.ToLower finds letters of ours elsewhere.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}
