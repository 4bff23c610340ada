#!/bin/bash
# From nothing to timers that tick, and every change of jobs.yaml by
# `montimer compile && systemctl daemon-reload` alone.
source "${BASH_SOURCE%/*}/lib.sh"

new_host
jobs <<'YAML'
profiles:
  beat:
    calendar: "*:*:0/2"
    tasks:
      - { name: one, command: [echo, "beat says one"] }
      - { name: two, command: "echo beat says $((1 + 1))" }
  slow:
    cron: "0 5 1 1 *"
    tasks:
      - { name: nap, command: [sleep, "600"] }
YAML

step "compile, reload, enable"
everyday
systemctl enable --now montimer.target
within 60 is montimer-job-beat.timer active
within 60 logged beat "beat says one"
within 60 logged beat "beat says 2"
[[ $(systemctl show -P User montimer-job-beat.service) == deploy ]] || fail "not as deploy"
[[ $(stat -c '%U %a' /var/lib/montimer) == "deploy 750" ]] || fail "state directory: $(stat -c '%U %a' /var/lib/montimer)"
healthy

step "add a profile"
jobs <<'YAML'
profiles:
  beat:
    calendar: "*:*:0/2"
    tasks: [{ name: one, command: [echo, "beat says one"] }]
  added:
    cron: "@reboot" # no tick can come between its removal and the reload
    cron_dialect: crontab
    tasks: [{ name: new, command: [echo, "added is here"] }]
  slow:
    cron: "0 5 1 1 *"
    tasks: [{ name: nap, command: [sleep, "600"] }]
YAML
everyday
within 60 is montimer-job-added.timer active
within 60 logged added "added is here"
healthy

step "change a cadence"
sed -i 's|calendar: .*|calendar: "2098-01-01"|' /srv/app/jobs.yaml
everyday
within 60 is montimer-job-beat.timer active
within 60 settled beat
[[ $(systemctl show -P NextElapseUSecRealtime montimer-job-beat.timer) == *2098* ]] || fail "beat still ticks every 2 s"
[[ $(systemctl show -P TimersCalendar montimer-job-beat.timer) == *2098* ]] || fail "the new calendar is not loaded"
healthy

step "remove a profile: two compiles, nothing fails"
sed -i '/^  added:/,/^  slow:/{/^  slow:/!d}' /srv/app/jobs.yaml
[[ $(everyday) == *"keep    montimer-job-added.timer"* ]] || fail "the files were not kept"
within 60 is montimer-job-added.timer inactive
[[ -e /usr/local/lib/systemd/system/montimer-job-added.timer ]] || fail "pruned too early"
healthy
[[ $(everyday) == *"remove  montimer-job-added.timer"* ]] || fail "the files were not removed"
[[ ! -e /usr/local/lib/systemd/system/montimer-job-added.timer ]] || fail "not pruned"
[[ $(systemctl show -P LoadState montimer-job-added.timer) == not-found ]] || fail "still loaded"
healthy
[[ -z $(montimer compile 2>/dev/null) ]] || fail "a third compile changes something"

step "mask and unmask a timer"
# systemd reports any timer as failed that is masked while active: it has lost
# the unit to trigger. It is off all the same.
systemctl mask --now montimer-job-slow.timer
systemctl reset-failed montimer-job-slow.timer
is montimer-job-slow.timer inactive || fail "masked, but $(systemctl is-active montimer-job-slow.timer)"
everyday
is montimer-job-slow.timer inactive || fail "a compile brought a masked timer back"
healthy
systemctl unmask montimer-job-slow.timer
within 60 is montimer-job-slow.timer active
healthy

step "an upheld timer comes back"
systemctl stop montimer-job-slow.timer
within 60 is montimer-job-slow.timer active

step "the target stops and starts all timers"
systemctl stop montimer.target
within 60 is montimer-job-slow.timer inactive
within 60 is montimer-job-beat.timer inactive
systemctl start montimer.target
within 60 is montimer-job-slow.timer active
within 60 is montimer-job-beat.timer active
healthy

step "one instance; SIGTERM ends a run with 143 and leaves no process"
systemctl start --no-block montimer-job-slow.service
within 60 pgrep -u deploy -x sleep >/dev/null
systemctl kill --kill-whom=main --signal=TERM montimer-job-slow.service
within 60 is montimer-job-slow.service failed
[[ $(systemctl show -P ExecMainStatus montimer-job-slow.service) == 143 ]] || fail "exit $(systemctl show -P ExecMainStatus montimer-job-slow.service)"
! pgrep -u deploy -x sleep >/dev/null || fail "the task still runs"
systemctl reset-failed montimer-job-slow.service
healthy

step "a bad jobs.yaml changes nothing on disk"
before=$(cd /usr/local/lib/systemd/system && sha256sum -- *)
printf 'profiles:\n  beat: {cron: "61 * * * *"}\n' | jobs
! montimer compile || fail "accepted"
[[ $(cd /usr/local/lib/systemd/system && sha256sum -- *) == "$before" ]] || fail "the units changed"

step "exec does not run tasks as root"
code=0
(cd /srv/app && montimer exec beat) 2>/tmp/said || code=$?
((code == 2)) || fail "exit $code"
grep -q 'root' /tmp/said || fail "said: $(cat /tmp/said)"

printf 'PASS\n'
