#!/bin/bash
# A host that loses power, and comes back: what history says of the ticks before,
# during and after; and of runs that were killed, and ticks that came meanwhile.
# Boots: 2
# Needs: python3 sqlite3
source "${BASH_SOURCE%/*}/lib.sh"

new_host
jobs <<'YAML'
profiles:
  often: { calendar: "*:*:0/2", catch_up: false, tasks: [{ name: work, command: "true" }] }
  slow: { calendar: "*:*:0/2", tasks: [{ name: nap, command: [sleep, "600"] }] }
YAML
everyday

# entries PROFILE ARGS...: the history, one JSON object a line.
entries() { montimer history -o json -n 0 "$@" >/tmp/history 2>/tmp/history.err || fail "history $*: $(cat /tmp/history.err)"; }
# has PROFILE STATE ARGS...: history has an entry in that state.
has() {
  entries "$1" "${@:3}"
  python3 -c 'import json, sys; sys.exit(not any(json.loads(line)["state"] == sys.argv[1] for line in open("/tmp/history")))' "$2"
}
status() { montimer status -o json >/tmp/status 2>/tmp/status.err || (($? == 1)) || fail "status: $(cat /tmp/status.err)"; }
state() {
  status
  python3 -c '
import json, sys
states = {p["profile"]: p["state"] for p in json.load(open("/tmp/status"))["profiles"]}
sys.exit(states.get(sys.argv[1]) != sys.argv[2])' "$@"
}

# passed_over: ticks of slow came while a run that is still under way was.
passed_over() {
  entries slow
  python3 - <<'EOP'
import json, sys
entries = [json.loads(line) for line in open("/tmp/history")]
running = [e["run"]["run"] for e in entries if e["state"] == "running"]
sys.exit(not any(e["state"] == "skipped" and e["instead"] in running for e in entries))
EOP
}

if ((BOOT == 1)); then
  systemctl start montimer.target
  step "a run is killed, the next one goes on, and ticks pass meanwhile"
  within 60 state slow running
  systemctl kill --signal=KILL montimer-job-slow.service
  within 60 has slow lost
  within 60 passed_over
  within 60 has often ok
  step "the power is cut"
  printf 'PASS\n'
  exit
fi

# both_lost: the run that was killed, and the one that the power cut has ended.
both_lost() {
  entries slow --state lost
  (($(wc -l </tmp/history) == 2))
}

step "the host is back"
journalctl --list-boots
systemctl start montimer.target
within 60 has often ok --since "$(date '+%F %T')"
within 60 both_lost
montimer history often -n 6
montimer history slow -n 6
entries often
journalctl --list-boots -o json >/tmp/boots
if ! python3 - <<'EOP'; then
import datetime, json, time
boots = json.load(open("/tmp/boots"))
assert len(boots) == 2, boots
off = boots[0]["last_entry"] / 1e6
# Both clocks at one moment, so near as the scheduler allows.
on = max(time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) for _ in range(100))
seconds = lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
down = {tick for tick in range(int(off), int(on) + 1) if tick % 2 == 0 and off + 0.1 < tick < on - 0.1}
near = {tick for tick in range(int(off), int(on) + 2) if tick % 2 == 0 and (abs(tick - off) <= 0.1 or abs(tick - on) <= 0.1)}
assert down, "the host was off for too short a time"
entries = [json.loads(line) for line in open("/tmp/history")]
ticks = lambda entries: {tick for e in entries for tick in range(int(seconds(e["at"])), int(seconds(e.get("until") or e["at"])) + 1, 2)}
gap = [e for e in entries if e["state"] == "host_down"]
found = ticks(gap)
# The last run before the cut may be on record and not in the journal.
down -= ticks(e for e in entries if e.get("run"))
assert len(gap) == 1 and down <= found <= down | near and gap[0]["ticks"] == len(found), (gap, down)
assert not any(e["catch_up"] for e in entries), entries
EOP
  sqlite3 /var/lib/montimer/monitoring.db "SELECT profile, state, scheduled_at, started_at, ended_at, skip_cause, reason FROM montimer_runs ORDER BY seq"
  fail "the history is wrong"
fi
printf 'PASS\n'
