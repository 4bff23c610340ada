#!/bin/bash
# Runs fail while what montimer stands on fails too: each is told of all the same.
# Needs: python3
source "${BASH_SOURCE%/*}/lib.sh"
source "${BASH_SOURCE%/*}/bot.inc"

jobs <<'YAML'
profiles:
  one: { calendar: "2098-01-01", tasks: [{ name: bad, command: "exit 3" }] }
  two: { calendar: "2098-01-01", tasks: [{ name: nap, command: [sleep, "600"] }] }
  three: { calendar: "2098-01-01", tasks: [{ name: nap, command: [sleep, "600"] }] }
  four: { calendar: "2098-01-01", tasks: [{ name: nap, command: [sleep, "600"] }] }
YAML
everyday
bot
systemctl start montimer.target
# tick PROFILE: starts its service as its timer does, but for the time.
tick() {
  mkdir -p "/run/systemd/system/montimer-job-$1.service.d"
  printf '[Service]\nEnvironment=TRIGGER_UNIT=montimer-job-%s.timer\n' "$1" >"/run/systemd/system/montimer-job-$1.service.d/tick.conf"
  systemctl daemon-reload
  systemctl start --no-block "montimer-job-$1.service"
}

step "the database is damaged"
tick one
within 60 again "automation: one"
within 60 idle
head -c 20000 /dev/urandom >/tmp/noise
rm -f /var/lib/montimer/monitoring.db-*
install -o deploy -g deploy -m 640 /tmp/noise /var/lib/montimer/monitoring.db
: >/run/sent
tick one
within 60 again "automation: one"
within 60 idle
rm -f /var/lib/montimer/monitoring.db*

step "the state directory is full"
mount -t tmpfs -o size=256k,mode=750,uid="$(id -u deploy)",gid="$(id -g deploy)" tmpfs /var/lib/montimer
runuser -u deploy -- dd if=/dev/zero of=/var/lib/montimer/full bs=1k status=none 2>/dev/null || true
: >/run/sent
tick one
within 60 again "automation: one"
within 60 idle
umount /var/lib/montimer

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
