#!/bin/bash
# Every failed run is reported, and once: by the run itself, by the handler of
# its service's failure, by the timer of the outbox, or by a critical entry in
# the journal.
# Needs: python3
source "${BASH_SOURCE%/*}/lib.sh"

source "${BASH_SOURCE%/*}/bot.inc"

jobs <<'YAML'
profiles:
  fails: { calendar: "*:*:0/2", tasks: [{ name: one, command: "exit 3" }] }
YAML
everyday
bot

step "a run that fails reports itself, and the handler is silent"
systemctl start montimer.target
within 60 again "automation: fails"
systemctl stop montimer.target
within 60 idle
[[ $(journal 'montimer-failure@*' | grep -c '^Starting') -ge 1 ]] || fail "the handler was not started"
if grep -F 'no record' /run/sent; then fail "the handler reported a run that was reported already"; fi

step "a profile that has left jobs.yaml is run by hand: its caller gets the error, and there is no page"
: >/run/sent
jobs <<'YAML'
profiles:
  renamed: { calendar: "2098-01-01", tasks: [{ name: one, command: "exit 3" }] }
YAML
code=0
montimer run fails --follow >/tmp/said 2>&1 || code=$?
((code == 2)) && grep -qF 'unknown profile "fails"; known: renamed' /tmp/said || fail "exit $code: $(cat /tmp/said)"
messages 0 || fail "a page: $(cat /run/sent)"
systemctl reset-failed

step "a run that is killed is reported as lost, with what had failed"
: >/run/sent
jobs <<'YAML'
profiles:
  fails: { calendar: "2098-01-01", tasks: [{ name: one, command: "exit 3" }] }
  killed: { calendar: "*:*:0/2", tasks: [{ name: bad, command: "exit 4" }, { name: nap, command: [sleep, "600"] }] }
YAML
everyday
systemctl start montimer.target
within 60 logged killed "running task nap"
systemctl stop montimer.target
systemctl kill -s KILL montimer-job-killed.service
within 60 told "automation: killed"
grep -F 'signal, killed KILL' /run/sent | grep -F 'last status: ' >/dev/null || fail "not what systemd knows: $(cat /run/sent)"
grep -F 'lost: ' /run/sent | grep -F '*bad* (exit 4' >/dev/null || fail "not as lost: $(cat /run/sent)"
within 60 idle
messages 1 || fail "more than one message: $(cat /run/sent)"

step "a service that cannot even start"
: >/run/sent
mkdir -p /run/systemd/system/montimer-job-fails.service.d
printf '[Service]\nWorkingDirectory=/nowhere\n' >/run/systemd/system/montimer-job-fails.service.d/x.conf
systemctl daemon-reload
systemctl start montimer-job-fails.service 2>/dev/null && fail "it started"
within 60 told "montimer-job-fails.service failed: exit-code, exited 200/CHDIR: the working directory is missing"
rm -r /run/systemd/system/montimer-job-fails.service.d
systemctl daemon-reload

step "without a database it is told from memory"
: >/run/sent
mv /var/lib/montimer /var/lib/elsewhere
: >/var/lib/montimer
systemctl start montimer-job-fails.service 2>/dev/null && fail "it started"
within 60 told "montimer-job-fails.service failed"
rm /var/lib/montimer
mv /var/lib/elsewhere /var/lib/montimer

step "what cannot be sent is sent later, by the timer of the outbox"
: >/run/sent
systemctl stop bot
mkdir -p /run/systemd/system/montimer-job-fails.service.d
printf '[Service]\nWorkingDirectory=/nowhere\n' >/run/systemd/system/montimer-job-fails.service.d/x.conf
systemctl daemon-reload
systemctl start montimer-job-fails.service 2>/dev/null && fail "it started"
waiting() { montimer notify pending | grep -F 'connection refused' >/dev/null; }
within 60 waiting
bot
within 60 idle
systemctl start montimer-outbox.service
within 60 told "montimer-job-fails.service failed"
[[ $(stat -c %U /var/lib/montimer/*) != *root* ]] || fail "root has written into the state directory: $(ls -l /var/lib/montimer)"

step "a process that holds the lock of the outbox keeps no alert from being sent, and is reported"
: >/run/sent
systemctl reset-failed
runuser -u deploy -- flock /var/lib/montimer/outbox.lock sleep 600 &
held() { ! runuser -u deploy -- flock --nonblock /var/lib/montimer/outbox.lock true; }
within 60 held
systemctl start montimer-job-fails.service 2>/dev/null && fail "it started"
within 60 told "montimer-job-fails.service failed"
handled() { [[ $(journal 'montimer-failure@*') == *"outbox.lock is held by a process that sends nothing"* ]]; }
within 60 handled
wake # to end runuser would leave the sleep, which has the lock too
wait $! || true
within 60 runuser -u deploy -- flock --nonblock /var/lib/montimer/outbox.lock true
within 60 idle

step "without a way to Telegram there is a critical entry in the journal"
mv /etc/montimer/env /etc/montimer/no-env
systemctl reset-failed # from "failed" to "failed" is no failure to systemd, where it has nothing to run
systemctl start montimer-job-fails.service 2>/dev/null && fail "it started"
critical() { [[ -n $(journalctl --no-pager -o cat -p crit -u 'montimer-failure@*' -u 'montimer-alarm@*' MESSAGE_ID=5d1c3a4e0b6f4c7c9a2f8e71d0b3c596) ]]; }
within 60 critical

step "ticks without the environment file are recorded, and reported as soon as it is back"
: >/run/sent
rm -r /run/systemd/system/montimer-job-fails.service.d
jobs <<'YAML'
profiles:
  fails: { calendar: "*:*:0/2", tasks: [{ name: one, command: "echo a task ran" }] }
YAML
everyday
systemctl start montimer.target
refused() { (($(journal montimer-job-fails.service -p err | grep -c 'the environment file /etc/montimer/env is missing, so no task was run') >= 3)); }
within 60 refused # also from "failed" to "failed"
systemctl stop montimer.target
within 60 idle
if logged fails "a task ran"; then fail "a task ran without its secrets"; fi
messages 0 || fail "sent without a token: $(cat /run/sent)"
systemctl start montimer-outbox.service || fail "the outbox repeats the errors of the runs each minute"
mv /etc/montimer/no-env /etc/montimer/env
systemctl start montimer-outbox.service
within 60 again "the environment file /etc/montimer/env is missing"
systemctl start montimer.target
within 60 told "recovered after"
systemctl stop montimer.target
within 60 idle

step "a deploy user that is missing is reported, by a unit that needs none"
: >/run/sent
sed -i.with '/^deploy:/d' /etc/passwd
systemctl start montimer-job-fails.service 2>/dev/null && fail "it started without its user"
within 60 told "montimer-job-fails.service failed: exit-code, exited 217/USER: the user does not exist"
again "unknown user deploy" || fail "not why: $(cat /run/sent)"
mv /etc/passwd.with /etc/passwd
systemctl reset-failed
systemctl start montimer-job-fails.service || fail "still fails"
echo PASS
