#!/bin/bash
# The night in which the clocks are set back, a minute a second: what runs once
# a day runs once, also if its run goes on into the second pass of the hour, or
# its timer is started within it.
# Clock: clock.c
# Needs: python3
source "${BASH_SOURCE%/*}/lib.sh"

new_host
jobs <<'YAML'
defaults: { timezone: Europe/Berlin }
profiles:
  long:  { cron: "30 2 * * *", tasks: [{ name: nap, command: "until test -e end; do sleep 0.2; done" }] }
  short: { cron: "30 2 * * *", catch_up: false, tasks: [{ name: say, command: [echo, ran] }] }
YAML
everyday

monotonic() { python3 -c 'import time; print(time.monotonic_ns())'; }
# set_clock TIME PACE: lets PID 1's clock go on from there, so many times as fast.
set_clock() {
  start=$(monotonic)
  printf '%s %s000000000 %s\n' "$start" "$(date -d "$1" +%s)" "$2" >/etc/clock.new
  mv /etc/clock.new /etc/clock
}
# until_minute N: waits until N minutes after the clock was set.
until_minute() { sleep "$(python3 -c "import time; print(max(0, $1 - (time.monotonic_ns() - $start) / 1e9))")"; }

step "02:28, summer time"
set_clock "2025-10-26 00:00 UTC" 1
systemctl enable --now montimer.target
for name in long short; do within 60 is montimer-job-$name.timer active; done
set_clock "2025-10-26 00:28 UTC" 60
within 60 logged short "ok: 1 task"
within 60 is montimer-job-long.service activating

step "02:05, winter time"
until_minute 37
touch /srv/app/end
within 60 is montimer-job-long.service inactive
systemctl mask --now montimer-job-short.timer 2>/dev/null
systemctl unmask montimer-job-short.timer 2>/dev/null
systemctl reset-failed
systemctl start montimer.target
within 60 is montimer-job-short.timer active

step "02:45, winter time"
until_minute 77
for name in long short; do within 60 is montimer-job-$name.service inactive; done
python3 -c '
import sqlite3
for row in sqlite3.connect("/var/lib/montimer/monitoring.db", timeout=60).execute(
    "select profile, state, scheduled_at, reason from montimer_runs order by seq"):
  print(*row)' >/dev/shm/history
cat /dev/shm/history
for name in long short; do
  [[ $(grep "^$name ok" /dev/shm/history) == "$name ok 2025-10-26T00:30:00.000000Z "* ]] || fail "$name: $(cat /dev/shm/history)"
  [[ $(grep -c "^$name ok" /dev/shm/history) == 1 ]] || fail "$name ran twice: $(cat /dev/shm/history)"
done
healthy

printf 'PASS\n'
