#!/bin/bash
# The commands of docs/runbook.md, word for word, each after its symptom has been
# made. At the end no command of the page is left that was not run.
# Long.
# Any release.
# Needs: git python3 sqlite3 fuser
source "${BASH_SOURCE%/*}/lib.sh"
source "${BASH_SOURCE%/*}/bot.inc"

as_deploy() { (cd / && runuser -u deploy -- "$@"); }
: >/tmp/ran
minute=$(((10#$(date +%M) + 29) % 59 + 1)) # of hourly, half an hour away: no tick comes meanwhile

# on_page TEXT: the page has it as code.
on_page() { grep -qF -- "\`$1\`" /docs/runbook.md || grep -qxF -- "$1" /docs/runbook.md || fail "the page does not have: $1"; }
# page CODE COMMAND [NAME=VALUE...]: runs a command of the page as root, with what
# the operator puts in place of its capitals. It ends with CODE; /tmp/said has its text.
page() {
  local want=$1 command=$2 code=0 word
  on_page "$command"
  printf '%s\n' "$command" >>/tmp/ran
  shift 2
  [[ $command != *log* && $command != *journal* && $command != *status* && $command != *history* ]] || journalctl --sync
  for word; do command=$(sed -E "s|\\b${word%%=*}\\b|${word#*=}|g" <<<"$command"); done
  (cd / && PAGER=cat SYSTEMD_PAGER=cat bash -c "$command") >/tmp/said 2>&1 || code=$?
  ((code == want)) || fail "$command: exit $code, not $want: $(cat /tmp/said)"
}
said() { grep -qF -- "$1" /tmp/said || fail "no \"$1\" in: $(cat /tmp/said)"; }
never_said() { ! grep -F -- "$1" /tmp/said || fail "it says \"$1\""; }
# symptom TEXT: the page describes it in these words.
symptom() { grep -qF -- "$1" /docs/runbook.md || fail "the page has no row with: $1"; }

install -d -o deploy -g deploy /srv/remote.git /srv/author /srv/module.git
as_deploy git init -q --bare -b main /srv/remote.git
as_deploy git clone -q /srv/remote.git /srv/author 2>/dev/null
as_deploy tee /srv/author/jobs.yaml >/dev/null <<YAML
profiles:
  hourly:
    cron: "$minute * * * *"
    tasks:
      - { name: good, command: "echo hello" }
      - { name: bad, command: "test ! -e broken || exit 3" }
  slow:
    cron: "0 5 1 1 *"
    tasks: [{ name: nap, command: [sleep, "600"] }]
YAML
author() { as_deploy git -C /srv/author -c user.name=a -c user.email=a@b -c protocol.file.allow=always "$@"; }
merge() {
  author add -A
  author commit -q -m "$1"
  author push -q origin HEAD:main
}
merge one
as_deploy git clone -q --no-hardlinks /srv/remote.git /srv/app
everyday
systemctl enable --now montimer.target 2>/dev/null
for unit in job-hourly.timer job-slow.timer outbox.timer apply.timer apply.socket; do within 60 is montimer-$unit active; done
bot

step "what am I looking at, before any run"
page 0 "systemctl list-timers 'montimer-job-*'"
said montimer-job-hourly.timer
page 0 "montimer list"
said "every hour at minute $minute"
page 0 "montimer status"
said "all well: "
page 1 "montimer doctor"
said "fix: "
page 0 "montimer doctor --only ID -o json" ID=target-stopped
said '"status":"ok"'
page 0 "systemctl status 'montimer-job-*.service'"
page 1 "montimer logs NAME" NAME=hourly
said "has no entry of hourly; it has not run yet: montimer status hourly"
page 3 "systemctl status montimer-job-NAME" NAME=hourly # 3: the service is not running
page 0 "montimer notify pending"
page 0 "montimer metrics"
said "montimer_profile_overdue{"
page 0 "montimer compile --diff"
page 1 "montimer db check"
said "the first run creates it, or montimer db init"

step "run a profile"
page 0 "montimer run NAME --dry-run" NAME=hourly
said "[would run]"
page 0 "montimer run NAME --follow" NAME=hourly
said "good: hello"
page 0 "montimer run NAME --task TASK" NAME=hourly TASK=good
page 0 "runuser -u deploy -- montimer exec NAME" NAME=hourly
as_deploy touch /srv/app/broken
page 1 "montimer run NAME --notify" NAME=hourly
within 60 told "automation: hourly"
page 1 "montimer run NAME --follow" NAME=hourly
rm /srv/app/broken
page 0 "montimer run NAME --follow" NAME=hourly

step "what am I looking at, after it"
page 0 "montimer logs NAME" NAME=hourly
said "good: hello"
page 0 "montimer logs NAME --failed" NAME=hourly
said "task bad exited 3"
never_said "good: hello"
on_page "montimer logs NAME --follow"
montimer logs hourly --follow >/tmp/followed 2>&1 &
following=$!
within 60 test -s /tmp/followed
kill -INT "$following"
wait "$following" || fail "following: exit $?: $(cat /tmp/followed)"
echo "montimer logs NAME --follow" >>/tmp/ran
page 3 "systemctl status montimer-job-NAME" NAME=hourly
said 'Status: "ok: 2 tasks, 0 failed'
page 0 "montimer logs NAME --task TASK" NAME=hourly TASK=good
said "good: hello"
never_said "task bad"
page 0 "journalctl -u 'montimer-job-*' -g '^(ok|failed|skipped|interrupted|unrecorded):'"
said "ok: 2 tasks, 0 failed"
never_said "good: hello"
page 0 "montimer history NAME --since 12h" NAME=hourly
said "ok (by hand)"
page 0 "montimer history --missed"
page 0 "montimer history --failed"
said "bad exit 3"
id=$(grep -oEm 1 "[0-9a-f]{32}" /tmp/said)
page 0 "montimer history RUN" RUN="$id"
said "bad   failed"
page 0 "montimer logs RUN" RUN="$id"
said "good: hello"
page 0 "montimer logs RUN --failed" RUN="$id"
said "task bad exited 3"
never_said "good: hello"
page 0 "montimer notify report weekly"
said hourly
page 0 "montimer db check --repair"
page 0 "montimer db init"
page 0 "montimer db check"

step "what tasks remember"
as_deploy sqlite3 -cmd '.timeout 60000' /var/lib/montimer/monitoring.db "INSERT INTO monitor_state VALUES ('cache-id.txt', 'aave', '42', '2026-05-04T10:00:00.000000Z'), ('cache-id.txt', 'old', '1', '2026-05-04T10:00:00.000000Z')"
page 0 "montimer state list"
said "cache-id.txt  2     "
page 0 "montimer state list NAMESPACE" NAMESPACE=cache-id.txt
said "aave  "
page 0 "montimer state get NAMESPACE KEY" NAMESPACE=cache-id.txt KEY=aave
[[ $(</tmp/said) == 42 ]] || fail "get: $(cat /tmp/said)"
page 0 "montimer state set NAMESPACE KEY VALUE" NAMESPACE=cache-id.txt KEY=aave VALUE=43
said 'note: the value of aave was "42"'
page 0 "montimer state rm NAMESPACE KEY" NAMESPACE=cache-id.txt KEY=old
page 0 "montimer state export && echo CACHE_BACKEND=file >>/etc/montimer/env"
[[ $(</var/lib/montimer/cache-id.txt) == aave:43 ]] || fail "exported: $(cat /var/lib/montimer/cache-id.txt)"
as_deploy sed -i 's/43/44/' /var/lib/montimer/cache-id.txt # as a task does
page 0 "sed -i '/^CACHE_BACKEND=/d' /etc/montimer/env && montimer state import --overwrite"
said "files=1 missing=1 imported=1 skipped=0 invalid=0 failed=0 db=/var/lib/montimer/monitoring.db"
page 0 "montimer state get NAMESPACE KEY" NAMESPACE=cache-id.txt KEY=aave
[[ $(</tmp/said) == 44 ]] || fail "get: $(cat /tmp/said)"

step "pause, stop, mask"
page 0 'montimer pause NAME --until 2h --reason "disk swap"' NAME=hourly
page 0 "montimer list"
said "paused"
page 0 "montimer resume NAME" NAME=hourly
page 0 "systemctl stop montimer.target"
within 60 is montimer-job-hourly.timer inactive
page 0 "systemctl start montimer.target"
within 60 is montimer-job-hourly.timer active
montimer run slow
within 60 pgrep -u deploy -x sleep >/dev/null
naps() { [[ $(systemctl show -P StatusText montimer-job-slow.service) == *"running nap"* ]]; }
within 60 naps
page 3 "systemctl status 'montimer-job-*.service'" # 3: one is still starting
said "running nap"
page 0 "systemctl stop montimer-job-NAME.service" NAME=slow
within 60 logged slow "interrupted: "
is montimer-job-slow.service failed || fail "the page says that it is failed: $(systemctl is-active montimer-job-slow.service)"
page 0 "systemctl reset-failed montimer-job-NAME.service" NAME=slow
page 0 "systemctl mask --now montimer-job-NAME.timer" NAME=slow
page 0 "systemctl reset-failed montimer-job-NAME.timer" NAME=slow
page 0 "montimer apply"
said "montimer-job-slow.timer is masked"
page 0 "systemctl unmask montimer-job-NAME.timer" NAME=slow
page 0 "montimer apply"
within 60 is montimer-job-slow.timer active
page 0 "montimer sync"
said "already up to date"
healthy

step "services cannot start: the user or the checkout is gone"
symptom "217/USER"
# broken STATUS: a tick does not begin, is reported, and the journal has the status.
broken() {
  : >/run/sent
  systemctl start montimer-job-hourly.service 2>/dev/null && fail "it started"
  within 60 again "montimer-job-hourly.service failed: exit-code, exited $1: "
  page 0 "montimer logs NAME --failed" NAME=hourly
  said "status=$1"
}
# fixed: after the page's fix the profile runs.
fixed() {
  page 0 "montimer apply"
  systemctl reset-failed
  page 0 "montimer run NAME --follow" NAME=hourly
  within 60 idle
  systemctl reset-failed 2>/dev/null || true
  healthy
}
sed -i.with '/^deploy:/d' /etc/passwd
broken 217/USER
mv /etc/passwd.with /etc/passwd
fixed
mv /srv/app /srv/elsewhere
broken 226/NAMESPACE
mv /srv/elsewhere /srv/app
fixed
printf 'sandbox: host\n' >>/etc/montimer/config.yaml
montimer apply
mv /srv/app /srv/elsewhere
broken 200/CHDIR
mv /srv/elsewhere /srv/app
sed -i '/^sandbox:/d' /etc/montimer/config.yaml
fixed

step "the run hangs"
symptom "Result: timeout"
mkdir -p /run/systemd/system/montimer-job-slow.service.d
printf '[Service]\nTimeoutStartSec=5\nTimeoutStopSec=5\nNotifyAccess=none\n' >/run/systemd/system/montimer-job-slow.service.d/x.conf
systemctl daemon-reload
systemctl start montimer-job-slow.service 2>/dev/null && fail "it did not hang"
page 3 "systemctl status montimer-job-NAME" NAME=slow
said "(Result: timeout)"
rm -r /run/systemd/system/montimer-job-slow.service.d
systemctl daemon-reload
page 0 "journalctl -u montimer-job-NAME -b -1" NAME=slow
within 60 idle
page 0 "systemctl reset-failed montimer-job-NAME.service" NAME=slow

step "one profile never runs"
symptom "one profile never runs"
systemctl mask --now montimer-job-hourly.timer
page 1 "montimer status NAME" NAME=hourly
said "systemctl unmask montimer-job-hourly.timer"
page 0 "montimer history NAME --missed" NAME=hourly
systemctl unmask montimer-job-hourly.timer
systemctl reset-failed
montimer apply
within 60 is montimer-job-hourly.timer active

step "a module is missing since a merge"
symptom "ModuleNotFoundError"
cat >/usr/local/bin/uv <<'SH'
#!/bin/sh
# In place of uv: what it installs is the file wanted.py.
[ "$*" = "sync --frozen" ] && : >wanted.py
SH
chmod 755 /usr/local/bin/uv
as_deploy tee /srv/author/jobs.yaml >/dev/null <<YAML
profiles:
  hourly:
    cron: "$minute * * * *"
    tasks:
      - { name: good, command: "echo hello" }
      - { name: bad, command: "test ! -e broken || exit 3" }
  slow:
    cron: "0 5 1 1 *"
    tasks: [{ name: nap, command: [sleep, "600"] }]
  python:
    cron: "0 5 1 1 *"
    tasks: [{ name: wants, command: [python3, -c, import wanted] }]
YAML
merge python
page 0 "montimer sync"
page 0 "montimer apply"
page 1 "montimer run NAME --follow" NAME=python
said ModuleNotFoundError
page 0 "runuser -u deploy -- sh -c 'cd /srv/app && uv sync --frozen'"
page 0 "montimer run NAME --follow" NAME=python
symptom "on_change: [{ paths: uv.lock, command: uv sync --frozen }]"
as_deploy rm /srv/app/wanted.py
{
  cat /srv/author/jobs.yaml
  printf 'sync:\n  on_change: [{ paths: uv.lock, command: uv sync --frozen }]\n'
} >/tmp/jobs.yaml
as_deploy tee /srv/author/jobs.yaml </tmp/jobs.yaml >/dev/null
merge on_change
page 0 "montimer sync"
as_deploy touch /srv/author/uv.lock
merge uv.lock
page 0 "montimer sync"
page 0 "montimer run NAME --follow" NAME=python

step "a check forgets, and a merge does not arrive"
symptom "its memory is in the database"
chown root: /var/lib/montimer/monitoring.db
page 1 "montimer db check"
said "belongs to user 0"
eval "$(grep -o 'chown --reference.*' /tmp/said)"
page 0 "montimer db check"
symptom "a merge does not arrive"
code=0
montimer status >/tmp/said 2>&1 || code=$?
said "$(as_deploy git -C /srv/app rev-parse --short=8 HEAD)"

step "the repository is damaged"
symptom "the repository is damaged"
echo 1 | as_deploy tee /srv/author/two >/dev/null
merge two
find /srv/app/.git/objects -type f -exec truncate -s 0 {} +
as_deploy touch /srv/app/untracked
code=0
montimer sync >/tmp/said 2>&1 || code=$?
((code == 1)) || fail "sync: exit $code: $(cat /tmp/said)"
said "the repository is damaged: montimer sync --repair"
page 0 "montimer sync --repair"
[[ -e /srv/app/two && -e /srv/app/untracked && $(echo /srv/app/.git.damaged-*) != *'*' ]] || fail "not repaired: $(ls -A /srv/app)"
as_deploy git -C /srv/app config --unset remote.origin.url
code=0
montimer sync >/tmp/said 2>&1 || code=$?
((code == 1)) || fail "sync: exit $code: $(cat /tmp/said)"
said "montimer sync --repair --url URL"
page 0 "montimer sync --repair --url URL" URL=/srv/remote.git
page 0 "montimer sync"
said "already up to date"

step "a process holds a lock"
# holds LOCK: a process that is none of montimer's holds that file of the state directory.
holds() {
  as_deploy flock "/var/lib/montimer/$1" sleep 600 &
  held() { ! as_deploy flock --nonblock "/var/lib/montimer/$1" true; }
  within 60 held "$1"
}
let_go() {
  wake
  wait
}
printf 'sync: { timeout: 2s }\n' >>/etc/montimer/config.yaml
symptom "syncs in a row could not begin"
holds sync.lock
for _ in 1 2 3; do
  code=0
  montimer sync >/tmp/said 2>&1 || code=$?
  ((code != 0)) || fail "it ran: $(cat /tmp/said)"
done
cat /tmp/said
page 0 "fuser -v /var/lib/montimer/sync.lock"
said flock
let_go
sed -i '/^sync:/d' /etc/montimer/config.yaml # a slow machine needs more
page 0 "montimer sync"
symptom "outbox.lock is held by a process that sends nothing"
holds outbox.lock
page 0 "fuser -v /var/lib/montimer/outbox.lock"
said flock
let_go

step "git does not answer"
symptom "git does not answer"
as_deploy mkfifo /srv/app/.git/index.new
page 0 "find /srv/app/.git -type p"
said /srv/app/.git/index.new
rm /srv/app/.git/index.new

step "submodules"
symptom "submodules that are not checked out"
as_deploy git init -q -b main /srv/module.git
as_deploy git -C /srv/module.git -c user.name=a -c user.email=a@b commit -q --allow-empty -m one
author submodule --quiet add /srv/module.git part
merge module
as_deploy git config --global protocol.file.allow always
montimer sync >/tmp/said 2>&1 || true
said "submodules that are not checked out"
page 0 "runuser -u deploy -- git -C /srv/app submodule update --init --recursive"
montimer sync >/tmp/said 2>&1 || fail "sync: $(cat /tmp/said)"
never_said "not checked out"

step "units lag behind jobs.yaml"
symptom "a page that units lag behind"
page 3 "systemctl status montimer-apply.socket montimer-apply.service" # 3: the service is not running
page 0 "systemctl enable --now montimer-apply.socket"
page 0 "systemctl restart montimer-job-NAME.timer" NAME=hourly
page 0 "montimer apply"

step "Telegram is silent"
symptom "LOG_LEVEL is DEBUG: nothing is sent"
echo LOG_LEVEL=DEBUG >>/etc/montimer/env
code=0
montimer notify test >/tmp/said 2>&1 || code=$?
((code == 1)) || fail "notify test: exit $code: $(cat /tmp/said)"
said "LOG_LEVEL is DEBUG: nothing is sent"
page 0 "sed -i '/^LOG_LEVEL=/d' /etc/montimer/env && montimer notify flush"
page 0 "montimer notify test"
echo TELEGRAM_TEST_CHAT_ID=-100t >>/etc/montimer/env
page 0 "montimer notify test"
said "TELEGRAM_TEST_CHAT_ID is set"
page 0 "sed -i '/^TELEGRAM_TEST_CHAT_ID=/d' /etc/montimer/env && montimer notify test"
never_said "TELEGRAM_TEST_CHAT_ID is set"
symptom "nowhere to send to"
mv /etc/montimer/env /etc/montimer/away
install -m 640 -g deploy /dev/null /etc/montimer/env
as_deploy touch /srv/app/broken
montimer run hourly --notify >/dev/null 2>&1 && fail "it did not fail"
rm /srv/app/broken
page 0 "montimer notify pending"
said hourly
page 1 "montimer notify test"
said "nowhere to send to"
page 0 "montimer notify drop ID" ID="$(runuser -u deploy -- sqlite3 -cmd '.timeout 60000' /var/lib/montimer/monitoring.db 'SELECT min(id) FROM montimer_outbox')"
mv /etc/montimer/away /etc/montimer/env
page 0 "montimer notify flush"
said "none waiting"

step "the server"
# serve TEXT: the setting.
serve() {
  sed -i /^serve:/d /etc/montimer/config.yaml
  printf 'serve: %s\n' "$1" >>/etc/montimer/config.yaml
  page 0 "montimer apply"
}
# asked STATUS NAME TEXT: what the server answers for that name.
asked() {
  exec 3<>/dev/tcp/127.0.0.1/8923
  printf 'GET /v1/alerts HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$2" >&3
  cat <&3 >/tmp/said
  exec 3>&-
  said "HTTP/1.1 $1 "
  said "$3"
}
serve '{}'
within 60 is montimer-api.socket active
page 0 "systemctl status montimer-api.socket"
symptom "this server is not known as …"
asked 421 status.example.org "this server is not known as"
journalctl --sync
page 0 "journalctl -u montimer-api.service"
said '"GET /v1/alerts HTTP/1.1" 421 '
serve '{hosts: [status.example.org]}'
asked 200 status.example.org next_cursor
symptom "no list of tokens that it can use"
serve '{token_file: /etc/montimer/tokens}'
asked 503 localhost "no list of tokens that it can use"
page 1 "montimer doctor"
said "the token file /etc/montimer/tokens is missing"
symptom "no answer from the server"
systemctl stop montimer-api.service 2>/dev/null
page 0 "systemctl restart montimer-api.socket"
sed -i /^serve:/d /etc/montimer/config.yaml
page 0 "montimer apply"

step "the database is damaged"
install -d -o deploy -g deploy /var/backups/montimer
page 0 "montimer db backup /var/backups/montimer"
said /var/backups/montimer/monitoring-20
printf 'backup: {dir: /var/backups/montimer}\n' >>/etc/montimer/config.yaml
for command in "montimer db restore" "montimer db restore --empty"; do
  rm -f /var/lib/montimer/monitoring.db-*
  head -c 20000 /dev/urandom >/var/lib/montimer/monitoring.db
  page 1 "montimer db check"
  said "montimer db restore"
  page 0 "$command"
  said "the database before that is"
  page 0 "montimer db check"
done
symptom "the backup of the database … failed"
page 0 "montimer db check"
page 0 "montimer run NAME --follow" NAME=hourly
within 60 idle

step "the jobs move away, and back"
page 0 "montimer retire"
is montimer.target inactive || fail "the target is $(systemctl is-active montimer.target)"
page 0 "montimer takeover DIR" DIR=/var/backups/montimer
within 60 is montimer-job-hourly.timer active
symptom 'a page "taken over from …"'
within 60 told "taken over from"
page 0 "montimer notify flush --set-aside"

step "no command of the page is left"
# Left out: what asks a machine of others.
echo 'curl -sS https://api.telegram.org/' >>/tmp/ran
{
  grep -oP '`\K(systemctl|journalctl|montimer|runuser|fuser|sed|curl|sqlite3|mv|git|find) [^`]+(?=`)' /docs/runbook.md
  awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' /docs/runbook.md
} | sort -u >/tmp/commands
[[ -s /tmp/commands ]] || fail "the page has no commands"
left=$(grep -vxFf /tmp/ran /tmp/commands || true)
[[ ! $left ]] || fail "never run here: $left"

printf 'PASS\n'
