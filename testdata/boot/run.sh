#!/bin/bash
# montimer run: through systemd, as the profile's user, with its exit code.
# Needs: sqlite3
source "${BASH_SOURCE%/*}/lib.sh"

new_host
jobs <<'YAML'
profiles:
  some:
    calendar: "2098-01-01"
    tasks:
      - { name: good, command: "echo good as $(id -un) from $MONTIMER_TRIGGER; printf '\\033[31m'; sleep 1" }
      - { name: bad, command: "echo GREETING is $GREETING; touch /usr/x; exit 3" }
  slow:
    calendar: "2098-01-01"
    tasks: [{ name: nap, command: [sleep, "600"] }]
  chatty:
    cron: "0 5 1 1 *"
    tasks: [{ name: talk, command: "while sleep 0.1; do echo more; done" }]
YAML
echo 'GREETING=50%off' >/etc/montimer/env
everyday

# run CODE ARGS...: montimer run, and what it says in /tmp/said.
run() {
  local code=0
  montimer run "${@:2}" >/tmp/said 2>&1 || code=$?
  ((code == $1)) || fail "run ${*:2}: exit $code: $(cat /tmp/said)"
}
said() { grep -qF -- "$1" /tmp/said || fail "no \"$1\" in: $(cat /tmp/said)"; }

step "started and left alone"
run 0 slow
said "_SYSTEMD_INVOCATION_ID="
within 60 pgrep -u deploy -x sleep >/dev/null
run 0 slow
said "running already"
run 75 slow --task nap
said "another run of this profile is under way"
systemctl stop montimer-job-slow.service

step "followed to its end"
run 1 some --follow
said "good: good as deploy from manual"
said 'good: \x1b[31m'
said "FAIL bad: "
said "failed: 2 tasks, 1 failed"
systemctl reset-failed

step "followed by one who has seen enough"
timeout 10 bash -c 'montimer run chatty --follow | head -n 2' >/tmp/said || fail "goes on: $(cat /tmp/said)"
is montimer-job-chatty.service activating || fail "the run has ended with it"
systemctl stop montimer-job-chatty.service
systemctl reset-failed

step "killed"
montimer run slow --follow >/tmp/killed 2>&1 &
within 60 pgrep -u deploy -x sleep >/dev/null
systemctl kill --signal=KILL montimer-job-slow.service
code=0
wait $! || code=$?
((code == 1)) && grep -q "the run was killed" /tmp/killed || fail "exit $code: $(cat /tmp/killed)"
systemctl reset-failed

step "one task, as root: in a service like the profile's"
run 0 some --task good
said "good: good as deploy from manual"
! grep -q bad /tmp/said || fail "more than the task: $(cat /tmp/said)"
run 1 some --task bad
said "GREETING is 50%off"
said "touch: cannot touch '/usr/x': Read-only file system"
run 2 some --task none
said 'unknown task "none"'
run 2 none --task good
healthy

step "one task, as the deploy user: by itself"
code=0
(cd / && runuser -u deploy -- montimer run some --task good) >/tmp/said 2>&1 || code=$?
((code == 0)) || fail "exit $code: $(cat /tmp/said)"
said "good: good as deploy from manual"

[[ ! -e /srv/app/.local ]] || fail "a state directory of its own"
(cd / && runuser -u deploy -- montimer db init && runuser -u deploy -- montimer db check) >/tmp/said 2>&1 || fail "db: $(cat /tmp/said)"

step "old runs are deleted, the newest of a profile never"
db() { runuser -u deploy -- sqlite3 /var/lib/montimer/monitoring.db "$1"; }
db "UPDATE montimer_runs SET started_at = '2020-01-01T00:00:00.000000Z'"
(($(db "SELECT count(*) FROM montimer_runs") > 4)) || fail "no runs to delete"
run 0 some --task good
old() { db "SELECT count(*) FROM montimer_runs WHERE started_at < '2021'"; }
(($(old) <= 2)) || fail "$(old) old runs are left"

printf 'PASS\n'
