#!/bin/bash
# montimer run: through systemd, as the profile's user, with its exit code.
# Needs: sqlite3
source "${BASH_SOURCE%/*}/lib.sh"
source "${BASH_SOURCE%/*}/bot.inc"
as_deploy() { (cd / && runuser -u deploy -- "$@"); }

# The profile "pulls" is silent for as long as git takes to fetch.
install -d -o deploy -g deploy /srv/remote.git
as_deploy git init -q -b main /srv/app
as_deploy git init -q --bare -b main /srv/remote.git
jobs <<'YAML'
profiles:
  some:
    calendar: "2098-01-01"
    tasks:
      - { name: good, command: "echo good as $(id -un) from $MONTIMER_TRIGGER; printf '\\033[31m'; sleep 1" }
      - { name: bad, command: "echo GREETING is $GREETING; touch /usr/x; exit 3" }
  slow:
    calendar: "2098-01-01"
    tasks: [{ name: nap, command: "while [ ! -e go ]; do sleep 0.1; done; echo awake" }]
  chatty:
    cron: "0 5 1 1 *"
    tasks: [{ name: talk, command: "while sleep 0.1; do echo more; done" }]
  pulls:
    cron: "0 5 1 1 *"
    sync_before_run: true
    tasks: [{ name: one, command: [echo, pulled] }]
  steers:
    cron: "0 5 1 1 *"
    tasks:
      - { name: cursor, command: "echo '-- cursor: s=1;i=2'; logger -- '-- cursor: x'; echo '-- cursor: y' | systemd-cat; sleep 1; echo after it" }
  idle:
    cron: "0 5 1 1 *"
    enabled: false
    tasks: [{ name: one, command: [echo, it ran] }]
  shows:
    cron: "0 5 1 1 *"
    tasks: [{ name: env, command: "env | grep -E '^(PATH|REPO_ROOT|CACHE_DIR|HOME|USER|GREETING|LOG_LEVEL|MONTIMER_(JOBS|CHECKOUT|STATE_DIR))=' | sort" }]
YAML
as_deploy git -C /srv/app add jobs.yaml
as_deploy git -C /srv/app -c user.name=a -c user.email=a@b commit -q -m one
as_deploy git -C /srv/app remote add origin /srv/remote.git
as_deploy git -C /srv/app push -q origin main
echo 'GREETING=50%off' >>/etc/montimer/env
everyday
bot

# run CODE ARGS...: montimer run, and what it says in /tmp/said.
run() {
  local code=0
  montimer run "${@:2}" >/tmp/said 2>&1 || code=$?
  ((code == $1)) || fail "run ${*:2}: exit $code: $(cat /tmp/said)"
}
said() { grep -qF -- "$1" /tmp/said || fail "no \"$1\" in: $(cat /tmp/said)"; }

step "started and left alone"
run 0 slow
said "; see: montimer logs "
within 60 pgrep -u deploy -x sleep >/dev/null
run 0 slow
said "already running"
said "; see: montimer logs "
within 60 logged slow "running task nap"
eval "$(grep -o 'montimer logs .*' /tmp/said)" >/tmp/pasted
grep -q 'Starting montimer-job-slow' /tmp/pasted || fail "the command that run prints does not show the lines of systemd: $(cat /tmp/pasted)"
grep -q 'nap' /tmp/pasted || fail "the command that run prints does not show the run: $(cat /tmp/pasted)"
run 75 slow --task nap
said "another run of this profile is under way"
systemctl stop montimer-job-slow.service

step "followed to its end"
run 1 some --follow
said "good: good as deploy from manual"
said 'good: \x1b[31m'
said "FAIL bad: "
said "failed: 2 tasks, 1 failed"
systemctl reset-failed

step "a follower that is interrupted"
timeout 60 bash -c 'montimer run chatty --follow | head -n 2' >/tmp/said || fail "goes on: $(cat /tmp/said)"
is montimer-job-chatty.service activating || fail "the run has ended with it"
systemctl stop montimer-job-chatty.service
systemctl reset-failed

step "killed"
# follow PROFILE: montimer run --follow in the background, with what it says in /tmp/followed.
follow() {
  montimer run "$1" --follow >/tmp/followed 2>&1 &
  follower=$!
}
# ends CODE TEXT: it ends with that code, and has said that.
ends() {
  local code=0
  wait "$follower" || code=$?
  ((code == $1)) && grep -qF -- "$2" /tmp/followed || fail "exit $code, not $1 with \"$2\": $(cat /tmp/followed)"
}
rm -f /srv/app/go
follow slow
within 60 pgrep -u deploy -x sleep >/dev/null
systemctl kill --signal=KILL montimer-job-slow.service
ends 1 "the run was killed by SIGKILL"
systemctl reset-failed

step "followed while systemd is executed again"
follow slow
within 60 pgrep -u deploy -x sleep >/dev/null
systemctl daemon-reexec
as_deploy touch /srv/app/go
ends 0 "nap: awake"
rm -f /srv/app/go

step "who stops following stops no run"
for signal in TERM INT; do
  follow slow
  within 60 grep -q 'running task nap' /tmp/followed
  kill -$signal $follower
  ends 143 "the run goes on"
  is montimer-job-slow.service activating || fail "the run has ended with it"
done
systemctl stop montimer-job-slow.service
systemctl reset-failed

step "a run says what it waits for"
as_deploy git -C /srv/app config remote.origin.uploadpack "sh -c 'until test -e /srv/answer; do sleep 0.1; done; exec git-upload-pack \"\$@\"' -"
follow pulls
within 60 grep -q 'waiting for the git sync' /tmp/followed
touch /srv/answer
ends 0 "one: pulled"

step "a unit that systemd unloads as soon as its run has ended"
for _ in 1 2 3; do
  follow shows
  ends 0 "ok: 1 task"
done

step "a task does not steer who follows it"
follow steers
ends 0 "cursor: after it"

step "a run that never begins"
# never CODE TEXT LINE: how a run with that line in its unit ends.
never() {
  mkdir -p /run/systemd/system/montimer-job-shows.service.d
  printf '[Service]\n%s\n' "$3" >/run/systemd/system/montimer-job-shows.service.d/x.conf
  systemctl daemon-reload
  follow shows
  ends "$1" "$2"
  rm -r /run/systemd/system/montimer-job-shows.service.d
  systemctl daemon-reload
  systemctl reset-failed
}
never 1 "Result: resources" EnvironmentFile=/nowhere
grep -q 'Failed to load environment files' /tmp/followed || fail "no reason: $(cat /tmp/followed)"
never 217 "217/USER" User=nosuch
never 226 "226/NAMESPACE" ReadWritePaths=/nowhere
never 200 "200/CHDIR" WorkingDirectory=/nowhere
never 203 "203/EXEC" "$(printf 'ExecStart=\nExecStart=/nowhere')"

step "programs of the checkout do not stand in for those of the system"
as_deploy mkdir -p /srv/app/.venv/bin
for name in journalctl systemd-run systemctl git; do
  printf '#!/bin/sh\nid >>/tmp/hooked\n' | as_deploy tee /srv/app/.venv/bin/$name >/dev/null
  as_deploy chmod 755 /srv/app/.venv/bin/$name
done
install -m 666 /dev/null /tmp/hooked
(
  PATH=/srv/app/.venv/bin:$PATH
  run 0 shows --follow
  run 0 shows --task env
  run 0 shows --dry-run
  montimer compile >/dev/null 2>&1
)
! grep uid=0 /tmp/hooked || fail "root ran them"
rm -r /srv/app/.venv

step "the last status is how the run ended"
run 1 some --follow
[[ $(systemctl show -P StatusText montimer-job-some.service) == "failed: 2 tasks, 1 failed, "* ]] || fail "$(systemctl status montimer-job-some.service)"
systemctl reset-failed

step "a run by hand has the environment of the service"
run 0 shows --follow
sed -n 's/^env: //p' /tmp/said >/tmp/service
(($(wc -l </tmp/service) == 10)) || fail "the service has: $(cat /tmp/service)"
run 0 shows --task env
diff <(sed -n 's/^env: //p' /tmp/said) /tmp/service || fail "run --task differs"
as_deploy montimer exec shows >/tmp/said 2>&1 || fail "exec: $(cat /tmp/said)"
diff <(sed -n 's/^env: //p' /tmp/said) /tmp/service || fail "exec of the deploy user differs"
as_deploy montimer run shows --task env >/tmp/said 2>&1 || fail "run --task: $(cat /tmp/said)"
diff <(sed -n 's/^env: //p' /tmp/said) /tmp/service || fail "run --task of the deploy user differs"
as_deploy env GREETING=mine montimer exec shows >/tmp/said 2>&1 && grep -qx 'env: GREETING=mine' /tmp/said || fail "a variable of the caller does not win"
chmod 600 /etc/montimer/env
as_deploy montimer exec shows >/tmp/said 2>&1 || fail "exec: $(cat /tmp/said)"
said "warning: read the environment file of the services: open /etc/montimer/env: permission denied"
chmod 640 /etc/montimer/env

step "a run by hand sends alerts when it is asked to"
within 60 idle
: >/run/sent
run 1 some --task bad
messages 0 || fail "sent: $(cat /run/sent)"
run 1 some --notify
within 60 told "automation: some"
messages 1 || fail "sent: $(cat /run/sent)"

step "a dry run runs nothing"
run 0 some --dry-run
said "[would run] sh -c"
! grep -q "^good: " /tmp/said || fail "it ran: $(cat /tmp/said)"

step "names that are none, and profiles that are off"
for verb in "run shws" "run shws --follow" "run shws --task env" "run shws --dry-run" "exec --dry-run shws" "explain --profile shws" \
  "resume shws" "pause shws --until 1h --reason x"; do
  code=0
  # shellcheck disable=SC2086 # the verb's words
  montimer $verb >/tmp/said 2>&1 || code=$?
  ((code == 2)) || fail "$verb: exit $code: $(cat /tmp/said)"
  [[ $(cat /tmp/said) == 'montimer: unknown profile "shws"; did you mean "shows"; known:'* ]] || fail "$verb: $(cat /tmp/said)"
  ! grep -E '.{81}' /tmp/said || fail "$verb: a line of more than 80 columns"
done
run 2 montimer-job-shows.service
said 'unknown profile "montimer-job-shows.service"; did you mean "shows"'
useradd --system stranger
for verb in "notify pending" "db check"; do
  code=0
  # shellcheck disable=SC2086 # the verb's words
  (cd / && runuser -u stranger -- montimer $verb) >/tmp/said 2>&1 || code=$?
  ((code == 1)) || fail "$verb: exit $code: $(cat /tmp/said)"
  grep -qE 'permission denied: run it as another user: sudo (-u deploy )?montimer '"${verb%% *}" /tmp/said || fail "$verb: $(cat /tmp/said)"
done
run 0 idle
said "profile 'idle' is disabled, skipping"
run 0 idle --task one
said "one: it ran"
code=0
as_deploy montimer run shows >/tmp/said 2>&1 || code=$?
((code == 2)) || fail "exit $code: $(cat /tmp/said)"
said "sudo montimer run shows"
code=0
as_deploy montimer compile --out /usr/local/lib/elsewhere >/tmp/said 2>&1 || code=$?
((code == 1)) || fail "exit $code: $(cat /tmp/said)"
said "sudo montimer compile"

step "root becomes the deploy user"
montimer db init
montimer db check || fail "db check"
montimer sync >/tmp/said 2>&1 || fail "sync: $(cat /tmp/said)"
said "already up to date"
[[ $(find /var/lib/montimer /srv/app -user root) == "" ]] || fail "root has written: $(find /var/lib/montimer /srv/app -user root)"

step "one task, as root: in a service like the profile's"
run 0 some --task good
said "good: good as deploy from manual"
! grep -q bad /tmp/said || fail "more than the task: $(cat /tmp/said)"
run 1 some --task bad
said "GREETING is 50%off"
said "touch: cannot touch '/usr/x': Read-only file system"
run 2 some --task none
said 'unknown task "none"'
run 2 none --task good
healthy

step "one task, as the deploy user: without systemd"
code=0
(cd / && runuser -u deploy -- montimer run some --task good) >/tmp/said 2>&1 || code=$?
((code == 0)) || fail "exit $code: $(cat /tmp/said)"
said "good: good as deploy from manual"

[[ ! -e /srv/app/.local ]] || fail "a state directory of its own"
(cd / && runuser -u deploy -- montimer db init && runuser -u deploy -- montimer db check) >/tmp/said 2>&1 || fail "db: $(cat /tmp/said)"

step "old runs are deleted, at most some at once"
db() { runuser -u deploy -- sqlite3 -cmd '.timeout 60000' /var/lib/montimer/monitoring.db "$1"; }
db "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
  INSERT INTO montimer_runs (id, profile, trigger, attempt, started_at, ended_at, state)
  SELECT 'old' || i, 'some', 'manual', 1, day, day, 'ok'
  FROM (SELECT i, strftime('%Y-%m-%dT00:00:00.000000Z', '2020-01-01', '+' || (i / 10) || ' days') AS day FROM n);
  INSERT OR IGNORE INTO montimer_days SELECT substr(started_at, 1, 10), min(seq) FROM montimer_runs GROUP BY 1"
run 0 some --task good
left=$(db "SELECT count(*) FROM montimer_runs WHERE id LIKE 'old%'")
((left >= 900 && left < 2000)) || fail "$left of 2000 old runs are left"

printf 'PASS\n'
