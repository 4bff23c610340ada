#!/bin/bash
# Timers that were off and come back, in every way and order: without catch_up
# no tick is served late, with it every missed one is; what runs at boot runs
# once; and no tick of an active timer is lost, or served twice.
# Long.
# Needs: python3
source "${BASH_SOURCE%/*}/lib.sh"

names=(strict late boot mixed)
timers=("${names[@]/#/montimer-job-}")
timers=("${timers[@]/%/.timer}")
# When the timers were off, a line each: when the command began that stops them, when
# they were off, when the command began that starts them, when they were active. For
# a restart the second and the third are 0. Of a tick while they stop or start it is
# not known whether they were off.
times=/dev/shm/off

new_host
jobs <<'YAML'
profiles:
  strict: { calendar: "*:*:00..40/20", catch_up: false, tasks: [{ name: say, command: [echo, ran] }] }
  late:   { calendar: "*:*:00..40/20", tasks: [{ name: say, command: [echo, ran] }] }
  boot:   { cron: "@reboot", cron_dialect: crontab, tasks: [{ name: say, command: [echo, ran] }] }
  mixed:  { cron: ["@reboot", "*/20 * * * *"], cron_dialect: crontab, catch_up: false, tasks: [{ name: say, command: [echo, ran] }] }
YAML
everyday

# until_second N: waits until N seconds after a tick of strict and late.
until_second() { sleep "$(python3 -c "import time; print(($1 - time.time()) % 20)")"; }
now() { date +%s.%3N; }
off() { ! is "$1" active; } # one that was masked has failed

# across FROM-COMMAND -- TO-COMMAND: has the timers off across a tick. That is
# over for longer than systemd may be late when they come back.
across() {
  local stops stopped starts
  until_second 15
  stops=$(now)
  "$1"
  within 60 off montimer-job-strict.timer
  within 60 off montimer-job-late.timer
  stopped=$(now)
  sleep "$(python3 -c "import math, time; print(max(0, math.ceil($stopped / 20) * 20 + 8 - time.time()))")"
  starts=$(now)
  "$2"
  within 60 is montimer-job-strict.timer active
  within 60 is montimer-job-boot.timer active
  echo "$stops $stopped $starts $(now)" >>$times
}
stop() { systemctl stop montimer.target; }
start() { systemctl start montimer.target; }
stop_and_reload() { stop && systemctl daemon-reload; }
reload_and_start() { systemctl daemon-reload && start; }
mask() { systemctl mask --now "${timers[@]}" 2>/dev/null; }
unmask() { systemctl unmask "${timers[@]}" 2>/dev/null && systemctl reset-failed; }
mask_and_reload() { mask && systemctl daemon-reload; }
unmask_and_start() { unmask && start; }
# The same second: the tick has been served, the timer is back at once.
restart() {
  local stops
  until_second 1
  stops=$(now)
  systemctl stop montimer.target
  systemctl daemon-reload
  systemctl start montimer.target
  within 60 is montimer-job-strict.timer active
  echo "$stops 0 0 $(now)" >>$times
}

step "from the boot on"
systemctl enable --now montimer.target
for name in boot mixed; do within 60 logged $name "ok: 1 task"; done
until_second 2
restart
for how in "stop start" "stop_and_reload start" "stop reload_and_start" "mask unmask" "mask_and_reload unmask_and_start"; do
  step "$how"
  # shellcheck disable=SC2086 # two words
  across $how
done
restart
until_second 10 # one more tick, and its run
for name in "${names[@]}"; do within 60 is "montimer-job-$name.service" inactive; done

cat >/dev/shm/judge.py <<'EOP'
import datetime, sqlite3, sys
seconds = lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else None
off = [tuple(map(float, line.split())) for line in open("/dev/shm/off")]
bad, late, kept = [], 0, 0
for profile in "strict", "late", "boot", "mixed":
    rows = [(state, seconds(tick), seconds(begin), reason) for state, tick, begin, reason in sqlite3.connect(
        "/var/lib/montimer/monitoring.db", timeout=60).execute(
        "select state, scheduled_at, started_at, reason from montimer_runs where profile = ? order by seq", [profile])]
    for row in rows:
        print(profile, *row)
        kept += row[3].startswith("nothing is due: ")
    served = [tick for state, tick, *_ in rows if state == "ok"]
    if profile == "boot":
        if len(served) != 1:
            bad.append(f"{profile} ran {len(served)} times")
        continue
    if profile == "mixed":
        if served.count(None) != 1:
            bad.append(f"{profile} ran {served.count(None)} times because of the boot")
    # Where systemd does not answer in time, exec does not know the tick, and runs.
    unknown = [begin for state, tick, begin, _ in rows if state == "ok" and tick is None and profile != "mixed"]
    served = [tick for tick in served if tick]
    if len(served) != len(set(served)):
        bad.append(f"{profile}: a tick was served twice")
    if profile == "mixed":
        continue
    missed = lambda tick: any(stopped < tick < starts for _, stopped, starts, _ in off)
    uncertain = lambda tick: any(stops < tick < started for stops, _, _, started in off)
    late += sum(map(missed, served))
    if profile == "strict" and any(map(missed, served)):
        bad.append("a missed tick was served without catch_up")
    # Of several ticks while the timers were off, the last one is caught up. There are
    # several where stopping them took long.
    covered = lambda tick: any(stops < tick < started and any(tick < other < started for other in served) for stops, _, _, started in off)
    for tick in range(int(served[0]), int(served[-1]) + 1, 20):
        if tick not in served and not (uncertain(tick) if profile == "strict" else covered(tick)) and not any(tick <= begin < tick + 60 for begin in unknown):
            bad.append(f"{profile}: the tick of {tick} is lost")
if late < sum(stopped > 0 for _, stopped, _, _ in off):
    bad.append(f"only {late} ticks were caught up")
print(kept, "starts were passed over")
print("\n".join(bad))
sys.exit(bool(bad))
EOP
step "what ran"
python3 /dev/shm/judge.py >/dev/shm/judged || fail "$(cat /dev/shm/judged)"
cat /dev/shm/judged
healthy

printf 'PASS\n'
