package cron

import (
	"strings"
	"testing"
)

// TestEventWords: what a calendar event means, as a person would say it.
func TestEventWords(t *testing.T) {
	t.Parallel()
	for event, want := range map[string]string{
		"hourly":                        "every hour, on the hour",
		"*:0/10":                        "every 10 minutes",
		"*:*:0/2":                       "every 2 seconds",
		"Mon..Fri 09:00":                "at 09:00 from Monday to Friday",
		"*-*-1,15 04:30:00 UTC":         "at 04:30 on the 1st and 15th of every month, UTC",
		"*-*~1 04:30":                   "at 04:30 on the last day of the month",
		"Fri *-*-13 00:00":              "at 00:00 on the 13th of every month if that is a Friday",
		"2027-06-01 12:00":              "at 12:00 on 1 June 2027",
		"*-*~7 04:30":                   "at 04:30 on the 7th to last day of the month",
		"*-*~02 9:00":                   "at 09:00 on the second to last day of the month",
		"*-*~1,3 9:00":                  "at 09:00 on the last and third to last day of the month",
		"*-*~2..5 9:00":                 "at 09:00 from the fifth to last to the second to last day of the month",
		"*-*~1..5 9:00":                 "at 09:00 on the last 5 days of the month",
		"Mon *-*-01..05 4:00":           "at 04:00 on the Monday that falls on the 1st to 5th of every month",
		"Fri *-*-10..25":                "at 00:00 every Friday from the 10th to the 25th of every month",
		"Mon..Sat *-*-14,15 4:00":       "at 04:00 on the 14th and 15th of every month unless that is a Sunday",
		"Fri 2027-01-01 4:00":           "at 04:00 on 1 January 2027, a Friday",
		"2027..2030-*-* 4:00":           "at 04:00 every day from 2027 to 2030",
		"*-04..06-01 9:00":              "at 09:00 on the 1st of every month from April to June",
		"*-09-20..22":                   "at 00:00 from 20 to 22 September",
		"*-*-31":                        "at 00:00 on the 31st of the months that have one",
		"*:00,30:*":                     "every second of minutes 0 and 30 of every hour",
		"0/3:0/20":                      "every 20 minutes in every third hour (00:00, 03:00, …, 21:00)",
		"0/2:0":                         "every 2 hours, on the hour",
		"1..3:10,20,30":                 "at minutes 10, 20 and 30 of hours 1 to 3",
		"3:5..10":                       "every minute from 03:05 to 03:10 every day",
		"Mon,Tue,Wed,Fri..Sun 9:00":     "at 09:00 every day but Thursday",
		"12:00 EST":                     "at 12:00 every day, UTC-5",
		"Mon *-*~7/1 3:00":              "at 03:00 on the last Monday of the month",
		"Mon *-*-08..14 3:00":           "at 03:00 on the second Monday of the month",
		"*-02-* 00/6:00 America/Havana": "at 00:00, 06:00, 12:00 and 18:00 every day in February, America/Havana time",
	} {
		x, err := ParseEvent(event, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := x.Words(); got != want {
			t.Errorf("%s: %q, want %q", event, got, want)
		}
	}
}

func TestParseEvent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, zone, want, refusal string }{
		{text: "2/6:00", want: "*-*-* 02..20/6:00:00"},
		{text: "2/6:00 GMT", zone: "Europe/Berlin", want: "*-*-* 02..20/6:00:00 UTC"},
		{text: "9:00", zone: "CET", want: "*-*-* 09:00:00 Europe/Brussels"},
		{text: "04:00:00.5", refusal: "whole"},
		{text: "*:*:0/0.001", refusal: "whole"},
		{text: "25:00", refusal: "hour"},
	} {
		x, err := ParseEvent(test.text, test.zone)
		switch {
		case err != nil && (test.refusal == "" || !strings.Contains(err.Error(), test.refusal)):
			t.Errorf("%s: %v, want %q", test.text, err, test.refusal)
		case err == nil && x.Event().String() != test.want:
			t.Errorf("%s in %s: %s, want %s", test.text, test.zone, x.Event(), test.want)
		}
	}
}
