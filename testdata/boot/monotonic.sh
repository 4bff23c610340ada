#!/bin/bash
# Schedules that count from boot: no reload puts them off, no stamp of a boot
# before keeps them from running.
source "${BASH_SOURCE%/*}/lib.sh"

new_host
install -d /var/lib/systemd/timers
for profile in boot mixed; do
  touch -d '3 days ago' "/var/lib/systemd/timers/stamp-montimer-job-$profile.timer"
done
jobs <<'YAML'
defaults: { cron_dialect: crontab }
profiles:
  boot:  { cron: "@reboot", tasks: [{ name: a, command: [echo, boot ran] }] }
  mixed: { cron: ["@reboot", "0 5 1 1 *"], tasks: [{ name: a, command: [echo, mixed ran] }] }
  often: { every: 3s, tasks: [{ name: a, command: [echo, often ran] }] }
  later: { every: 20h, tasks: [{ name: a, command: [echo, later ran] }] }
YAML
everyday

step "with an old stamp, at boot"
systemctl enable --now montimer.target
within 60 logged boot "boot ran"
within 60 logged mixed "mixed ran"

step "a reload every second"
before=$(runs often)
reloaded() { sleep 1 && systemctl daemon-reload && (($(runs often) >= before + 3)); }
within 60 reloaded
(($(runs boot) == 1 && $(runs mixed) == 1)) || fail "@reboot ran again"

step "counted from boot"
left=$(systemctl show -P NextElapseUSecMonotonic montimer-job-later.timer)
[[ $left != infinity && $left != 0 ]] || fail "later is never due: $left"
(($(runs later) == 0)) || fail "later ran already"
healthy

printf 'PASS\n'
