#!/bin/bash
# compile --diff names exactly the jobs that the reload then starts, and leaves
# no trace.
# Needs: python3
source "${BASH_SOURCE%/*}/lib.sh"

new_host
install -d /var/lib/systemd/timers
stamp() { touch -d "$2" "/var/lib/systemd/timers/stamp-montimer-job-$1.timer"; }

# profile NAME SCHEDULE...: one line of jobs.yaml.
profile() { printf '  %s: { %s, tasks: [{ name: a, command: ["true"] }] }\n' "$1" "$2"; }
never='calendar: "2098-01-01"'

stamp moved '3 days ago'
stamp moved-jitter '3 days ago'
stamp untouched '3 days ago'
stamp back '3 days ago'
stamp back-no-catch-up '3 days ago'
stamp future '1 hour'
{
  echo 'profiles:'
  profile moved "$never"
  profile moved-jitter "$never"
  profile untouched "$never"
  profile activated "$never"
  profile forgetful "$never, catch_up: false"
  profile interval 'every: 20h'
  profile boot "$never"
} | jobs
everyday
systemctl enable --now montimer.target
within 60 is montimer-job-interval.timer active
sleep 8 # so that a new interval of 7 s, counted from boot, is over

hour_ago=$(date -d '1 hour ago' +%H:%M:%S)
second_ago=$(date -d '1 second ago' +%H:%M:%S)
up=$(cut -d. -f1 /proc/uptime) # of the kernel, which has been up for longer than this systemd
{
  echo 'profiles:'
  profile moved "calendar: '$hour_ago'"
  profile moved-jitter "calendar: '$hour_ago', jitter: 1s"
  profile untouched "$never, description: only this"
  profile activated "calendar: '$hour_ago'"
  profile forgetful "calendar: '$second_ago', catch_up: false"
  profile interval 'every: 19h'
  profile boot 'cron: "@reboot", cron_dialect: crontab'
  profile back "calendar: '$hour_ago'"
  profile back-no-catch-up "calendar: '$hour_ago', catch_up: false"
  profile future "calendar: '$hour_ago'"
  profile new "calendar: '$hour_ago'"
  profile new-boot 'cron: "@reboot", cron_dialect: crontab'
  profile new-interval 'every: 7s'
  profile new-long-interval 'every: 20h'
  profile new-interval-of-kernel "every: $((up - 2))s"
} | jobs

# trace is all that could have been touched, and when.
trace() { find /etc /run/montimer /run/systemd/system /usr/local/lib /var/lib /srv -xdev -printf '%p %T@ %C@ %s\n' 2>&1 | sort; }

step "the difference"
systemctl mask --runtime --now montimer-outbox.timer 2>/dev/null # it may write at any moment
within 60 resting 'montimer-outbox*'
trace >/dev/shm/before
code=0
montimer compile --diff -o json >/dev/shm/diff.json || code=$?
((code == 3)) || fail "exit $code"
montimer compile --diff >/dev/shm/diff.txt || true
trace >/dev/shm/after
cmp /dev/shm/before /dev/shm/after || fail "left a trace: $(diff /dev/shm/before /dev/shm/after)"
systemctl unmask --runtime montimer-outbox.timer 2>/dev/null
systemctl reset-failed
grep -A99 '^the reload would start' /dev/shm/diff.txt | sed '/^[^ t]/,$d'

step "the reload"
mark=$(date +%s.%N)
everyday >/dev/null
announced=$(/usr/bin/python3 -c '
import json
print("\n".join(sorted(s["profile"] for s in json.load(open("/dev/shm/diff.json"))["schedules"] if s.get("starts"))))')
# started: the profiles that systemd has started since.
started() { journalctl --sync && journalctl --no-pager -o json --since "@$mark" _PID=1 | /usr/bin/python3 -c '
import json, sys
found = set()
for line in sys.stdin:
    e = json.loads(line)
    if e["MESSAGE"].startswith("Starting montimer-job-"):
        found.add(e["UNIT"].removeprefix("montimer-job-").removesuffix(".service"))
print("\n".join(sorted(found)))'; }
all_started() { [[ -z $(comm -23 <(echo "$announced") <(started)) ]]; }
within 60 all_started
for timer in $(systemctl show -P Upholds montimer.target | grep -o 'montimer-job-[^ ]*'); do
  name=${timer#montimer-job-} name=${name%.timer}
  within 60 settled "$name"
done
[[ $announced == "$(started)" ]] || fail "announced and started differ: $(diff <(echo "$announced") <(started))"
(($(wc -l <<<"$announced") == 7)) || fail "announced: $announced"

step "no difference"
rm -r /etc/systemd/system/montimer-apply.timer.d # of new_host: it is named, too
montimer compile --diff >/dev/shm/diff.txt || fail "exit $?"
[[ ! -s /dev/shm/diff.txt ]] || fail "said: $(cat /dev/shm/diff.txt)"
healthy

step "a binary that is not there"
for verb in compile "compile --diff" apply; do
  code=0
  # shellcheck disable=SC2086 # the verb's words
  said=$(montimer $verb --binary /usr/local/bin/montimer-2 2>&1) || code=$?
  ((code == 2)) && [[ $said == *"stat /usr/local/bin/montimer-2: no such file"* ]] || fail "$verb: exit $code: $said"
done
montimer compile --out /tmp/elsewhere --binary /usr/local/bin/montimer-2 >/dev/null 2>&1 || fail "not for another host either"
montimer compile --diff >/dev/shm/diff.txt || fail "exit $?: $(cat /dev/shm/diff.txt)"

printf 'PASS\n'
