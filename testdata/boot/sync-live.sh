#!/bin/bash
# What is merged is live within one sync and one apply, with no command on the
# host: tasks, cadences, profiles that come, go and change their name, even the
# one that syncs. A broken jobs.yaml stops nothing, and a merge fixes it.
# Any release.
# Needs: git
source "${BASH_SOURCE%/*}/lib.sh"

as_deploy() { runuser -u deploy -- "$@"; }
author() { as_deploy git -C /srv/author -c user.name=a -c user.email=a@b "$@"; }
# merge MESSAGE: jobs.yaml from standard input, and whatever else is new, merged.
merge() {
  as_deploy tee /srv/author/jobs.yaml >/dev/null
  author add -A
  author commit -q -m "$1"
  author push -q origin HEAD:main
}
calendar() { [[ $(systemctl show -P TimersCalendar "montimer-job-$1.timer") == *"$2"* ]]; }

new_host
install -d -o deploy -g deploy /srv/remote.git /srv/author
as_deploy git init -q --bare -b main /srv/remote.git
as_deploy git clone -q /srv/remote.git /srv/author 2>/dev/null
merge one <<'YAML'
profiles:
  puller: { calendar: "*:*:0/2", sync_before_run: true, tasks: [{ name: one, command: [echo, version one] }] }
  other: { cron: "0 5 * * *", tasks: [{ name: one, command: [echo, other] }] }
  gone: { cron: "0 6 * * *", tasks: [{ name: one, command: [echo, gone] }] }
YAML
as_deploy git clone -q /srv/remote.git /srv/app
montimer apply 2>/dev/null
within 60 logged puller "version one"
within 60 logged puller "pre-run git sync: already up to date"

step "a merged task runs in the very run that synced it"
merge two <<'YAML'
profiles:
  puller: { calendar: "*:*:0/2", sync_before_run: true, tasks: [{ name: one, command: [echo, version one] }, { name: two, command: [echo, version two] }] }
  other: { cron: "0 5 * * *", tasks: [{ name: one, command: [echo, other] }] }
  gone: { cron: "0 6 * * *", tasks: [{ name: one, command: [echo, gone] }] }
YAML
within 60 logged puller "version two"
journal montimer-job-puller.service >/tmp/said
synced=$(grep -nm 1 '(1 commit)$' /tmp/said | cut -d: -f1)
ran=$(grep -nm 1 'version two' /tmp/said | cut -d: -f1)
[[ $(sed -n "$synced,${ran}p" /tmp/said | grep -c '^Starting') == 0 ]] || fail "another run came between: $(cat /tmp/said)"
! journal montimer-apply.service | grep '^Starting' || fail "an apply for a task"

step "a new cadence, a new profile, one that has gone"
merge three <<'YAML'
profiles:
  puller: { calendar: "*:*:0/2", sync_before_run: true, tasks: [{ name: one, command: [echo, version three] }] }
  other: { cron: "30 7 * * *", tasks: [{ name: one, command: [echo, other] }] }
  fresh: { calendar: "*:*:0/2", tasks: [{ name: one, command: [echo, fresh] }] }
YAML
within 60 calendar other 07:30:00
within 60 logged fresh fresh
gone() { [[ $(systemctl show -P LoadState montimer-job-gone.timer) == not-found ]]; }
within 60 gone
healthy

step "the profile that syncs has another name"
merge four <<'YAML'
profiles:
  renamed: { calendar: "*:*:0/2", sync_before_run: true, tasks: [{ name: one, command: [echo, renamed] }] }
  other: { cron: "30 7 * * *", tasks: [{ name: one, command: [echo, other] }] }
YAML
within 60 logged renamed "pre-run git sync"
within 60 is montimer-job-puller.timer inactive
within 60 is montimer-job-puller.service inactive
healthy

step "a new uv.lock has the command run once"
as_deploy tee /srv/author/uv.lock >/dev/null <<<1
merge five <<'YAML'
sync: { on_change: [{ paths: [uv.lock], command: "echo installing $(cat uv.lock); touch installed" }] }
profiles:
  renamed: { calendar: "*:*:0/2", sync_before_run: true, tasks: [{ name: one, command: "ls installed" }] }
  other: { cron: "30 7 * * *", tasks: [{ name: one, command: [echo, other] }] }
YAML
within 60 logged renamed "one: installed"
within 60 logged renamed "already up to date"
(($(journal montimer-job-renamed.service | grep -c 'after the sync: running') == 1)) || fail "not once"
healthy

step "a command that failed is done by the one that takes its place"
as_deploy tee /srv/author/uv.lock >/dev/null <<<2
merge six <<'YAML'
sync: { on_change: [{ paths: [uv.lock], command: "exit 3" }] }
profiles:
  renamed: { calendar: "*:*:0/2", sync_before_run: true, tasks: [{ name: one, command: "ls installed" }] }
  other: { cron: "30 7 * * *", tasks: [{ name: one, command: [echo, other] }] }
YAML
within 60 logged renamed "FAIL after the sync: exit 3"
merge seven <<'YAML'
sync: { on_change: [{ paths: [uv.lock], command: "echo now $(cat uv.lock) >installed" }] }
profiles:
  renamed: { calendar: "*:*:0/2", sync_before_run: true, tasks: [{ name: one, command: "ls installed; cat installed" }] }
  other: { cron: "30 7 * * *", tasks: [{ name: one, command: [echo, other] }] }
YAML
within 60 logged renamed "one: now 2"

step "a broken jobs.yaml stops nothing"
merge broken <<<'profiles: {renamed: {calendar: "*:*:0/2"}'
within 60 logged renamed "last good copy of the profile: jobs.yaml:1: YAML: "
is montimer-job-renamed.timer active || fail "the timer is $(systemctl is-active montimer-job-renamed.timer)"
count=$(journal montimer-job-renamed.service | grep -c 'one: installed')
more() { (($(journal montimer-job-renamed.service | grep -c 'one: installed') > count + 1)); }
within 60 more
calendar other 07:30:00 || fail "the units have changed"

step "a merge fixes it"
merge fixed <<'YAML'
profiles:
  renamed: { calendar: "*:*:0/2", sync_before_run: true, tasks: [{ name: one, command: [echo, fixed] }] }
  other: { cron: "45 8 * * *", tasks: [{ name: one, command: [echo, other] }] }
YAML
within 60 logged renamed "one: fixed"
within 60 calendar other 08:45:00

step "syncs with a timer of their own"
printf 'sync: { every: 10s }\n' >>/etc/montimer/config.yaml
montimer apply 2>/dev/null
is montimer-sync.timer active || fail "montimer-sync.timer is $(systemctl is-active montimer-sync.timer)"
merge last <<'YAML'
profiles:
  other: { cron: "15 9 * * *", tasks: [{ name: one, command: [echo, other] }] }
YAML
within 60 is montimer-job-renamed.timer inactive
merge "very last" <<'YAML'
profiles:
  other: { cron: "20 9 * * *", tasks: [{ name: one, command: [echo, other] }] }
YAML
within 60 calendar other 09:20:00
within 60 is montimer-sync.service inactive
# This host has no Telegram: the report of the run that failed could go nowhere.
systemctl reset-failed 'montimer-failure@*'
healthy

step "units of a host with a time zone of its own are not behind"
printf 'timezone: Asia/Tokyo\n' >>/etc/montimer/config.yaml
montimer apply 2>/dev/null
[[ $(systemctl show -P TimersCalendar montimer-job-other.timer) == *"09:20:00 Asia/Tokyo"* ]] || fail "not in the zone of the host"
touch -d '1 hour ago' /srv/app/jobs.yaml # older than a lag may be
before=$(now_in_journal)
systemctl start montimer-sync.service
journal montimer-sync.service --after-cursor="$before" >/tmp/said
! grep 'behind jobs.yaml' /tmp/said || fail "still behind"

step "but for a change of the zone that was not applied, they are"
sed -i 's/Tokyo/Seoul/' /etc/montimer/config.yaml
systemctl mask --now montimer-apply.socket 2>/dev/null
systemctl start montimer-sync.service
behind() { journal montimer-sync.service --after-cursor="$before" | grep 'behind jobs.yaml.*montimer-job-other.timer' >/dev/null; }
within 60 behind

printf 'PASS\n'
