#!/bin/bash
# What is in the journal after 100 MB of output, with the journal's own limits:
# the result, and fields to look things up by.
# Needs: python3
source "${BASH_SOURCE%/*}/lib.sh"

# The host of this test has taken journald's limits off; put them back.
rm -rf /etc/systemd/journald.conf.d /run/systemd/journald.conf.d /usr/lib/systemd/journald.conf.d
systemctl restart systemd-journald

new_host
jobs <<'YAML'
profiles:
  flood:
    calendar: "2098-01-01"
    tasks:
      - { name: few, command: "echo a line; echo '<3>an error'; echo '<0>no emergency'; printf 'no end'" }
      - { name: flood, command: "head -c 75000000 /dev/zero | base64 -w 99; exit 3" }
YAML
everyday
start=$(date +%s%N)
systemctl start montimer-job-flood.service && fail "exit 0" || true
printf 'took %d ms\n' $((($(date +%s%N) - start) / 1000000))
journalctl --sync

# field FILTER... FIELD: the field's value in the entries that match.
field() { journalctl -q --no-pager -o json "${@:1:$#-1}" | python3 -c 'import json, sys
for line in sys.stdin: print(json.loads(line).get(sys.argv[1]))' "${@: -1}"; }
run=$(field MONTIMER_RESULT=failed MONTIMER_RUN_ID | sort -u)
[[ ${#run} == 32 ]] || fail "run id: $run"
logged flood "failed: 2 tasks, 1 failed"
[[ $(journalctl -q --no-pager -o cat -p err -u montimer-job-flood.service) == *"failed: 2 tasks, 1 failed"* ]] || fail "the verdict is not among the errors"
[[ $(field MONTIMER_TASK=few MONTIMER_RUN_ID="$run" _TRANSPORT=journal PRIORITY | sort -u | xargs) == "3 6" ]] || fail "priorities: $(field MONTIMER_TASK=few PRIORITY)"
[[ $(field MONTIMER_TASK=flood MONTIMER_RESULT=failed MONTIMER_PROFILE | sort -u) == flood ]] || fail "profile: $(field MONTIMER_TASK=flood MONTIMER_RESULT=failed MONTIMER_PROFILE)"
[[ $(field MONTIMER_TASK=few MONTIMER_RESULT=ok MESSAGE_ID | grep -cE '^[0-9a-f]{32}$') == 1 ]] || fail "no MESSAGE_ID"
[[ $(journalctl -q --no-pager -o cat MONTIMER_TASK=few) == *"few: no end"* ]] || fail "the last line is lost"
[[ $(journalctl -q --no-pager -u montimer-job-flood.service) != *Suppressed* ]] || fail "suppressed"
[[ $(journalctl -q --no-pager -o cat MONTIMER_TASK=flood) == *"left out: its output is more than 67108864 bytes"* ]] || fail "what was left out is not counted"
printf '%s lines of the flood are there\n' "$(journalctl -q --no-pager -o cat MONTIMER_TASK=flood | grep -c '^flood: ')"

printf 'a journal that is slow\n'
jobs <<'YAML'
profiles:
  short: { calendar: "2098-01-01", tasks: [{ name: one, command: [echo, said in time] }] }
YAML
everyday
journald=$(systemctl show -P MainPID systemd-journald.service)
kill -STOP "$journald"
systemctl start --no-block montimer-job-short.service
sleep 0.6
kill -CONT "$journald"
within 60 logged short "said in time"
within 60 logged short "ok: 1 task"

printf 'a journal that stands still\n'
jobs <<'YAML'
profiles:
  still:
    calendar: "2098-01-01"
    tasks: [{ name: flood, command: "yes", timeout: 3s }, { name: next, command: "touch next; echo the last words" }]
YAML
everyday
kill -STOP "$journald"
systemctl start --no-block montimer-job-still.service
within 60 test -e /srv/app/next
within 60 is montimer-job-still.service failed # before anybody reads
kill -CONT "$journald"
runuser -u deploy -- python3 - <<'PY' || fail "not on record"
import sqlite3
rows = sqlite3.connect("/var/lib/montimer/monitoring.db").execute("SELECT name, status, left_out > 1000000 FROM montimer_task_runs ORDER BY id DESC LIMIT 2").fetchall()
assert rows == [("next", "ok", 0), ("flood", "timeout", 1)], rows
PY

printf 'a journal that no longer has the run\n'
montimer logs "$run" --task few >/tmp/log || fail "the log of the run is not shown"
grep -q 'few: a line' /tmp/log || fail "not in the log: $(head -n 20 /tmp/log)"
journalctl --rotate
journalctl --vacuum-time=1s
logger "the first entry of the new journal"
journalctl --sync
for what in "$run" "$run --failed" "$run --follow"; do
  # shellcheck disable=SC2086 # words
  code=0 && montimer logs $what >/tmp/log 2>&1 || code=$?
  ((code == 1)) || fail "logs $what: exit $code: $(head -n 20 /tmp/log)"
  grep -q "^montimer: the journal, which begins at .*, has no entry of run $run; the run began earlier, at .*: montimer history $run$" /tmp/log || fail "logs $what: $(cat /tmp/log)"
done
montimer history "$run" | grep 'few .* ok' >/dev/null || fail "the history does not have it: $(montimer history "$run")"

printf 'PASS\n'
