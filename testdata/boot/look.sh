#!/bin/bash
# What an operator sees: status, while all kinds of things happen to profiles.
# Long.
# Needs: python3
source "${BASH_SOURCE%/*}/lib.sh"
source "${BASH_SOURCE%/*}/bot.inc"

# The report is not due while this runs: Monday at 8:00 is at another time here.
[[ $(date +%u%H) != 10[78] ]] || ln -sf /usr/share/zoneinfo/Asia/Tokyo /etc/localtime
jobs <<'YAML'
notify: { report: weekly }
profiles:
  good: { calendar: "*:*:0/2", tasks: [{ name: work, command: "true" }] }
  bad: { calendar: "*:*:0/2", tasks: [{ name: work, command: "test -e well" }] }
  quiet: { calendar: "2098-01-01", tasks: [{ name: work, command: "true" }] }
  long: { calendar: "2098-01-01", tasks: [{ name: nap, command: [sleep, "600"] }] }
  idle: { calendar: hourly, enabled: false, tasks: [{ name: work, command: "true" }] }
YAML
everyday
bot
systemctl start montimer.target

# status ARGS...: what it says, and its exit code.
status() { code=0; montimer status "$@" >/tmp/status 2>/tmp/status.err || code=$?; }
# state PROFILE STATE: status says so.
state() {
  status -o json
  python3 -c '
import json, sys
states = {p["profile"]: p["state"] for p in json.load(open("/tmp/status"))["profiles"]}
sys.exit(states.get(sys.argv[1]) != sys.argv[2])' "$@"
}
verdict() { tail -n 1 /tmp/status; }

# agrees: the page says what status says; what is to come next moves with each second.
agrees() {
  status -o json
  python3 -c '
import html, json, re, sys, urllib.request
of = json.load(open("/tmp/status"))
page = html.unescape(urllib.request.urlopen("http://127.0.0.1:8923/").read().decode())
verdict = re.search("<h1>(.*?)</h1>", page)[1].split(", next ")[0]
states = dict(re.findall(r">([^<]+)</a> <span class=\"state [a-z_]+\">([^<]+)</span>", page))
sys.exit(verdict != of["verdict"].split(", next ")[0] or states != {p["profile"]: p["state"].replace("_", " ") for p in of["profiles"]})' 2>/tmp/agrees.err
}
MONITORING_API_PORT=8923 montimer serve >/tmp/serve.log 2>&1 &

# history ARGS...: the states of its entries, a line each, the newest first.
history() {
  montimer history -o json "$@" >/tmp/history 2>/tmp/history.err || fail "history $*: $(cat /tmp/history.err)"
  python3 -c 'import json; [print(e["state"], e["ticks"]) for e in map(json.loads, open("/tmp/history"))]'
}
# has STATE ARGS...: history has an entry in that state.
has() { grep -q "^$1 " <<<"$(history "${@:2}")"; }

# listed PROFILE TEXT: its line in the list says so.
listed() { montimer list 2>/tmp/list.err >/tmp/list; [[ $(grep -E "^$1 " /tmp/list) == *"$2"* ]]; }

step "when what runs: as the timers have it"
for unit in good bad quiet long; do within 60 is montimer-job-$unit.timer active; done
listed good "every 2 seconds" || fail "good: $(cat /tmp/list /tmp/list.err)"
listed idle disabled || fail "idle: $(cat /tmp/list)"
mkdir -p /run/systemd/system/montimer-job-quiet.timer.d
printf '[Timer]\nOnCalendar=\nOnCalendar=2097-03-04\n' >/run/systemd/system/montimer-job-quiet.timer.d/x.conf
systemctl daemon-reload
listed quiet "2097-03-04" || fail "the time is not that of the loaded timer: $(cat /tmp/list)"
listed quiet "overridden by /run/systemd/system/montimer-job-quiet.timer.d/x.conf" || fail "the drop-in is not named: $(cat /tmp/list)"
rm -r /run/systemd/system/montimer-job-quiet.timer.d
systemctl daemon-reload
listed quiet "2098-01-01" || fail "quiet: $(cat /tmp/list)"
sed -i.was 's/calendar: "2098-01-01", tasks: \[{ name: work/calendar: "2096-01-01", tasks: [{ name: work/' /srv/app/jobs.yaml
listed quiet "the timer has another schedule: montimer apply" || fail "a timer that lags: $(cat /tmp/list)"
listed quiet "2098-01-01" || fail "the time of a timer that lags: $(cat /tmp/list)"
mv /srv/app/jobs.yaml.was /srv/app/jobs.yaml
systemctl mask --now montimer-job-long.timer
listed long "masked" || fail "long: $(cat /tmp/list)"
listed long "systemctl unmask montimer-job-long.timer" || fail "no fix: $(cat /tmp/list)"
systemctl unmask montimer-job-long.timer
systemctl reset-failed montimer-job-long.timer
systemctl start montimer-job-long.timer
[[ $(montimer list 2>&1 >/dev/null) == "note: nothing pulls the checkout"* ]] || fail "list has other notes: $(montimer list 2>&1 >/dev/null)"
printf '  new: { calendar: daily, tasks: [{ name: work, command: "true" }] }\n' >>/srv/app/jobs.yaml
listed new "not compiled" || fail "new: $(cat /tmp/list)"
grep -q '1 unit lags\|2 units lag' /tmp/list.err || fail "units that lag: $(cat /tmp/list.err)"
sed -i '/^  new:/d' /srv/app/jobs.yaml
listed good "every 2 seconds" || fail "as the user of the tasks: $(runuser -u deploy -- montimer list)"

step "one profile fails"
within 60 state bad failing
within 60 state good ok
state quiet new || fail "quiet: $(cat /tmp/status)"
state idle disabled || fail "idle: $(cat /tmp/status)"
status
cat /tmp/status
((code == 1)) || fail "exit code $code"
[[ $(verdict) == *"1 of 5 need you: bad failing" ]] || fail "the verdict is $(verdict)"
[[ $(awk 'NR == 2 { print $2 }' /tmp/status) == bad ]] || fail "the worst is not first: $(cat /tmp/status)"

within 60 agrees

montimer history bad --failed -n 1 | tee /tmp/text
grep -qE '^[A-Z][a-z]{2} .* failed +bad +.* work exit 1$' /tmp/text || fail "the history does not say how it failed"
history bad --failed -n 1 >/dev/null
run=$(python3 -c 'import json; print(json.loads(open("/tmp/history").readline())["run"]["run"])')
montimer history "$run" | tee /tmp/text
grep -q "^log:       montimer logs $run" /tmp/text || fail "a run does not name its log"
# The run is on record before its service has ended, which systemd logs last.
has_ended() { [[ $(montimer logs "$run") == *"systemd: montimer-job-bad.service: Failed with result 'exit-code'."* ]]; }
within 60 has_ended
[[ $(bash -c "$(sed -n 's/^log: *//p' /tmp/text)") == *"task work exited 1"* ]] || fail "its log is not shown"
[[ $(bash -c "$(montimer history "$run" -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)["journal"])') -o cat --no-pager") == *"task work exited 1"* ]] || fail "the journalctl command does not show it"

# logs CODE ARGS...: what it shows, and what it says.
logs() { code=0; montimer logs "${@:2}" >/tmp/log 2>/tmp/log.err || code=$?; ((code == $1)) || fail "logs ${*:2}: exit $code, not $1: $(cat /tmp/log /tmp/log.err)"; }
# shown, unshown, said TEXT: the log has it, has it not; why there is none.
shown() { grep -qF -- "$1" /tmp/log || fail "no \"$1\" in the log: $(cat /tmp/log /tmp/log.err)"; }
unshown() { ! grep -F -- "$1" /tmp/log || fail "\"$1\" is in the log"; }
said() { grep -qF -- "$1" /tmp/log.err || fail "no \"$1\" in: $(cat /tmp/log.err)"; }

step "the log of a run, of a task, of a profile; not what others write in its name"
useradd --system other
for user in other deploy; do
  printf 'MESSAGE=forged\nMONTIMER_RUN_ID=%s\nMONTIMER_RUN=%s\nINVOCATION_ID=%s\nMONTIMER_PROFILE=bad\nMONTIMER_TASK=work\nUNIT=montimer-job-bad.service\nOBJECT_SYSTEMD_UNIT=montimer-job-bad.service\nPRIORITY=3\n' "$run" "$run" "$run" |
    runuser -u "$user" -- logger --journald
done
journalctl --sync
[[ $(journalctl -q -o cat --no-pager "MONTIMER_RUN_ID=$run") == *forged* ]] || fail "nothing was forged"
logs 0 "$run"
shown "task work exited 1"
shown "systemd: montimer-job-bad.service: Failed with result 'exit-code'."
unshown forged
logs 0 "$run" -o json
python3 -c '
import json, sys
entries = [json.loads(line) for line in open("/tmp/log")]
assert {e["run"] for e in entries} == {sys.argv[1]} and {e["profile"] for e in entries} == {"bad"}, entries
assert any(e["from_systemd"] for e in entries), entries
assert any(e.get("task") == "work" and e.get("result") == "failed" and not e["from_systemd"] for e in entries), entries
assert entries == sorted(entries, key=lambda e: e["at"]), entries' "$run" || fail "JSON: $(cat /tmp/log)"
logs 0 "$run" --failed
shown "task work exited 1"
unshown forged
logs 0 bad --task work -n 1
unshown forged
(($(wc -l </tmp/log) == 1)) || fail "-n 1: $(cat /tmp/log)"
said "-n 0 shows all"
logs 0 bad -n 0
unshown forged
logs 0 bad --failed
shown "task work exited 1"
logs 1 bad --task nap
said "has no entry of bad of task \"nap\""
logs 1 bad --since 2020-01-01 --until 2020-01-02
said "has no entry of bad since 2020-01-01 00:00:00 until 2020-01-02 00:00:00; its last run began at"
logs 1 quiet
said "it has not run yet: montimer status quiet"
logs 1 good --failed
said "has no failed run of good; no failed run is on record either"
logs 2 gooood
said 'did you mean'
logs 2 gooood --follow
logs 1 "${run//[0-9]/a}"
said "no run with this ID is on record: montimer history"
good=$(montimer history good -n 1 --state ok -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)["run"]["run"])')
logs 1 "$good" --failed
said "nothing failed in run $good: montimer logs $good"
code=0
runuser -u deploy -- montimer logs bad >/tmp/log 2>/tmp/log.err || code=$?
((code == 1)) || fail "as deploy: exit $code"
said "is not readable by this user: sudo montimer logs bad, or join the group systemd-journal"
usermod -aG systemd-journal other
runuser -u other -- montimer logs "$run" >/tmp/log
shown "task work exited 1"

step "a run that never began"
mkdir -p /run/systemd/system/montimer-job-quiet.service.d
printf '[Service]\nExecStart=\nExecStart=/nonexistent\n' >/run/systemd/system/montimer-job-quiet.service.d/x.conf
systemctl daemon-reload
systemctl start montimer-job-quiet.service 2>/dev/null && fail "it began"
never=$(systemctl show -P InvocationID montimer-job-quiet.service)
within 60 journalctl -q -o cat --no-pager "INVOCATION_ID=$never" MESSAGE_ID=d9b373ed55a64feb8242e02dbe79a49c >/dev/null
for what in quiet "quiet --failed" "$never" "$never --failed"; do
  # shellcheck disable=SC2086 # words
  logs 0 $what
  shown "status=203/EXEC"
done
rm -r /run/systemd/system/montimer-job-quiet.service.d
systemctl daemon-reload
systemctl reset-failed

step "following: a run to its end, a profile until nobody reads it, or a signal"
systemctl start --no-block montimer-job-long.service
within 60 state long running
long=$(systemctl show -P InvocationID montimer-job-long.service)
montimer logs "$long" --follow >/tmp/followed 2>&1 &
of_run=$!
montimer logs long --follow >/tmp/followed.profile 2>&1 &
of_profile=$!
montimer logs quiet --follow | head -n 1 >/dev/null & # ends with its first line, of which head has one already
within 60 grep -q "running task nap" /tmp/followed /tmp/followed.profile
kill -0 "$of_run" "$of_profile" || fail "following has ended before the run"
wake
wait "$of_run" || fail "following a run: exit $?: $(cat /tmp/followed)"
grep -q "task nap " /tmp/followed || fail "the end is not shown: $(cat /tmp/followed)"
within 60 grep -q "failed: 1 task" /tmp/followed.profile
kill -INT "$of_profile"
wait "$of_profile" || fail "following a profile: exit $?: $(cat /tmp/followed.profile)"
(exec montimer logs idle --follow) | true # it has nothing to write, and ends when nobody reads
systemctl reset-failed

step "all is well again"
touch /srv/app/well
within 60 state bad ok
status
cat /tmp/status
((code == 0)) || fail "exit code $code"
[[ $(verdict) == *"all well: 5 profiles, next "* ]] || fail "the verdict is $(verdict)"
grep -q '^note: there is no heartbeat, so nobody is told when this host is down: MONTIMER_HEARTBEAT is not set in /etc/montimer/env' /tmp/status || fail "no heartbeat, and no word of it"

step "a run under way, a pause"
systemctl start --no-block montimer-job-long.service
within 60 state long running
montimer pause good --until 1h --reason test
within 60 state good paused
status
((code == 0)) || fail "exit code $code: $(cat /tmp/status)"
within 60 has paused good
within 60 agrees
montimer resume good
wake
# A run by hand begins no incident.
within 60 state long ok
status
grep -q 'started by hand: failed' /tmp/status || fail "long: $(cat /tmp/status)"

step "a timer is masked, just after it has elapsed"
dropin=/run/systemd/system/montimer-job-good.service.d/wait.conf
mkdir -p "${dropin%/*}"
printf '[Service]\nExecStartPre=sh -c "until test -e /srv/app/masked; do sleep 0.1; done"\n' >"$dropin"
systemctl daemon-reload
prepares() { [[ $(systemctl show -P SubState montimer-job-good.service) == start-pre ]]; }
within 60 prepares
systemctl mask --now montimer-job-good.timer
touch /srv/app/masked
rm "$dropin"
systemctl daemon-reload
within 60 state good masked
status
((code == 1)) || fail "exit code $code"
cat /tmp/status
within 60 agrees
# A tick counts as missed a minute after it, when it can no longer be served.
within 120 has missed good --missed

step "the metrics, as the service writes them"
textfiles=/var/lib/prometheus/node-exporter
install -d "$textfiles"
install -d /etc/systemd/system/montimer-metrics.timer.d # it does not run of itself meanwhile
printf '[Timer]\nOnCalendar=\nOnCalendar=2098-01-01\n' >/etc/systemd/system/montimer-metrics.timer.d/later.conf
awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' /deploy/prometheus/README.md >/tmp/block.sh
[[ -s /tmp/block.sh ]] || fail "the page has no block"
(cd / && bash -euxo pipefail /tmp/block.sh) >/tmp/said 2>&1 || fail "$(cat /tmp/said)"
is montimer-metrics.timer active || fail "the timer is not active"
for _ in 1 2 3 4; do # also when no run has the database open
  systemctl start montimer-metrics.service || fail "montimer-metrics.service"
  grep -qx 'montimer_not_seen 0' "$textfiles/montimer.prom" || fail "$(journalctl --sync; journalctl --no-pager -o cat -u montimer-metrics.service)"
done
[[ $(ls -A "$textfiles") == montimer.prom && $(stat -c '%U %a' "$textfiles/montimer.prom") == "root 644" ]] || fail "$(ls -lA "$textfiles")"
# metric NAME{LABELS}: its value, by the service and by the deploy user.
metric() {
  local of
  of=$(grep -F "$1 " "$textfiles/montimer.prom") || fail "no $1: $(cat "$textfiles/montimer.prom")"
  printf '%s\n' "${of##* }"
}
[[ $(metric montimer_needs_attention) == 1 ]] || fail "nobody is needed"
[[ $(metric 'montimer_profile_overdue{profile="good"}') == 1 ]] || fail "a masked profile is not overdue"
[[ $(metric 'montimer_profile_overdue{profile="quiet"}') == 0 && $(metric 'montimer_profile_overdue{profile="idle"}') == 0 ]] || fail "others are"
# They count from the beginning of the month. The newest tick counts when the next
# one is over.
ran() {
  systemctl start montimer-metrics.service || fail "montimer-metrics.service"
  [[ $(metric 'montimer_runs_total{profile="bad",state="ok"}') -gt 0 ]]
}
within 60 ran
missed() {
  systemctl start montimer-metrics.service || fail "montimer-metrics.service"
  metrics=$(metric 'montimer_ticks_missed_total{profile="good",reason="missed"}')
  ((metrics > 0))
}
within 60 missed
shown=$(history good --missed -n 0 | awk '$1 == "missed" { n += $2 } END { print n + 0 }')
((metrics > 0 && metrics <= shown)) || fail "$metrics ticks were missed by the metrics, and later $shown by the history"
# What the deploy user sees is the same but for the values.
same() {
  systemctl start montimer-metrics.service || fail "montimer-metrics.service"
  diff <(runuser -u deploy -- montimer metrics | cut -d' ' -f1 | sort -u) <(cut -d' ' -f1 "$textfiles/montimer.prom" | sort -u) >/tmp/others
}
within 60 same
montimer metrics /dev/null && fail "a device was replaced"
[[ -c /dev/null ]] || fail "/dev/null is no device any more"
systemctl unmask montimer-job-good.timer
within 60 state good ok
montimer history good -n 8

step "the weekly report: once, also for a Monday on which the host was off"
is montimer-report.timer active || fail "its timer is not active"
montimer notify report weekly | tee /tmp/text
grep -q '^❌ bad: .* failed' /tmp/text || fail "the report does not name what failed"
! again 'weekly report' || fail "a report was sent before its time"
touch -d '8 days ago' /var/lib/systemd/timers/stamp-montimer-report.timer
systemctl stop montimer-report.timer # the target starts it again
within 60 eval '[[ $(montimer notify pending) == *weekly\ report* ]] || told "weekly report"'
for _ in 1 2; do
  systemctl start montimer-report.service || fail "montimer-report.service"
done
logs=$(journalctl --sync; journalctl --no-pager -o cat -u montimer-report.service)
[[ $logs == *"report until Mon "*"has been stored already"* && $logs != *"not seen"* ]] || fail "the report: $logs"
within 120 told 'weekly report* / '
grep 'weekly report' /run/sent

step "a user without rights sees what it may see"
useradd --system third
code=0
runuser -u third -- montimer status >/tmp/status 2>&1 || code=$?
cat /tmp/status
grep -q '^not seen: the database: ' /tmp/status || fail "it does not say what it could not see"

step "everything is stopped"
systemctl stop montimer.target
status
((code == 1)) || fail "exit code $code"
[[ $(verdict) == *"all timers are stopped"* ]] || fail "the verdict is $(verdict)"
within 60 listed good "stopped"
within 60 agrees
grep -q "all timers are stopped: montimer.target is inactive: systemctl start montimer.target" /tmp/list.err || fail "list: $(cat /tmp/list.err)"
cat /tmp/status
printf 'PASS\n'
