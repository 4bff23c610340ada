#!/bin/bash
# Requests to apply: the deploy user may make them and do nothing else there,
# and however many come, and whenever, the last jobs.yaml is in force in the end.
source "${BASH_SOURCE%/*}/lib.sh"

# as_deploy runs a line of shell as the deploy user.
as_deploy() { runuser -u deploy -- sh -c "$1"; }
# in_force TIME: daily runs then.
in_force() { [[ $(systemctl show -P TimersCalendar montimer-job-daily.timer) == *"*-*-* $1"* ]]; }
applies() { journal montimer-apply.service | grep -c '^Starting' || true; }
# quiet: no apply is under way and nothing asks for another.
quiet() { [[ $(systemctl is-active montimer-apply.service) != activating && $(systemctl show -P SubState montimer-apply.socket) == listening ]]; }

new_host
jobs <<<'profiles: { daily: { cron: "0 5 * * *", enabled: false, tasks: [{ name: one, command: [echo, hello] }] } }'
everyday
systemd-analyze verify --man=no --recursive-errors=no /usr/local/lib/systemd/system/montimer* >/tmp/said 2>&1 || true
[[ ! -s /tmp/said ]] || fail "verify: $(cat /tmp/said)"
systemctl enable --now montimer.target 2>/dev/null
within 60 is montimer-apply.socket active
jobs <<'YAML'
profiles:
  daily: { cron: "0 5 * * *", tasks: [{ name: one, command: [echo, hello] }] }
  atboot: { cron: "@reboot", cron_dialect: crontab, tasks: [{ name: one, command: [echo, hello] }] }
YAML

step "the first request, on a host where no profile is enabled"
as_deploy 'echo >/run/montimer-request.fifo'
within 60 is montimer-job-daily.timer active
within 60 quiet
(($(runs atboot) == 0)) || fail "atboot ran"

step "500 requests, with applies under way"
before=$(applies) began=$SECONDS
as_deploy 'for i in $(seq 500); do
  printf "profiles:\n  daily: { cron: \"%d %d * * *\", tasks: [{ name: one, command: [echo, hello] }] }\n" $((i % 60)) $((i % 24)) >/srv/app/new
  mv /srv/app/new /srv/app/jobs.yaml
  echo >/run/montimer-request.fifo
  [ $((i % 100)) -ne 0 ] || sleep 0.7
done'
within 60 in_force 20:20:00
within 60 quiet
# Each apply waits a second for more requests.
(($(applies) - before <= SECONDS - began + 2)) || fail "$(($(applies) - before)) applies in $((SECONDS - began)) s"
is montimer-apply.socket active || fail "the socket unit is $(systemctl is-active montimer-apply.socket)"
healthy

step "whatever is written is only a request, and fills nothing"
free=$(df --output=avail,iavail /run)
before=$(applies) began=$SECONDS
as_deploy 'timeout 3 dd if=/dev/zero of=/run/montimer-request.fifo bs=64K 2>/dev/null' || true
within 60 quiet
[[ $(df --output=avail,iavail /run) == "$free" ]] || echo "note: /run changed: $free, now $(df --output=avail,iavail /run)"
(($(applies) - before <= SECONDS - began + 2)) || fail "$(($(applies) - before)) applies in $((SECONDS - began)) s"
as_deploy 'dd if=/run/montimer-request.fifo of=/dev/null count=1 2>/dev/null' && fail "deploy may read"
as_deploy 'rm -f /run/montimer-request.fifo || mv /run/montimer-request.fifo /run/mine || ln -s /etc/shadow /run/montimer-request || : >/run/file' 2>/dev/null && fail "more rights than needed"
runuser -u nobody -- sh -c 'echo >/run/montimer-request.fifo' 2>/dev/null && fail "anybody may ask"
is montimer-apply.socket active || fail "the socket unit is $(systemctl is-active montimer-apply.socket)"
healthy

step "a broken jobs.yaml fails loudly, once, and shows nothing of the file"
before=$(applies)
as_deploy 'printf "profiles:\n  daily: { cron: \"61 5 * * *\", tasks: [] } # s3cret\n" >/srv/app/jobs.yaml; echo >/run/montimer-request.fifo'
within 60 is montimer-apply.service failed
within 60 quiet
(($(applies) == before + 1)) || fail "$(($(applies) - before)) applies of a broken file"
[[ $(journal montimer-apply.service) == *jobs.yaml:2:* ]] || fail "no position"
! journal montimer-apply.service | grep 's3cret' || fail "the journal shows the file"
in_force 20:20:00 || fail "a broken file changed something"

step "and is forgotten with the next good one"
as_deploy 'printf "profiles:\n  daily: { cron: \"7 7 * * *\", tasks: [{ name: one, command: [echo, hello] }] }\n" >/srv/app/jobs.yaml; echo >/run/montimer-request.fifo'
within 60 in_force 07:07:00
within 60 quiet
healthy
[[ -z $(montimer compile 2>/dev/null) ]] || fail "the disk is not as planned"

printf 'PASS\n'
