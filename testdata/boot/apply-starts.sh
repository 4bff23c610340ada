#!/bin/bash
# What a changed schedule may start at once, and what it may not: apply starts
# nothing that is not due, and does start, and says so, what would else be late.
source "${BASH_SOURCE%/*}/lib.sh"
source "${BASH_SOURCE%/*}/apply.inc"

stamps=/var/lib/systemd/timers
# at TIME: that time of day as a daily calendar event.
at() { date -d "$1" +"*-*-* %H:%M:00"; }
# waits NAME SUB: the timer waits for a time (waiting) or for nothing more (elapsed).
waits() {
  local sub
  sub=$(systemctl show -P SubState "montimer-job-$1.timer")
  [[ $sub == "$2" ]] || fail "$1 is $sub, not $2"
}

# not_started NAME...: systemd has not started the profiles, and is not about to.
not_started() {
  local name
  for name; do
    within 60 settled "$name"
    (($(runs "$name") == 0)) || fail "$name ran"
  done
}

new_host
mkdir -p $stamps
touch -d '-3 hours' $stamps/stamp-montimer-job-{moved,forgetful,slow}.timer
touch -d '-20 hours' $stamps/stamp-montimer-job-{late,spaced}.timer
soon=$(at '+1 hour') past=$(at '-2 min')

step "a new host"
profiles <<YAML
$(profile moved "calendar: [\"$soon\"]")
$(profile forgetful "calendar: [\"$soon\"], catch_up: false")
$(profile late "calendar: \"$soon\"")
$(profile spaced "calendar: \"$soon\"")
$(profile slow "every: 20h")
$(profile over 'calendar: "2098-01-01"')
YAML
apply
as_planned
not_started moved forgetful late spaced slow over
[[ $(systemctl is-enabled montimer.target) == enabled ]] || fail "not enabled"

step "moved to a time that has just passed: the next one is near enough"
profiles <<YAML
$(profile moved "calendar: [\"$past\", \"$soon\"]")
$(profile forgetful "calendar: [\"$past\", \"$soon\"], catch_up: false")
$(profile late "calendar: \"$past\"")
$(profile spaced "every: 1h")
$(profile slow "every: 20h")
$(profile atboot 'cron: "@reboot", cron_dialect: crontab')
$(profile mixed 'cron: "@reboot", cron_dialect: crontab')
$(profile over 'calendar: "2098-01-01"')
YAML
apply
said "montimer-job-moved.timer does not start at once"
said "montimer-job-atboot.timer does not start at once"
within 60 logged late hi
said "montimer-job-late.timer starts at once"
as_planned
not_started moved forgetful slow atboot mixed over
(($(runs late) == 1)) || fail "late ran $(runs late) times"
waits spaced waiting
waits atboot waiting
[[ ! -e $stamps/stamp-montimer-job-atboot.timer ]] || fail "a stamp would keep @reboot from running"

step "what has elapsed for good elapses again"
profiles <<YAML
$(profile moved "calendar: [\"$past\", \"$soon\"]")
$(profile late "calendar: \"$past\"")
$(profile spaced "every: 1h")
$(profile slow "every: 20h")
$(profile atboot 'calendar: "*:*:0/2"')
$(profile mixed "cron: [\"@reboot\", \"$(date -d '+1 hour' +'%M %H') * * *\"], cron_dialect: crontab")
$(profile over 'calendar: "2098-01-01"')
YAML
apply
waits mixed waiting
within 60 logged atboot hi
not_started mixed
as_planned

step "the next boot runs what runs at boot"
# A boot begins like this: no timer is active, and systemd remembers nothing of
# them. From 257 on it forgets a timer only with its file.
systemctl stop montimer.target
mkdir /dev/shm/units
mv /usr/local/lib/systemd/system/montimer{.target,-job-*} /dev/shm/units
systemctl daemon-reload
mv /dev/shm/units/* /usr/local/lib/systemd/system
systemctl daemon-reload
systemctl start montimer.target
within 60 logged mixed hi
not_started moved

step "a profile that was gone: compile leaves its stamp, apply does not"
touch -d '-3 hours' $stamps/stamp-montimer-job-back.timer
profiles < <(profile back "calendar: [\"$past\", \"$soon\"]"; profile late "calendar: \"$past\"")
apply
said "montimer-job-back.timer does not start at once"
# Its run may have been in flight when atboot was removed.
within 60 is montimer-job-atboot.service inactive
apply
as_planned
profiles < <(profile late "calendar: \"$past\"")
apply
[[ $(ls $stamps) == stamp-montimer-job-late.timer ]] || fail "stamps: $(ls $stamps)"
as_planned
profiles < <(profile back "calendar: \"$past\""; profile late "calendar: \"$past\"")
apply
as_planned
not_started back

step "a standby host takes over: nothing catches up"
systemctl disable --now montimer.target 2>/dev/null
touch -d '-5 days' $stamps/stamp-montimer-job-{back,late}.timer
before=$(runs late)
apply --no-catch-up
said "montimer-job-late.timer does not start at once"
as_planned
not_started back
within 60 settled late
(($(runs late) == before)) || fail "late caught up"

step "and without that it does"
systemctl stop montimer.target
touch -d '-5 days' $stamps/stamp-montimer-job-late.timer
apply
said "montimer.target is stopped"
is montimer-job-late.timer inactive || fail "a stopped target was started"
systemctl start montimer.target
within 60 eval '(($(runs late) == before + 1))'
as_planned

step "no change, no reload"
read_at=$(busctl get-property org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager UnitsLoadTimestamp)
apply
grep -qx 'nothing changed' /tmp/said || fail "said $(cat /tmp/said)"
[[ $read_at == $(busctl get-property org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager UnitsLoadTimestamp) ]] || fail "reloaded"

printf 'PASS\n'
