#!/bin/bash
# What apply leaves alone - runs in flight, masked timers, a target that is
# stopped - and what it puts back when systemd refuses a unit.
source "${BASH_SOURCE%/*}/lib.sh"
source "${BASH_SOURCE%/*}/apply.inc"

units=/usr/local/lib/systemd/system
snapshot() { (cd $units && sha256sum -- *); }

new_host
profiles <<YAML
$(profile steady 'cron: "0 5 * * *"')
$(profile other 'cron: "0 6 * * *"')
  long: { cron: "0 7 * * *", tasks: [{ name: nap, command: "sleep 600 || echo slept well" }] }
YAML
apply
did 'enable  montimer.target'
did 'start   montimer-job-steady.timer'
as_planned

step "a run in flight sees neither a change of its profile nor its removal"
systemctl start --no-block montimer-job-long.service
within 60 pgrep -u deploy -x sleep >/dev/null
nap=$(pgrep -u deploy -x sleep)
profiles < <(profile steady 'cron: "0 5 * * *"'; profile other 'cron: "0 6 * * *"'; profile long 'cron: "1 7 * * *"')
apply
did 'update  montimer-job-long.timer'
profiles < <(profile steady 'cron: "0 5 * * *"'; profile other 'cron: "0 6 * * *"')
apply
did 'remove  montimer-job-long.timer'
[[ -d /proc/$nap ]] || fail "the run was killed"
as_planned
wake
within 60 logged long "slept well"
within 60 is montimer-job-long.service inactive
apply
did 'remove  montimer-job-long.service'
as_planned

step "a masked timer is the owner's"
systemctl mask --now montimer-job-other.timer 2>/dev/null
systemctl reset-failed montimer-job-other.timer
profiles < <(profile steady 'cron: "2 5 * * *"'; profile other 'cron: "2 6 * * *"')
apply
said "montimer-job-other.timer is masked"
is montimer-job-other.timer inactive || fail "brought back"
healthy
systemctl unmask montimer-job-other.timer 2>/dev/null
apply
as_planned

step "so is a masked service"
systemctl mask montimer-job-other.service 2>/dev/null
systemctl stop montimer-job-other.timer
systemctl reset-failed
apply
said "montimer-job-other.service is masked"
systemctl unmask montimer-job-other.service 2>/dev/null
apply
as_planned

step "systemd refuses a unit: everything is put back"
for kind in "service.d [Service] Restart=always" "timer.d [Timer] OnCalendar=" "service.d [Service] ExecStart="; do
  read -r type section line <<<"$kind"
  before=$(snapshot)
  for name in fresh other; do
    mkdir -p "/etc/systemd/system/montimer-job-$name.$type"
    printf '%s\n%s\n' "$section" "$line" >"/etc/systemd/system/montimer-job-$name.$type/broken.conf"
  done
  profiles < <(profile fresh 'cron: "@reboot", cron_dialect: crontab'; profile steady 'cron: "3 5 * * *"'; profile other 'cron: "3 6 * * *"')
  code=0
  montimer apply >/tmp/done 2>/tmp/said || code=$?
  ((code == 1)) || fail "exit $code: $(cat /tmp/said)"
  said "systemd refuses montimer-job-fresh.${type%.d}: Unit montimer-job-fresh.${type%.d} has a bad unit file setting."
  [[ $(snapshot) == "$before" ]] || fail "not put back: $(cat /tmp/done)"
  is montimer-job-steady.timer active || fail "steady is $(systemctl is-active montimer-job-steady.timer)"
  rm -r /etc/systemd/system/montimer-job-{fresh,other}."$type"
  healthy
done
apply
as_planned
(($(runs fresh) == 0)) || fail "fresh ran"
for name in steady other; do
  [[ $(systemctl show -P SubState montimer-job-$name.timer) == waiting ]] || fail "$name is $(systemctl show -P SubState montimer-job-$name.timer)"
done

step "a drop-in spoils what apply has not written: it says so, and the rest goes on"
fix=/etc/systemd/system/montimer-job-other.service.d
for reload in true "systemctl daemon-reload"; do
  mkdir -p $fix
  printf '[Service]\nType=simple\nExecStart=true\n' >$fix/x.conf
  $reload
  profiles < <(profile fresh 'cron: "@reboot", cron_dialect: crontab'; profile steady "cron: \"$((${#reload} % 60)) 5 * * *\""; profile other 'cron: "3 6 * * *"')
  for n in 1 2; do
    code=0
    montimer apply >/tmp/done 2>/tmp/said || code=$?
    ((code == 1)) || fail "exit $code: $(cat /tmp/said)"
    said "systemd refuses montimer-job-other.service: Unit montimer-job-other.service has a bad unit file setting. Its drop-ins: $fix/x.conf."
    ((n == 2)) || did 'update  montimer-job-steady.timer'
  done
  rm -r $fix
  apply
  as_planned
done

step "a stopped target stays stopped"
systemctl stop montimer.target
profiles < <(profile steady 'cron: "4 5 * * *"'; profile added 'cron: "4 6 * * *"')
apply
said "montimer.target is stopped"
is montimer-job-added.timer inactive || fail "started"
healthy
systemctl start montimer.target
as_planned

step "a folder that systemd does not read is refused, also by a host that has its units"
code=0
MONTIMER_UNIT_DIR=/opt/units montimer apply >/tmp/done 2>/tmp/said || code=$?
((code == 2)) || fail "exit $code: $(cat /tmp/done /tmp/said)"
said "systemd does not read units in /opt/units"
said "/etc/systemd/system, /usr/local/lib/systemd/system"
[[ ! -e /opt/units ]] || fail "made the folder"

step "a timer that has got lost comes back"
systemctl disable montimer.target 2>/dev/null
apply
[[ $(systemctl is-enabled montimer.target) == enabled ]] || fail "not enabled again"
as_planned

printf 'PASS\n'
