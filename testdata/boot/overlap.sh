#!/bin/bash
# A run that takes longer than its cadence; a run by hand when a tick comes.
# Needs: python3
source "${BASH_SOURCE%/*}/lib.sh"

new_host
jobs <<'YAML'
profiles:
  slow: # 4 s of work every 3 s
    calendar: "*:*:00..57/3"
    tasks: [{ name: work, command: "echo tick $MONTIMER_SCHEDULED_AT by $MONTIMER_TRIGGER; sleep 4" }]
  queued:
    calendar: "*:*:00..57/3"
    overlap: queue
    tasks: [{ name: work, command: [sleep, "4"] }]
  held:
    calendar: "2098-01-01"
    tasks: [{ name: work, command: "echo held by $MONTIMER_TRIGGER; until test -e go; do sleep 0.2; done" }]
  started: # systemd takes a run by hand for that of a tick
    calendar: "*:*:00..50/10"
    tasks: [{ name: work, command: "echo started by $MONTIMER_TRIGGER; test $MONTIMER_TRIGGER = timer || until test -e end; do sleep 0.2; done" }]
YAML
everyday

# run_as_deploy ARGS...: montimer exec by hand.
run_as_deploy() {
  (cd /srv/app && runuser -u deploy -- env MONTIMER_STATE_DIR=/var/lib/montimer montimer exec "$@")
}
# history PROFILE: its runs, the oldest first: state, tick, begin and end, in seconds.
history() { python3 -c '
import datetime, sqlite3, sys
seconds = lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else 0
for state, *times, reason in sqlite3.connect("/var/lib/montimer/monitoring.db", timeout=60).execute(
    "select state, scheduled_at, started_at, ended_at, reason from montimer_runs where profile = ? order by seq", sys.argv[1:]):
  print(state, *("%.3f" % seconds(t) for t in times), reason)' "$1"; }
# has PROFILE STATE N: so many of its runs are in that state.
has() { (($(history "$1" | grep -c "^$2") >= $3)); }

step "4 s of work every 3 s; meanwhile a run by hand across a tick"
systemctl enable --now montimer.target
within 60 logged slow "tick 20"
run_as_deploy held >/tmp/byhand 2>&1 &
by_hand() { grep -q "held by manual" /tmp/byhand; }
within 60 by_hand
# The day's tick of held, in two seconds.
mkdir -p /etc/systemd/system/montimer-job-held.timer.d
printf '[Timer]\nOnCalendar=\nOnCalendar=%s\n' "$(date -d '+2 seconds' '+%F %T')" >/etc/systemd/system/montimer-job-held.timer.d/today.conf
systemctl daemon-reload
within 60 logged held "another run of held is under way: waiting for it"
touch /srv/app/go
wait $! || fail "by hand: $? $(cat /tmp/byhand)"
within 60 logged held "held by timer"
within 60 has held ok 2

step "a tick that comes during a run is passed over, and the next one served"
within 60 has slow ok 3
within 60 has slow skipped 2
history slow
# Of two runs in a row, the second serves a tick that came after the first had
# ended; or it began so late that its tick would else have been lost.
history slow | awk '
  $1 == "skipped" { if (was != "ok" || $2 < begun || $2 > ended) bad = bad "\n" $0; was = $1; next }
  was == "ok" && $2 <= ended && $3 - ended < 4 { bad = bad "\n" $0 }
  { was = $1; begun = $3; ended = $4 }
  END { print bad; exit bad != "" }' || fail "slow: passed over or served wrongly"
logged slow "skipped: the tick of"

step "ticks during a run by hand of the service are on record, too"
by_systemctl() { systemctl start --no-block montimer-job-started.service && sleep 1 && logged started "started by manual"; }
within 60 has started ok 1
within 60 by_systemctl
# A timer is running from its tick to the end of the run, whoever started that.
ticked() { [[ $(systemctl show -P SubState montimer-job-started.timer) == running ]]; }
within 60 ticked
touch /srv/app/end
within 60 has started skipped 1
history started
[[ $(history started | grep ^skipped) =~ "came while run "[0-9a-f]+" (started by hand) was under way" ]] || fail "started: $(history started)"
logged started "skipped: the tick of"

step "a queue serves each once"
within 60 has queued ok 3
# On a slow machine several ticks come during one run: systemd folds them into one.
(($(history queued | grep -c '^skipped') <= $(history queued | grep -c '^ok'))) || fail "queued: $(history queued)"

step "the run by hand cost no tick"
[[ $(history held | awk '{print $1}' | xargs) == "ok ok" ]] || fail "held: $(history held)"

printf 'PASS\n'
