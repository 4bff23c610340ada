#!/bin/bash
# Two instances on one host, with one user and the same names of profiles: each has
# ticks, locks, pauses, pages, an outbox and applies of its own, and no merge in one
# changes the other.
# Any release.
# Needs: python3 sqlite3
source "${BASH_SOURCE%/*}/lib.sh"
source "${BASH_SOURCE%/*}/bot.inc"

units=/usr/local/lib/systemd/system
other() { montimer --instance other "$@"; }
# jobs_of DIR: its jobs.yaml from standard input.
jobs_of() { install -o deploy -g deploy -m 644 /dev/stdin "$1/new" && mv "$1/new" "$1/jobs.yaml"; }
# says UNIT TEXT: the journal of that unit has it.
says() { [[ $(journal "$1") == *"$2"* ]]; }
# mine: all that is the default instance's.
mine() {
  (cd $units && sha256sum -- montimer.target montimer-{job-,apply,outbox,failure,alarm,tmp}*)
  stat -c '%n %Y' /var/lib/systemd/timers/stamp-montimer-job-* /etc/montimer/{config.yaml,env} /run/montimer
}

# handled: no failure is being reported, and nothing is being sent.
handled() { resting 'montimer-*failure@*' 'montimer-*outbox*'; }

install -d -o deploy -g deploy /srv/other
printf 'checkout: /srv/other\nrun_as: deploy\n' >/etc/montimer/other.yaml
install -m 640 -g deploy /etc/montimer/env /etc/montimer/other.env
cp -r /etc/systemd/system/montimer-apply.timer.d /etc/systemd/system/montimer-other-apply.timer.d
bot

for dir in /srv/app /srv/other; do
  jobs_of $dir <<'YAML'
profiles:
  beat: { calendar: "*:*:0/2", tasks: [{ name: one, command: 'echo "in $REPO_ROOT, state $CACHE_DIR, instance ${MONTIMER_INSTANCE-none}"' }] }
  fails: { calendar: "2098-01-01", tasks: [{ name: one, command: "exit 3" }] }
  long: { calendar: "2098-01-01", tasks: [{ name: nap, command: [sleep, "600"] }] }
YAML
done

step "a name that is mistyped is no new instance, and no name is that of a unit of ours"
for name in othre job a-b ../config; do
  code=0
  montimer --instance $name compile >/tmp/said 2>&1 || code=$?
  ((code == 2)) || fail "$name: exit $code: $(cat /tmp/said)"
done

step "a state directory is that of one instance"
printf 'state_dir: /var/lib/montimer\n' >>/etc/montimer/other.yaml
code=0
other compile >/tmp/said 2>&1 || code=$?
((code == 2)) && grep -q 'state_dir /var/lib/montimer is also that of the instance of /etc/montimer/config.yaml' /tmp/said || fail "exit $code: $(cat /tmp/said)"
sed -i '/state_dir/d' /etc/montimer/other.yaml

step "both tick, each in its own place"
montimer compile >/tmp/said
! grep other /tmp/said || fail "$(cat /tmp/said)"
other compile >/tmp/said
! grep -v montimer-other /tmp/said || fail "$(cat /tmp/said)"
[[ -z $(montimer compile 2>/dev/null) && -z $(other compile 2>/dev/null) ]] || fail "they undo each other"
systemd-analyze verify --man=no --recursive-errors=no $units/montimer* >/tmp/said 2>&1 || true
[[ ! -s /tmp/said ]] || fail "verify: $(cat /tmp/said)"
systemctl daemon-reload
systemctl enable --now montimer.target montimer-other.target 2>/dev/null
within 60 says montimer-job-beat.service "in /srv/app, state /var/lib/montimer, instance none"
within 60 says montimer-other-job-beat.service "in /srv/other, state /var/lib/montimer-other, instance other"
! says montimer-job-beat.service /srv/other || fail "one runs in the other's checkout"
! says montimer-other-job-beat.service /srv/app || fail "one runs in the other's checkout"
[[ -n $(journalctl -q --no-pager -u montimer-other-job-beat.service MONTIMER_INSTANCE=other) ]] || fail "no field in the journal"
[[ -z $(journalctl -q --no-pager -u montimer-job-beat.service MONTIMER_INSTANCE=other) ]] || fail "a field of the other instance"
healthy

step "list says which"
montimer list | grep '^beat ' >/dev/null || fail "$(montimer list)"
other list | grep '^other/beat ' >/dev/null || fail "$(other list)"
other list -o json | grep '"instance":"other"' >/dev/null || fail "$(other list -o json)"
! montimer list -o json | grep instance || fail "$(montimer list -o json)"
runuser -u deploy -- env MONTIMER_INSTANCE=other montimer list | grep '^other/beat ' >/dev/null || fail "the variable does not select it"
runuser -u deploy -- env MONTIMER_INSTANCE=other montimer list --instance default | grep '^beat ' >/dev/null || fail "the flag does not win"

step "records and locks"
systemctl start --no-block montimer-job-long.service montimer-other-job-long.service
within 60 eval '(($(pgrep -c -u deploy -x sleep) == 2))'
for instance in default other; do
  code=0
  runuser -u deploy -- montimer --instance $instance exec long >/tmp/said 2>&1 || code=$?
  ((code == 75)) || fail "$instance: exit $code: $(cat /tmp/said)"
done
code=0
other run long >/tmp/said 2>&1 || code=$?
grep -q 'other/long is already running' /tmp/said || fail "exit $code: $(cat /tmp/said)"
wake
within 60 resting 'montimer-*job-long.service'
ids() { runuser -u deploy -- sqlite3 -cmd '.timeout 60000' "$1/monitoring.db" 'SELECT id FROM montimer_runs ORDER BY 1' 2>/dev/null; }
recorded() { [[ $(ids "$1") ]]; }
within 60 recorded /var/lib/montimer
within 60 recorded /var/lib/montimer-other
[[ -n $(ids /var/lib/montimer) && -n $(ids /var/lib/montimer-other) ]] || fail "no records"
[[ -z $(comm -12 <(ids /var/lib/montimer) <(ids /var/lib/montimer-other)) ]] || fail "runs in both databases"

step "pauses"
other pause beat --until 2h --reason "only there" 2>/tmp/said
grep -q '^other/beat is paused' /tmp/said || fail "$(cat /tmp/said)"
within 60 says montimer-other-job-beat.service "only there"
ticks=$(runs beat)
within 60 eval '(($(runs beat) > ticks + 1))'
! says montimer-job-beat.service "only there" || fail "paused in both"
montimer resume beat 2>&1 | grep '^beat is not paused' >/dev/null || fail "$(montimer resume beat 2>&1)"
other list | grep '^other/beat *paused' >/dev/null || fail "$(other list)"
other resume beat 2>/dev/null

step "pages and outboxes"
: >/run/sent
for unit in montimer-job-fails montimer-other-job-fails; do # as their timers would
  mkdir -p /run/systemd/system/$unit.service.d
  printf '[Service]\nEnvironment=TRIGGER_UNIT=%s.timer\n' $unit >/run/systemd/system/$unit.service.d/tick.conf
done
systemctl daemon-reload
systemctl start montimer-job-fails.service 2>/dev/null || true
within 60 told "*automation: fails*"
systemctl start montimer-other-job-fails.service 2>/dev/null || true
within 60 told "*automation: other/fails*"
grep -F 'other/fails' /run/sent | grep -F 'montimer --instance other logs ' >/dev/null || fail "not its log: $(cat /run/sent)"
within 60 handled
systemctl stop montimer-outbox.timer montimer-other-outbox.timer bot
systemctl mask --runtime montimer-outbox.timer montimer-other-outbox.timer 2>/dev/null
: >/run/sent
other run fails --notify >/dev/null 2>&1 || true
waits() { [[ $($1 notify pending) == *fails* ]]; }
within 60 waits other
! waits montimer || fail "in the outbox of both"
bot
systemctl start montimer-outbox.service
messages 0 || fail "sent by the other's outbox: $(cat /run/sent)"
sent_there() { systemctl start montimer-other-outbox.service && again "other/fails"; }
within 60 sent_there
systemctl unmask --runtime montimer-outbox.timer montimer-other-outbox.timer 2>/dev/null

step "applies"
within 60 handled
before=$(mine)
applies() { journal montimer-apply.service | grep -c '^Starting' || true; }
applied=$(applies)
[[ $(stat -c '%U %G %a' /run/montimer-request.fifo /run/montimer-other-request.fifo | sort -u) == "root deploy 620" ]] || fail "$(ls -l /run/*.fifo)"
jobs_of /srv/other <<'YAML'
profiles:
  beat: { calendar: "*-*-* 04:00:00", tasks: [{ name: one, command: [echo, moved] }] }
YAML
runuser -u deploy -- sh -c 'echo >/run/montimer-other-request.fifo'
moved() { [[ $(systemctl show -P TimersCalendar montimer-other-job-beat.timer) == *"04:00:00"* && $(systemctl show -P LoadState montimer-other-job-long.timer) == not-found ]]; }
within 60 moved
within 60 is montimer-other-apply.service inactive
(($(applies) == applied)) || fail "an apply of the default instance"
[[ $(mine | grep -v stamp) == "$(grep -v stamp <<<"$before")" ]] || fail "changed: $(diff <(echo "$before") <(mine))"
systemctl is-active montimer-job-{beat,fails,long}.timer >/dev/null || fail "a timer of the default instance is off"

step "a hostile merge in one changes nothing of the other"
{
  echo 'profiles:'
  for name in beat job-beat other-job-beat montimer-job-beat job outbox apply failure tmp sync; do
    echo "  $name: { calendar: '2098-01-01', description: 'x [Install] %n', tasks: [{ name: one, command: 'exit 1' }] }"
  done
} | jobs_of /srv/other
other apply >/tmp/done 2>/tmp/said || fail "apply: $(cat /tmp/said)"
! grep -vE ' montimer-other[-.]' /tmp/done || fail "did: $(cat /tmp/done)"
[[ $(mine | grep -v stamp) == "$(grep -v stamp <<<"$before")" ]] || fail "changed: $(diff <(echo "$before") <(mine))"
printf 'profiles: {beat: {cron: "61 * * * *"}}\n' | jobs_of /srv/other
! other apply >/tmp/done 2>&1 || fail "accepted"
[[ -z $(montimer compile 2>/dev/null) ]] || fail "the default instance is not as planned"
ticks=$(runs beat)
within 60 eval '(($(runs beat) > ticks + 1))'

step "one is stopped and taken away, and the other goes on"
systemctl disable --now montimer-other.target 2>/dev/null
for unit in montimer-other-outbox.timer montimer-other-apply.timer montimer-other-apply.socket montimer-other-job-beat.timer; do
  within 60 is $unit inactive
done
for unit in montimer.target montimer-outbox.timer montimer-apply.timer montimer-apply.socket montimer-job-beat.timer; do
  is $unit active || fail "$unit is $(systemctl is-active $unit)"
done
systemctl stop montimer-other-tmp.service
rm -r $units/montimer-other[-.]* /etc/montimer/other.*
systemctl daemon-reload
systemctl reset-failed
[[ -z $(systemctl list-units --plain --no-legend 'montimer-other*') ]] || fail "left: $(systemctl list-units 'montimer-other*')"
healthy

printf 'PASS\n'
