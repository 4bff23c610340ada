#!/bin/bash
# montimer doctor: a healthy host gives one line; each fault of the table below is
# planted, found by its id, fixed by the command that doctor prints, and then gone.
# Where the command opens an editor or asks for a value, the table has what a person
# would type: a script of sed for the file, or a line.
# Long.
# Needs: git python3 sqlite3
source "${BASH_SOURCE%/*}/lib.sh"
source "${BASH_SOURCE%/*}/bot.inc"

# The Bot API knows the bots and chats of two files, and a heartbeat one path.
cat >/run/bot.py <<'PY'
import http.server, json
class Bot(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        self.send_response(status); self.end_headers(); self.wfile.write(json.dumps(body).encode())
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = self.path.split("?")[0].strip("/").split("/")
        if parts[0] == "ping":
            return self.answer(200 if parts == ["ping", "known", "log"] else 404, {})
        if parts[0] not in ("bot111:DEF", "bot333:ABC"):
            return self.answer(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
        if parts[1] == "getChat" and json.loads(body)["chat_id"] not in ("-100a", "-100b"):
            return self.answer(400, {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"})
        self.answer(200, {"ok": True, "result": {}})
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer(("127.0.0.1", 8199), Bot).serve_forever()
PY
cat >>/etc/montimer/env <<'ENV'
MONTIMER_HEARTBEAT=http://127.0.0.1:8199/ping/known
ENV
# Nothing runs of itself while faults are planted.
install -d /etc/systemd/system/montimer-outbox.timer.d
printf '[Timer]\nOnBootSec=\nOnUnitInactiveSec=\nOnActiveSec=1d\n' >/etc/systemd/system/montimer-outbox.timer.d/never.conf

as_deploy() { (cd / && runuser -u deploy -- "$@"); }
author() { as_deploy git -C /srv/author -c user.name=a -c user.email=a@b "$@"; }
install -d -o deploy -g deploy /srv/remote.git /srv/author
as_deploy git init -q --bare -b main /srv/remote.git
as_deploy git clone -q /srv/remote.git /srv/author 2>/dev/null
as_deploy tee /srv/author/jobs.yaml >/dev/null <<'YAML'
sync:
  on_change: [{ paths: [uv.lock], command: "true" }]
profiles:
  job:
    calendar: "2098-01-01 00:17"
    sync_before_run: true
    tasks: [{ name: work, command: "test ! -e /srv/broken" }]
YAML
as_deploy sh -c 'cd /srv/author && echo 1 >uv.lock && echo .venv >.gitignore'
merge() {
  author add -A
  author commit -q -m "$1"
  author push -q origin HEAD:main
}
merge one
as_deploy git clone -q --no-hardlinks /srv/remote.git /srv/app
as_deploy mkdir -p /srv/app/.venv/lib/python3/site-packages
printf '#!/bin/sh\nexit 0\n' >/usr/local/bin/uv
chmod +x /usr/local/bin/uv
bot
montimer apply 2>/dev/null
within 60 is montimer.target active
montimer run job --follow >/dev/null
montimer db init

cat >/run/editor <<'SH'
#!/bin/bash
exec sed -i -f /run/answer "${@: -1}"
SH
chmod +x /run/editor
units=/usr/local/lib/systemd/system
state=/var/lib/montimer
env=/etc/montimer/env
config=/etc/montimer/config.yaml
cp -p $env /run/env.good
cp -p $config /run/config.good

# found ID: the check has a finding; its command is then in /run/fix.
found() {
  montimer doctor --only "$1" >/run/look 2>&1 || true
  cat /run/look >>/run/looks
  grep -qE "^(fault|warning) +$1: " /run/look && sed -n '0,/^ *fix: /s/^ *fix: //p' /run/look >/run/fix && [[ -s /run/fix ]]
}
# well ID: the check finds nothing.
well() { [[ $(montimer doctor --only "$1") == "all well: 1 check" ]]; }
planted=0
# fault ID PLANT [ANSWER]: ANSWER is what a person would type.
fault() {
  local id=$1 fix
  eval "$2" >/run/planted 2>&1 || fail "$id: cannot be planted: $(cat /run/planted)"
  printf '%s\n' "${3-}" >/run/answer
  within 60 found "$id"
  fix=$(cat /run/fix)
  printf '%-18s %s\n' "$id" "$fix"
  (cd /root && EDITOR=/run/editor bash -c "$fix") </run/answer >/run/fixed 2>&1 || fail "$id: its fix fails: $fix: $(cat /run/fixed)"
  within 60 well "$id"
  planted=$((planted + 1))
}
# later COMMAND...: what a fix leaves that is not as on the healthy host.
later() { "$@" >/run/later 2>&1 || fail "$*: $(cat /run/later)"; }
restore() {
  cp -p /run/env.good $env
  cp -p /run/config.good $config
  as_deploy git -C /srv/app checkout -q .
  later montimer apply
}
# sql TEXT: as a task would.
sql() { as_deploy sqlite3 -cmd '.timeout 60000' $state/monitoring.db "$1"; }

# all_well: doctor gives one line. The memory is that of the machine.
all_well() { montimer doctor --strict --skip memory >/tmp/said 2>&1 && [[ $(cat /tmp/said) == "all well: "*" checks" && $(wc -l </tmp/said) == 1 ]]; }

step "the journal, and then a healthy host"
rm -rf /etc/needrestart # of this machine, if it has it
fault journal-volatile true
within 60 all_well
cat /tmp/said
TIMEFORMAT='doctor took %R s, %U s of them in user mode' # for people: no test judges it
time montimer doctor --skip memory >/dev/null

step "host settings"
fault settings "echo 'chekout: /x' >>$config" /chekout/d
fault run-as "sed -i 's/deploy/worker/' $config"
later userdel worker
restore

step "units"
fault unit-missing "rm $units/montimer-job-job.timer"
fault unit-drifted "as_deploy sed -i s/:17/:18/ /srv/app/jobs.yaml"
restore
fault unit-version "echo 'umask: 0027' >>$config"
restore
fault unit-edited "echo '# mine' >>$units/montimer-job-job.service"
fault unit-failed "touch /srv/broken; systemctl start montimer-job-job; rm /srv/broken"
fault unit-masked "systemctl mask --now montimer-job-job.timer"
fault unit-masked "systemctl mask --runtime montimer-failure@.service"
dropin() { install -d "/etc/systemd/system/$1.d" && printf "$2" >"/etc/systemd/system/$1.d/test.conf" && systemctl daemon-reload; }
undrop() { rm -rf "/etc/systemd/system/$1.d" && systemctl daemon-reload; }
fault unit-refused "dropin montimer-job-job.timer '[Timer]\nOnCalendar=\n'"
undrop montimer-job-job.timer
fault unit-condition "dropin montimer-job-job.timer '[Unit]\nConditionPathExists=/nowhere\n'; systemctl restart montimer-job-job.timer"
undrop montimer-job-job.timer
fault unit-unread "touch $units/montimer-job-job.service"
fault unit-path "echo 'unit_dir: /opt/units' >>$config"
fault target-stopped "systemctl stop montimer.target"
fault target-disabled "systemctl disable montimer.target"
fault timer-not-upheld "sed -i /Upholds=montimer-job-job/d $units/montimer.target; systemctl daemon-reload"
fault helper-missing "rm $units/montimer-outbox.timer"
fault helper-stopped "sed -i /Upholds=montimer-outbox/d $units/montimer.target; systemctl daemon-reload; systemctl stop montimer-outbox.timer"
later montimer apply
fault helper-failed "dropin montimer-outbox.service '[Service]\nExecStart=\nExecStart=/bin/false\n'; systemctl start montimer-outbox.service; undrop montimer-outbox.service"
within 60 is montimer.target active
healthy

step "paths"
fault jobs "as_deploy sh -c \"echo '  bad: {}' >>/srv/app/jobs.yaml\"" /bad/d
fault checkout-missing "mv /srv/app /srv/gone" /srv/remote.git
rm -rf /srv/app
mv /srv/gone /srv/app
fault checkout-hidden "mv /srv/app /tmp/app; sed -i s:/srv/app:/tmp/app: $config"
fault checkout-owner "chown root /srv/app"
fault checkout-mode "chmod o+w /srv/app"
fault state-missing "echo 'state_dir: /srv/state' >>$config"
later rmdir /srv/state
restore
fault state-hidden "install -d -o deploy /tmp/state; echo 'state_dir: /tmp/state' >>$config"
restore
fault state-owner "chown root $state"
fault state-mode "chmod o+w $state"
fault path-hidden "cp -p $env /tmp/env; echo 'env_file: /tmp/env' >>$config"
restore
fault path-writable "chmod o+w /etc/montimer"
fault binary-missing "cp /usr/local/bin/montimer /usr/local/sbin/mt; echo 'binary: /usr/local/sbin/mt' >>$config; montimer apply; rm /usr/local/sbin/mt"
fault binary-version "printf '#!/bin/sh\necho montimer v0\n' >/usr/local/sbin/mt"
restore
fault needrestart "mkdir -p /etc/needrestart; touch /etc/needrestart/needrestart.conf"
healthy

step "the environment file"
fault env-missing "rm $env"
restore
fault env-owner "chown deploy $env"
fault env-mode "chmod 644 $env"
fault env-crlf "sed -i 's/\$/\r/' $env"
fault env-export "echo '  export A=b' >>$env"
fault env-comment "echo 'A=b  # why' >>$env"
fault env-line "echo nonsense >>$env" /nonsense/d
fault log-level "echo LOG_LEVEL=loud >>$env"
fault log-debug "echo ' LOG_LEVEL = debug' >>$env"
fault test-chat "echo TELEGRAM_TEST_CHAT_ID=-100b >>$env"
fault cache-dir "echo CACHE_DIR=/srv/cache >>$env"
restore

step "alerts"
fault alerts-nowhere "sed -i /BOT_TOKEN/d $env" "\$a TELEGRAM_BOT_TOKEN_DEFAULT=111:DEF"
fault alerts-topic "printf 'TELEGRAM_CHAT_ID_TOPICS=-100b\nTELEGRAM_TOPIC_ID_AUTOMATION=x\n' >>$env" s/ID_AUTOMATION=x/ID_AUTOMATION=7/
restore
fault telegram-reach "sed -i s/:8199\$/:8198/ $env" s/:8198/:8199/
fault telegram-address "sed -i s,API_BASE=.*,API_BASE=http://example.org, $env"
restore
fault telegram-bot "sed -i s/111:DEF/222:DEF/ $env" s/222:DEF/111:DEF/
fault telegram-chat "sed -i s/-100a/-100z/ $env" s/-100z/-100a/
fault telegram-chat "echo TELEGRAM_CHAT_ID_DEFAULT=-100z >>$env" /-100z/d
fault heartbeat-unset "sed -i /HEARTBEAT/d $env" "\$a MONTIMER_HEARTBEAT=http://127.0.0.1:8199/ping/known"
fault heartbeat-url "sed -i s/known/gone/ $env" s/gone/known/
other() {
  printf '[Service]\nType=oneshot\nExecStart=/bin/true\nEnvironmentFile=-/etc/other.env\n' >/etc/systemd/system/other.service
  install -m 600 /run/env.good /etc/other.env
}
fault token-shared other s/111:DEF/333:ABC/
fault chat-shared other s/-100a/-100b/
rm /etc/other.env
restore

step "the database"
fault db-owner "chown root $state/monitoring.db"
fault db-mode "chmod o+w $state/monitoring.db"
fault db-schema "sql 'DROP TABLE montimer_commits'"
fault db-trigger "sql 'CREATE TRIGGER mine AFTER INSERT ON alert_events BEGIN SELECT 1; END'"
fault db-rows "sql \"UPDATE montimer_runs SET started_at = 'yesterday'\""
fault db-index "sql \"\$(sql \"SELECT 'DROP INDEX ' || name FROM sqlite_master WHERE name LIKE 'montimer_alert_events_%' LIMIT 1\")\""
fault db-size "sql 'CREATE TABLE big (b); INSERT INTO big VALUES (zeroblob(100000000)); DROP TABLE big'"
# A writer that is killed leaves its log.
fault db-log "as_deploy python3 -c '
import os, sqlite3
db = sqlite3.connect(\"$state/monitoring.db\", isolation_level=None)
db.execute(\"PRAGMA wal_autocheckpoint=0\")
db.execute(\"CREATE TABLE big (b)\")
db.execute(\"INSERT INTO big VALUES (zeroblob(70000000))\")
os.kill(os.getpid(), 9)' || true"
sql "DROP TABLE big; VACUUM"
cat >/run/hold.py <<PY
import pathlib, sqlite3, time
db = sqlite3.connect("$state/monitoring.db", isolation_level=None)
db.execute("BEGIN IMMEDIATE")
pathlib.Path("/tmp/held").touch()
time.sleep(600)
PY
held() { [[ -e /tmp/held ]]; }
fault db-locked "as_deploy python3 /run/hold.py & within 60 held"
fault db-damaged "as_deploy sh -c 'rm -f $state/monitoring.db-*; head -c 20000 /dev/urandom >$state/monitoring.db'"

step "the checkout"
remote() { as_deploy git -C /srv/app remote set-url origin "$1"; }
fault git-remote "remote /srv/nowhere.git" /srv/remote.git
fault git-credentials "remote http://me:secret@127.0.0.1:8199/x.git"
grep -q '^http://me:secret@127.0.0.1' /srv/app/.git-credentials || fail "the credentials are lost"
rm /srv/app/.git-credentials
remote /srv/remote.git
fault git-owner "chown -R root /srv/app/.git"
fault git-unsynced "as_deploy sed -i /sync_before_run/d /srv/app/jobs.yaml"
restore
fault git-behind "echo 2 | as_deploy tee /srv/author/new; merge two; rm -f $state/sync-state.json"
fault git-dirty "as_deploy sh -c 'echo 3 >>/srv/app/new'"
fault venv-stale "as_deploy sh -c 'cd /srv/app && touch -d \"1 hour ago\" .venv/lib/python3/site-packages .venv && touch uv.lock'"
fault venv-onchange "as_deploy sed -i 's/uv.lock/xy.lock/' /srv/app/jobs.yaml" s/xy.lock/uv.lock/
restore
later as_deploy touch /srv/app/.venv # git has written uv.lock again

step "the server"
serve() {
  sed -i /^serve:/d $config
  printf 'serve: %s\n' "$1" >>$config
}
serve '{listen: "127.0.0.1:8197"}'
hog="import socket, time; s = socket.create_server((\"127.0.0.1\", 8197)); time.sleep(600)"
fault serve-port "systemd-run --quiet --unit hog python3 -c '$hog'; within 60 eval '! systemctl is-active -q montimer-api.socket && (echo >/dev/tcp/127.0.0.1/8197)'; montimer apply || true"
within 60 is montimer-api.socket active
fault serve-start "dropin montimer-api.service '[Service]\nExecStart=\nExecStart=/bin/false\n'; (exec 3<>/dev/tcp/127.0.0.1/8197; sleep 600) & sleep 0"
pkill -x sleep || true
undrop montimer-api.service
fault serve-public "dropin montimer-api.socket '[Socket]\nListenStream=0.0.0.0:8196\n'"
undrop montimer-api.socket
serve '{listen: "127.0.0.1:8197", token_file: /etc/montimer/tokens}'
fault serve-tokens true
fault serve-tokens "chmod 644 /etc/montimer/tokens"
fault serve-tokens "chmod 600 /etc/montimer/tokens"
fault serve-tokens "echo short >>/etc/montimer/tokens" /short/d
later montimer apply
within 60 is montimer-api.socket active
rm /etc/montimer/tokens
restore

step "backups"
install -d /etc/systemd/system/montimer-backup.timer.d
printf '[Timer]\nOnBootSec=\nOnUnitActiveSec=\nOnActiveSec=1d\n' >/etc/systemd/system/montimer-backup.timer.d/never.conf
printf 'backup: {dir: /srv/backup}\n' >>$config
fault backup-dir "montimer apply"
fault backup-dir "chown root: /srv/backup"
fault backup-late true
fault owner "as_deploy sed -i 's/\"id\": \".*\"/\"id\": \"of-another\"/; s/\"retired\": false/\"retired\": true/' /srv/backup/owner.json"
fault owner "as_deploy truncate -s 1M /srv/backup/owner.json"
systemctl start montimer-backup.service # writes another one
fault machine-id "as_deploy sed -i 's/\"host\": \".*\"/\"host\": \"twin\"/' /srv/backup/owner.json"
later rm /srv/backup/owner.json # of the twin now
fault db-damaged "as_deploy sh -c 'rm -f $state/monitoring.db-*; head -c 20000 /dev/urandom >$state/monitoring.db'"
grep -qx 'montimer db restore' /run/fix || fail "it does not name the backup: $(cat /run/fix)"
later rm -r /etc/systemd/system/montimer-backup.timer.d
restore
later montimer apply # the second removes the files

step "room, and how long the journal is kept"
fault journal-retention "printf '[Journal]\nMaxRetentionSec=1week\n' >/etc/systemd/journald.conf.d/week.conf"
mkdir -p /var/cache/montimer
small() { mount -t tmpfs -o "mode=750,uid=$(id -u deploy),gid=$(id -g deploy),$1" tmpfs /var/cache/montimer; }
fault disk-space "small size=8m; as_deploy dd if=/dev/zero of=/var/cache/montimer/full bs=1k status=none || true"
umount /var/cache/montimer
fault disk-inodes "small nr_inodes=40; as_deploy sh -c 'for n in \$(seq 60); do mkdir /var/cache/montimer/\$n; done' || true"
umount /var/cache/montimer

step "all is well again, and what a user without rights sees"
within 60 all_well
useradd --system other
runuser -u other -- montimer doctor >/tmp/said || fail "exit code $?: $(cat /tmp/said)"
cat /tmp/said
grep -q '^not checked: .*: permission denied: .*env-crlf' /tmp/said || fail "it does not say what it could not see"
[[ $(tail -n 1 /tmp/said) == "nothing wrong, as far as can be seen: "* ]] || fail "the verdict claims more"
! grep -F -e 111:DEF -e me:secret /run/looks /tmp/said || fail "a secret is shown"
((planted >= 85)) || fail "only $planted faults"
printf '%d faults\nPASS\n' $planted
