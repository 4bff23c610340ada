#!/bin/bash
# A run that goes on may take longer than its service's limit; one that hangs is
# killed. The limit is cut to 15 s here, but a run that has spoken once has two
# minutes: to see it die takes MONTIMER_SOAK=1.
source "${BASH_SOURCE%/*}/lib.sh"

new_host
jobs <<'YAML'
profiles:
  long:
    calendar: "2098-01-01"
    tasks:
      - { name: first, command: [sleep, "1"] }
      - { name: nap, command: [sleep, "32"] }
  hung:
    calendar: "2098-01-01"
    tasks: [{ name: sleepy, command: [sleep, "600"] }]
YAML
everyday
mkdir -p /etc/systemd/system/montimer-job-.service.d
printf '[Service]\nTimeoutStartSec=15\nTimeoutStopSec=2\n' >/etc/systemd/system/montimer-job-.service.d/10-limit.conf
systemctl daemon-reload

step "a task that takes twice the limit"
systemctl start --no-block montimer-job-long.service
systemctl start --no-block montimer-job-hung.service
within 60 pgrep -u deploy -x sleep >/dev/null
spoken() { [[ $(systemctl show -P StatusText "montimer-job-$1.service") == *tasks* ]]; }
within 60 spoken hung

step "montimer exec is stopped: it says nothing any more"
pid=$(systemctl show -P MainPID montimer-job-hung.service)
kill -STOP "$pid"
while is montimer-job-long.service activating; do
  text=$(systemctl show -P StatusText montimer-job-long.service)
  [[ $text == "1/2 tasks, running nap "* ]] && shown=yes
  sleep 0.5
done
[[ ${shown-} ]] || fail "the status never showed nap: $(systemctl status montimer-job-long.service)"
[[ $(systemctl show -P Result montimer-job-long.service) == success ]] || fail "the long run: $(systemctl show -P Result montimer-job-long.service)"
logged long "ok: 2 tasks, 0 failed"

step "a task cannot speak for it"
! grep -qz ^NOTIFY_SOCKET= "/proc/$(pgrep -o -u deploy -x sleep)/environ" || fail "a task has NOTIFY_SOCKET"

if [[ ${MONTIMER_SOAK-} ]]; then
  within 125 is montimer-job-hung.service failed
  [[ $(systemctl show -P Result montimer-job-hung.service) == timeout ]] || fail "$(systemctl show -P Result montimer-job-hung.service)"
  ! pgrep -u deploy -x sleep >/dev/null || fail "its task lives on"
else
  is montimer-job-hung.service activating || fail "killed too early"
fi

printf 'PASS\n'
