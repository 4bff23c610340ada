#!/bin/bash
# Runs fail while the database, the disk or Telegram fail too: each is still
# reported.
# Needs: python3
source "${BASH_SOURCE%/*}/lib.sh"
source "${BASH_SOURCE%/*}/bot.inc"

jobs <<'YAML'
profiles:
  fine: { calendar: "*:*:0/2", tasks: [{ name: good, command: "true" }] }
  often: { calendar: "*:*:0/2", tasks: [{ name: bad, command: "exit 3" }] }
YAML
everyday
bot
# tick PROFILE: starts its service as its timer does, but for the time.
tick() {
  as_tick "$1"
  systemctl start --no-block "montimer-job-$1.service"
}
as_tick() {
  mkdir -p "/run/systemd/system/montimer-job-$1.service.d"
  printf '[Service]\nEnvironment=TRIGGER_UNIT=montimer-job-%s.timer\n' "$1" >"/run/systemd/system/montimer-job-$1.service.d/tick.conf"
  systemctl daemon-reload
}

state=/var/lib/montimer
count() { [[ $(grep -cF -- "$1" /run/sent) == "$2" ]] || fail "not $2 messages with '$1': $(cat /run/sent)"; }
# count_runs PROFILE TEXT: so many runs of it have said that since the step began.
count_runs() { journal "montimer-job-$1.service" --after-cursor="$began" | grep -cF -- "$2" || true; }
# ended PROFILE N TEXT: so many at least.
ended() { (($(count_runs "$1" "$3") >= $2)); }
# unusable CAUSE: runs are reported as they should be while they are not recorded.
unusable() {
  : >/run/sent
  began=$(now_in_journal)
  systemctl start montimer.target
  within 60 ended fine 2 "unrecorded: "
  within 60 ended often 2 "failed: 1 task"
  systemctl stop montimer.target
  within 60 idle
  count "checks ran; not recorded: " 1
  count "$1" 1
  count "fix: " 1
  # Of the runs, the one under way as its timer stops may count as one by hand.
  local digests runs
  digests=$(grep -cF "automation: often" /run/sent)
  runs=$(count_runs often "failed: 1 task")
  ((digests == runs || digests == runs - 1)) || fail "$digests digests of $runs failed runs: $(cat /run/sent)"
  messages $((1 + digests)) || fail "more is sent: $(cat /run/sent)"
  [[ $(systemctl show -P ExecMainStatus montimer-job-often.service) == 74 ]] || fail "exit code $(systemctl show -P ExecMainStatus montimer-job-often.service)"
}
# usable: that it is again is reported once.
usable() {
  : >/run/sent
  began=$(now_in_journal)
  systemctl start montimer.target
  within 60 again "runs are recorded again"
  within 60 ended fine 2 "ok: 1 task"
  systemctl stop montimer.target
  within 60 idle
  count "runs are recorded again" 1
  count "not recorded: " 0
}

step "the database is damaged"
systemctl start montimer-job-fine.service
head -c 20000 /dev/urandom >/tmp/noise
rm -f $state/monitoring.db-*
install -o deploy -g deploy -m 640 /tmp/noise $state/monitoring.db
unusable "the database is damaged"
rm -f $state/monitoring.db*
usable

step "the file system of the state directory is read-only"
cp -a $state /tmp/state
mount -t tmpfs -o mode=750,uid="$(id -u deploy)",gid="$(id -g deploy)" tmpfs $state
cp -a /tmp/state/. $state/
mount -o remount,ro $state
unusable "the file system is mounted read-only"
mount -o remount,rw $state
usable
umount $state

step "the state directory is full"
mount -t tmpfs -o size=256k,mode=750,uid="$(id -u deploy)",gid="$(id -g deploy)" tmpfs $state
runuser -u deploy -- dd if=/dev/zero of=$state/full bs=1k status=none 2>/dev/null || true
unusable "the disk is full"
umount $state
usable

step "the state directory has room for no other file"
mount -t tmpfs -o nr_inodes=40,mode=750,uid="$(id -u deploy)",gid="$(id -g deploy)" tmpfs $state
runuser -u deploy -- bash -c "for ((n = 0; n < 60; n++)); do mkdir $state/\$n; done" 2>/dev/null || true
unusable "no room for another file"
umount $state
usable

jobs <<'YAML'
profiles:
  one: { calendar: "2098-01-01", tasks: [{ name: bad, command: "exit 3" }] }
  two: { calendar: "2098-01-01", tasks: [{ name: nap, command: [sleep, "600"] }] }
  three: { calendar: "2098-01-01", tasks: [{ name: nap, command: [sleep, "600"] }] }
  four: { calendar: "2098-01-01", tasks: [{ name: nap, command: [sleep, "600"] }] }
YAML
everyday
systemctl start montimer.target

step "systemd ends a run that hangs"
: >/run/sent
mkdir -p /run/systemd/system/montimer-job-two.service.d
printf '[Service]\nTimeoutStartSec=2\nTimeoutStopSec=1\nNotifyAccess=none\n' >/run/systemd/system/montimer-job-two.service.d/x.conf
tick two
within 60 told "montimer-job-two.service failed: timeout"
within 60 idle
[[ $(systemctl show -P Result montimer-job-two.service) == timeout ]] || fail "not a timeout: $(systemctl show -P Result montimer-job-two.service)"
rm /run/systemd/system/montimer-job-two.service.d/x.conf

step "three runs are killed at once"
: >/run/sent
for p in two three four; do
  tick $p
  within 60 logged $p "running task nap"
done
systemctl kill -s KILL montimer-job-{two,three,four}.service
for p in two three four; do within 60 told "automation: $p"; done
within 60 idle
messages 3 || fail "not three messages: $(cat /run/sent)"

step "the checkout is gone"
: >/run/sent
mv /srv/app /srv/elsewhere
systemctl reset-failed
tick one
within 60 again "montimer-job-one.service failed"
mv /srv/elsewhere /srv/app

printf 'PASS\n'
