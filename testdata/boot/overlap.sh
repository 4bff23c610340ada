#!/bin/bash
# A run that takes longer than its cadence; a run by hand when a tick comes.
source "${BASH_SOURCE%/*}/lib.sh"

new_host
jobs <<'YAML'
profiles:
  slow: # 7 s of work every 3 s
    calendar: "*:*:00..57/3"
    tasks: [{ name: work, command: "echo tick $MONTIMER_SCHEDULED_AT by $MONTIMER_TRIGGER; sleep 7" }]
  queued:
    calendar: "*:*:00..57/3"
    overlap: queue
    tasks: [{ name: work, command: [sleep, "7"] }]
  held:
    calendar: "2098-01-01"
    tasks: [{ name: work, command: "echo held by $MONTIMER_TRIGGER; sleep 8" }]
YAML
everyday

# run_as_deploy ARGS...: montimer exec by hand.
run_as_deploy() {
  (cd /srv/app && runuser -u deploy -- env MONTIMER_STATE_DIR=/var/lib/montimer montimer exec "$@")
}

step "7 s of work every 3 s, for 25 s; meanwhile a run by hand across a tick"
systemctl enable --now montimer.target
within 6 logged slow "tick $(date -u +%Y-%m-%dT%H:)"
run_as_deploy held >/tmp/byhand 2>&1 &
by_hand() { grep -q "held by manual" /tmp/byhand; }
within 3 by_hand
# The day's tick of held, in two seconds.
mkdir -p /etc/systemd/system/montimer-job-held.timer.d
printf '[Timer]\nOnCalendar=\nOnCalendar=%s\n' "$(date -d '+2 seconds' '+%F %T')" >/etc/systemd/system/montimer-job-held.timer.d/today.conf
systemctl daemon-reload
within 5 logged held "another run of held is under way: waiting for it"
wait || fail "by hand: $? $(cat /tmp/byhand)"
within 12 logged held "held by timer"
sleep 11

history() { python3 -c '
import sqlite3, sys
for row in sqlite3.connect("/var/lib/montimer/monitoring.db").execute(
    "select state, scheduled_at, started_at, ended_at, reason from montimer_runs where profile = ? order by seq", sys.argv[1:]):
  print(*row)' "$1"; }
history slow
started=$(history slow | grep -c -e ^ok -e ^running)
skipped=$(history slow | grep -c ^skipped) || true
((started >= 3 && skipped >= 2)) || fail "slow: $started runs, $skipped skipped"
# After each run one tick is passed over, and the next one served on time.
[[ $(history slow | awk '{print $1}' | uniq -d) == "" ]] || fail "slow: two of a kind in a row"
history slow | awk '$1 == "ok" { sub(/.*:/, "", $2); sub(/.*:/, "", $3); if ($3 - $2 > 1 || $3 < $2) exit 1 }' || fail "slow: not on time"
history queued
[[ $(history queued | grep -c ^skipped) == 0 && $(history queued | wc -l) -ge 3 ]] || fail "queued: $(history queued)"
logged slow "skipped: the tick of"

step "the run by hand cost no tick"
[[ $(history held | awk '{print $1}' | xargs) == "ok ok" ]] || [[ $(history held | awk '{print $1}' | xargs) == "ok running" ]] || fail "held: $(history held)"

printf 'PASS\n'
