package cron

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer/internal/testenv"
)

func TestWords(t *testing.T) {
	t.Parallel()
	tests := []struct {
		dialect Dialect
		text    string
		want    string
	}{
		{Supercronic, "30 4 1,15 * 5", "at 04:30 on the 1st and 15th of every month, and also every Friday"},
		{Supercronic, "19 8 * * *", "at 08:19 every day"},
		{Supercronic, "5 * * * *", "every hour at minute 5"},
		{Supercronic, "0/10 * * * *", "every 10 minutes"},
		{Supercronic, "7,37 * * * *", "every hour at minutes 7 and 37"},
		{Supercronic, "*/30 * * * *", "every 30 minutes"},
		{Supercronic, "*/7 * * * *", "every hour at minutes 0, 7, …, 56"},
		{Supercronic, "* * * * *", "every minute"},
		{Supercronic, "17 */6 * * *", "at 00:17, 06:17, 12:17 and 18:17 every day"},
		{Supercronic, "17 */2 * * *", "every 2 hours at minute 17"},
		{Supercronic, "5 9-17 * * 1-5", "every hour from 09:05 to 17:05, from Monday to Friday"},
		{Supercronic, "*/15 9-17 * * *", "every 15 minutes from 09:00 to 17:59"},
		{Supercronic, "5,35 8-10,14 1-10/3 2-12/2 *", "at minutes 5 and 35 of hours 8 to 10 and 14, on the 1st, 4th, 7th and 10th of February, April, …, December"},
		{Supercronic, "25 10 * * 0", "at 10:25 every Sunday"},
		{Supercronic, "0 0 * * 1,3,5", "at 00:00 every Monday, Wednesday and Friday"},
		{Supercronic, "0 0 1 1 *", "at 00:00 on the 1st of January"},
		{Supercronic, "0 0 * 4-10 *", "at 00:00 every day from April to October"},
		{Supercronic, "*/10 * * 2 *", "every 10 minutes in February"},
		{Supercronic, "0 * * * 0", "every hour, on the hour, every Sunday"},
		{Supercronic, "0 0 1-7,L * 1", "at 00:00 from the 1st to the 7th and on the last day of the month, and also every Monday"},
		{Supercronic, "1 2 3 4 5", "at 02:01 on the 3rd of April, and also every Friday in April"},
		{Supercronic, "0 0 * * 1#1,1#3", "at 00:00 on the first Monday and on the third Monday of the month"},
		{Supercronic, "0 0 13 * 5", "at 00:00 on the 13th of every month, and also every Friday"},
		{Crontab, "0 0 */2 * 1", "at 00:00 on the 1st, 3rd, …, 31st of every month if that is a Monday"},
		{Crontab, "0 0 1-31 * 1", "at 00:00 every day"},
		{Supercronic, "0 0 L * *", "at 00:00 on the last day of the month"},
		{Supercronic, "0 0 L 2 *", "at 00:00 on the last day of February"},
		{Supercronic, "0 0 LW * *", "at 00:00 on the last workday (Monday to Friday) of the month"},
		{Supercronic, "0 0 15W * *", "at 00:00 on the workday (Monday to Friday) nearest the 15th of the month"},
		{Supercronic, "0 0 * * 5L", "at 00:00 on the last Friday of the month"},
		{Supercronic, "0 0 * 3 5#2", "at 00:00 on the second Friday of March"},
		{Supercronic, "0 0 1 1 * 2030", "at 00:00 on 1 January 2030"},
		{Supercronic, "*/20 * * * * * *", "every 20 seconds"},
		{Supercronic, "15 30 9 * * * *", "at 09:30:15 every day"},
		{Supercronic, "30 * * * * * *", "at second 30 of every minute"},
		{Supercronic, "*/10 0-4 * * * * *", "every 10 seconds of minutes 0 to 4 of every hour"},
		{Supercronic, "@hourly", "every hour, on the hour"},
		{Robfig, "CRON_TZ=Asia/Tokyo 0 9 * * 1-5", "at 09:00 from Monday to Friday, Asia/Tokyo time"},
		{Supercronic, "0 0 30 2 1", "at 00:00 every Monday in February"},
		{Supercronic, "* */30 * * * * *", "every second of minutes 0 and 30 of every hour"},
		{Robfig, "@every 5410s", "every 1 h 30 min 10 s"},
		{Robfig, "@every 90m", "every 90 minutes"},
		{Robfig, "@every 1h", "every hour"},
		{Robfig, "@every 50ms", "every second"},
		{Crontab, "@reboot", "once after each boot"},
	}
	for _, tt := range tests {
		if got := parse(t, tt.dialect, tt.text).Words(); got != tt.want {
			t.Errorf("%s %q:\n got %s\nwant %s", tt.dialect, tt.text, got, tt.want)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		dialect Dialect
		text    string
		blamed  string // what the offset and the length point at
		want    string
	}{
		{Crontab, "0 22-2 * * *", "22-2", "hour: range 22-2 runs backwards; crontab would never run it; write 22-23,0-2"},
		{Supercronic, "0 0 * * 5-7", "5-7", "day-of-week: 5-7 ends at Sunday=0 in supercronic; write 5-6,0"},
		{Supercronic, "0 22-2/2 * * *", "22-2/2", "hour: range 22-2/2 runs backwards; supercronic would never run it; write the values, as in 22,0,2"},
		{Supercronic, "0 0 * * 05", "05", "day-of-week: 05 is read as Sunday by supercronic; write 5"},
		{Supercronic, "0 0 * * 01-05", "01-05", "day-of-week: 01 is read as Sunday by supercronic; write 1"},
		{Supercronic, "*/60 * * * *", "*/60", "minute: step 60 is not within 1-59; use one value (0) or another field"},
		{Supercronic, "*/010 * * * *", "*/010", "minute: 010 has more than 2 digits; supercronic rejects it; write 10"},
		{Crontab, "0/10 * * * *", "0/10", "minute: 0/10 is not crontab(5) syntax; crontab rejects it; write 0-59/10 or */10"},
		{Cronie, "5/10 * * * *", "5/10", "minute: 5/10 is not crontab(5) syntax; cronie rejects it; write 5-59/10"},
		{Supercronic, "0 0 31 2 *", "31", "day-of-month: 31 never occurs in the chosen months (February): the job would never run; write a day that these months have"},
		{Supercronic, "0 0 0 29 2 * 2027", "29", "day-of-month: 29 never occurs in the chosen months (February): the job would never run; write a day that these months have"},
		{Supercronic, "0 0 0 * 2 1#5 2027", "1#5", "day-of-week: 1#5 never occurs in the chosen months (February): the job would never run; write a day that these months have"},
		{Crontab, "0 0 * * * *", "0 0 * * * *", "6 fields; say whether the first is seconds (cron_dialect: robfig) or the last a year (cron_dialect: supercronic)"},
		{Supercronic, "0 30 9 * * 1", "30", "hour: 30 is not within 0-23; write *, */step, or a list of 0-23 and of ranges a-b or a-b/step; of six fields supercronic takes the last for a year: for seconds first set cron_dialect: robfig, or add a year of *"},
		{Supercronic, "0 17,?/8,5 * * *", "?/8", "hour: ?/8 means nothing to supercronic; write */8"},
		{Supercronic, "0 0 ?/2 * *", "?/2", "day-of-month: ?/2 means nothing to supercronic; write */2"},
		{Supercronic, "0 0 * ?/2 *", "?/2", "month: ?/2 means nothing to supercronic; write */2"},
		{Supercronic, "0 0 * * ?/2", "?/2", "day-of-week: ?/2 means nothing to supercronic; write */2"},
		{Supercronic, "?/15 * * * *", "?/15", "minute: ?/15 means nothing to supercronic; write */15"},
		{Supercronic, "H * * * *", "H", "minute: H means nothing to supercronic; H, R and ~ pick a random time: choose a fixed value, or set jitter on the profile"},
		{Supercronic, "H/15 * * * *", "H/15", "minute: H/15 means nothing to supercronic; H, R and ~ pick a random time: choose a fixed value, or set jitter on the profile"},
		{Supercronic, "0 R(1-5) * * *", "R(1-5)", "hour: R(1-5) means nothing to supercronic; H, R and ~ pick a random time: choose a fixed value, or set jitter on the profile"},
		{Supercronic, "5 5 * * hurs", "hurs", "day-of-week: hurs means nothing to supercronic; write *, */step, or a list of 0-6 or SUN-SAT and of ranges a-b or a-b/step"},
		{Supercronic, "5 * * * * root", "root", "root after the fields; no user or command goes here: write the fields alone, the tasks say what runs"},
		{Crontab, "5 * * * * root", "root", "root after the fields; no user or command goes here: write the fields alone, the tasks say what runs"},
		{Cronie, "5 * * * * /usr/bin/backup --all", "/usr/bin/backup --all", "/usr/bin/backup --all after the fields; no user or command goes here: write the fields alone, the tasks say what runs"},
		{Robfig, "5 4 * * sun\troot  cd / && run-parts --report /etc/cron.hourly", "root  cd / && run-parts --report /etc/cron.hourly", "root  cd / && run-parts --report /etc/cr… after the fields; no user or command goes here: write the fields alone, the tasks say what runs"},
		{Supercronic, "0 5 4 * * thu 2030 root", "root", "root after the fields; no user or command goes here: write the fields alone, the tasks say what runs"},
		{Robfig, "0 5 4 * * monday", "monday", "day-of-week: monday means nothing to robfig; write the first three letters of a name; of six fields robfig takes the first for seconds"},
		{Cronie, "0~30 * * * *", "0~30", "minute: cronie chooses the value of 0~30 at random each time that it loads the crontab, so nobody can say when the job runs; write 0, and jitter: 30m on the profile: that spreads the run over the same minutes, with one delay for all runs"},
		{Cronie, "~ 4 * * *", "~", "minute: cronie chooses the value of ~ at random each time that it loads the crontab, so nobody can say when the job runs; write 0, and jitter: 59m on the profile: that spreads the run over the same minutes, with one delay for all runs"},
		{Cronie, "5,10~20 4 * * *", "10~20", "minute: cronie chooses the value of 10~20 at random each time that it loads the crontab, so nobody can say when the job runs; choose a fixed value, or set jitter on the profile"},
		{Cronie, "30 1~ * * *", "1~", "hour: cronie chooses the value of 1~ at random each time that it loads the crontab, so nobody can say when the job runs; choose a fixed value, or set jitter on the profile"},
		{Cronie, "30 1~5/2 * * *", "1~5/2", "hour: cronie chooses the value of 1~5/2 at random each time that it loads the crontab, so nobody can say when the job runs; choose a fixed value, or set jitter on the profile"},
		{Crontab, "~ 4 * * *", "~", "minute: ~ means nothing to crontab; H, R and ~ pick a random time: choose a fixed value, or set jitter on the profile"},
		{Supercronic, "0 0 * * L", "L", "day-of-week: L means nothing to supercronic; L in day-of-week has no one meaning: write 6 for Saturday, or e.g. 5L for the last Friday"},
		{Supercronic, "0 0 10-15W * *", "10-15W", "day-of-month: 10-15W means nothing to supercronic; W takes one day, not a range: write each as in 10W,11W"},
		{Supercronic, "0 0 * * 1,5#6", "5#6", "day-of-week: 5#6 means nothing to supercronic; #k takes one day and a k of 1-5: write e.g. 5#3 for the third Friday"},
		{Robfig, "0 0 L * *", "L", "day-of-month: L means nothing to robfig; only supercronic reads L, W and #: set cron_dialect: supercronic"},
		{Supercronic, "@midnight", "@midnight", "@midnight is unknown to supercronic; write @daily"},
		{Supercronic, "@every 5m", "@every", "@every: supercronic never ran this; write a step as in */10, set every: on the profile, or cron_dialect: robfig"},
		{Supercronic, "60  1 2 3 4", "60", "minute: 60 is not within 0-59; write *, */step, or a list of 0-59 and of ranges a-b or a-b/step"},
		{Crontab, " 1,, 1 2 3 4", "1,,", "minute: 1,, has an empty part; remove the comma that is one too many"},
		{Robfig, "CRON_TZ=Moon/Base 1 2 3 4 5", "CRON_TZ=Moon/Base", "time zone Moon/Base is not in the time zone database; write a zone as in Europe/Berlin, upper and lower case as listed by timedatectl list-timezones"},
		{Supercronic, "1 * * * *\n2 * * * *", "\n2 * * * *", "more than one line; write one line; a profile takes a list of expressions"},
		{Supercronic, "\x1b * * * *", "\x1b", `minute: "\x1b" means nothing to supercronic; write *, */step, or a list of 0-59 and of ranges a-b or a-b/step`},
		{"vixie", "* * * * *", "* * * * *", "unknown cron dialect vixie; write one of supercronic, crontab, cronie, robfig"},
	}
	for _, tt := range tests {
		e := mustRefuse(t, tt.dialect, tt.text)
		if got := e.Error(); got != tt.want {
			t.Errorf("%s %q:\n got %s\nwant %s", tt.dialect, tt.text, got, tt.want)
		}
		if got := tt.text[e.Offset : e.Offset+e.Length]; got != tt.blamed {
			t.Errorf("%s %q: points at %q, want %q", tt.dialect, tt.text, got, tt.blamed)
		}
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	// The past: no government changes its clock any more.
	from := time.Date(2024, time.June, 1, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		dialect Dialect
		text    string
		zone    string // "": unknown
		want    []string
	}{
		{Supercronic, "5 * * * *", "Europe/Berlin", nil},
		{Supercronic, "0/10 * * * *", "Asia/Kolkata", nil},
		{Supercronic, "30 12 * * *", "Europe/Berlin", nil},
		{Supercronic, "30 2 * * *", "", nil},
		{Supercronic, "30 2 * * *", "Asia/Tokyo", nil},
		{Supercronic, "30 2 * * *", "Europe/Berlin", []string{
			"2024-10-27: the clock (Europe/Berlin) goes back from 03:00 to 02:00: 02:30 comes twice; it runs the first time only",
			"2025-03-30: the clock (Europe/Berlin) goes forward from 02:00 to 03:00: the run at 02:30 is skipped",
		}},
		{Supercronic, "*/20 2 * * 0", "Europe/Berlin", []string{
			"2024-10-27: the clock (Europe/Berlin) goes back from 03:00 to 02:00: the times from 02:00 to 02:40 come twice; they run the first time only",
			"2025-03-30: the clock (Europe/Berlin) goes forward from 02:00 to 03:00: the runs from 02:00 to 02:40 are skipped",
		}},
		{Supercronic, "*/30 1-3 * * *", "America/New_York", []string{
			"2024-11-03: the clock (America/New_York) goes back from 02:00 to 01:00: the times from 01:00 to 01:30 come twice; they run the first time only",
			"2025-03-09: the clock (America/New_York) goes forward from 02:00 to 03:00: the runs from 02:00 to 02:30 are skipped",
		}},
		{Supercronic, "30 2 * * 1-5", "Europe/Berlin", nil},
		{Supercronic, "*/10 * * * 0", "Europe/Berlin", []string{
			"2024-10-27: the clock (Europe/Berlin) goes back from 03:00 to 02:00: 02:00-03:00 comes twice, the second time nothing runs (60 minutes without a run)",
		}},
		{Supercronic, "0 * * * *", "Australia/Lord_Howe", []string{
			"2024-10-06: the clock (Australia/Lord_Howe) goes forward from 02:00 to 02:30: the run at 02:00 is skipped",
		}},
		{Robfig, "CRON_TZ=America/Havana 0 0 * * *", "UTC", []string{
			"2024-11-03: the clock (America/Havana) goes back from 01:00 to 00:00: 00:00 comes twice; it runs the first time only",
			"2025-03-09: the clock (America/Havana) goes forward from 00:00 to 01:00: the run at 00:00 is skipped",
		}},
		{Crontab, "0 0 */2 * 1", "", []string{
			"day-of-month: */2 starts again every month: after the 31st comes the 1st",
			"dialects disagree: crontab: at 00:00 on the 1st, 3rd, …, 31st of every month if that is a Monday; supercronic and robfig: at 00:00 on the 1st, 3rd, …, 31st of every month, and also every Monday",
		}},
		{Supercronic, "*/5 * * * * *", "", []string{"dialects disagree: supercronic: every 5 minutes; robfig: every 5 seconds"}},
		{Supercronic, "*/7 * * * *", "", []string{"minute: */7 starts again every hour: after minute 56 comes minute 0, so 4 minutes later, not 7"}},
		{Supercronic, "*/40 * * * *", "", []string{"minute: */40 starts again every hour: after minute 40 comes minute 0, so 20 minutes later, not 40"}},
		{Robfig, "*/90 * * * *", "", []string{"minute: */90 is minute 0 alone, once every hour"}},
		{Crontab, "0 0 * * */7", "", nil},
		{Robfig, "0 0 * * */2", "", []string{"day-of-week: */2 starts again every week: after Saturday comes Sunday, so 1 day later, not 2"}},
		{Supercronic, "0 0 * * 0-7", "", []string{
			"day-of-week: 0-7 ends at Sunday=0 in supercronic: it is Sunday only; write * for every day",
			"dialects disagree: supercronic: at 00:00 every Sunday; crontab and cronie: at 00:00 every day",
		}},
		{Crontab, "0~30 * * * *", "", []string{"minute: crontab ignores ~30"}},
		{Crontab, "22-2,5 * * * *", "", []string{"minute: range 22-2 runs backwards; crontab would never run it; write 22-59,0-2"}},
		{Cronie, "5-0 * * * *", "", []string{"minute: 5-0 is read as 5-7 by cronie"}},
		{Robfig, "@every 50ms", "", []string{"robfig takes whole seconds, at least one: @every 50ms is 1s"}},
		{Supercronic, "0 0 1 1 * 2023,2024", "", []string{"it has no run after 2024-06-01 any more"}},
	}
	for _, tt := range tests {
		var zone *time.Location
		if tt.zone != "" {
			zone = location(t, tt.zone)
		}
		got := parse(t, tt.dialect, tt.text).Warnings(zone, from)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s %q in %q (-want +got):\n%s", tt.dialect, tt.text, tt.zone, diff)
		}
	}
}

// TestWarningsOfMixedTimer: beside an expression that must stay in local time
// an hourly one does too, and then it loses an hour.
func TestWarningsOfMixedTimer(t *testing.T) {
	t.Parallel()
	hourly, daily := parse(t, Supercronic, "5 * * * *"), parse(t, Supercronic, "0 12 * * *")
	from := time.Date(2024, time.June, 1, 0, 0, 0, 0, time.UTC)
	got := hourly.Warnings(location(t, "Europe/Berlin"), from, daily)
	if len(got) != 1 || !strings.Contains(got[0], "the second time nothing runs") {
		t.Errorf("got %q", got)
	}
}

func location(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// TestHostile: whatever the length of the text, a short answer, in a time that
// grows no faster than the text.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, d := range Dialects() {
		answer := func(text string) {
			if x, err := Parse(d, text); err != nil {
				mustRefuse(t, d, text)
			} else {
				translate(t, "", x)
			}
		}
		for _, text := range []func(n int) string{
			func(n int) string { return strings.Repeat("1", n) + " * * * *" },
			func(n int) string { return "*/" + strings.Repeat("1", n) + " * * * *" },
			func(n int) string { return "*/" + strings.Repeat("0", n) + " * * * *" },
			func(n int) string { return "0 0 * * " + strings.Repeat("x", n) },
			func(n int) string { return "1-" + strings.Repeat("1", n) + " * * * *" },
			func(n int) string { return strings.Repeat("?,", n/2) + "x * * * *" },
			func(n int) string { return strings.Repeat("* ", n/2) },
			func(n int) string { return "@" + strings.Repeat("1", n) },
			func(n int) string { return "TZ=" + strings.Repeat("1", n) + " * * * * *" },
			func(n int) string { return "0 0 " + strings.Repeat("1-", n/2) + " * *" },
			func(n int) string { return strings.Repeat("\n", n) },
			func(n int) string { return "0 0 * * " + strings.Repeat("L", n) },
		} {
			answer(text(1 << 20))
			testenv.Linear(t, 1<<16, func(n int) { Parse(d, text(n)) })
		}
		for _, text := range []string{"", "\x00", "* * * * *\xff\xff", "*/*/* - -- , ,,"} {
			answer(text)
		}
		list := strings.TrimSuffix(strings.Repeat("5,7-9,11-31/7,", 10_000), ",")
		x := parse(t, d, "0 0 "+list+" * *")
		if got, want := texts(translate(t, "", x).Events), []string{"*-*-05,07..09,11..25/7 00:00:00"}; !cmp.Equal(got, want) {
			t.Errorf("%s: a long list: got %s, want %s", d, got, want)
		}
		if w := x.Warnings(time.UTC, time.Unix(0, 0)); len(w) > maxNotes {
			t.Errorf("%s: %d warnings", d, len(w))
		}
	}
}
