#!/bin/bash
# A profile is removed while it runs: the run has its own terms to the end, and
# then nothing of it stays.
source "${BASH_SOURCE%/*}/lib.sh"
source "${BASH_SOURCE%/*}/apply.inc"

# whole NAME: systemd still goes by the file of the service.
whole() {
  local terms
  terms=$(systemctl show -p LoadState -p NotifyAccess -p KillMode -p NeedDaemonReload "montimer-job-$1.service" | sort | paste -sd ' ')
  [[ $terms == "KillMode=mixed LoadState=loaded NeedDaemonReload=no NotifyAccess=main" ]] || fail "$1: $terms"
}
# gone NAME: systemd knows nothing of it.
gone() { [[ $(systemctl show -P LoadState "montimer-job-$1.service" "montimer-job-$1.timer" | sort -u) == $'\nnot-found' ]]; }
# naps NAME END: a profile that runs until wake, and how it ends.
naps() { printf '  %s: { cron: "0 7 * * *", tasks: [{ name: nap, command: "sleep 600 || echo slept well; exit %s" }] }\n' "$1" "$2"; }

new_host
profiles < <(profile steady 'cron: "0 5 * * *"'; naps good 0; naps bad 1; naps compiled 0)
apply
systemctl start --no-block montimer-job-{good,bad,compiled}.service
within 60 eval '(($(pgrep -c -u deploy -x sleep) == 3))'

step "two compiles keep the service"
profiles < <(profile steady 'cron: "0 5 * * *"'; naps good 0; naps bad 1)
everyday >/tmp/done 2>/tmp/said
said "removal pending, compile again after the daemon-reload: montimer-job-compiled.service"
everyday >/tmp/done 2>/tmp/said
did 'remove  montimer-job-compiled.timer'
said "kept while its run is under way, compile again afterwards to remove it: montimer-job-compiled.service"
whole compiled

step "and so does apply, however often"
profiles < <(profile steady 'cron: "0 5 * * *"')
apply
for name in good bad; do
  did "remove  montimer-job-$name.timer"
  said "montimer-job-$name.service is kept until its run ends"
  [[ ! -e /var/lib/systemd/timers/stamp-montimer-job-$name.timer ]] || fail "the stamp of $name is left"
done
apply
said "nothing changed"
said "montimer-job-good.service is kept until its run ends"
for name in good bad compiled; do whole $name; done
as_planned
(($(pgrep -c -u deploy -x sleep) == 3)) || fail "a run was killed"

step "the runs end by themselves"
wake
for name in good bad compiled; do within 60 logged $name "slept well"; done
within 60 is montimer-job-good.service inactive
within 60 is montimer-job-compiled.service inactive
within 60 is montimer-job-bad.service failed
[[ $(systemctl show -P Result montimer-job-bad.service) == exit-code ]] || fail "bad: $(systemctl show -P Result montimer-job-bad.service)"

step "and then nothing is left of them"
apply
for name in good bad compiled; do
  did "remove  montimer-job-$name.service"
  gone $name || fail "$name is still there"
done
as_planned

printf 'PASS\n'
