#!/bin/bash
# Backups as the units make them: where no task can write; a failure is reported once;
# montimer db restore while the server has the database open, and not while a run goes.
# Any release.
# Needs: python3 sqlite3
source "${BASH_SOURCE%/*}/lib.sh"
source "${BASH_SOURCE%/*}/bot.inc"
as_deploy() { (cd / && runuser -u deploy -- "$@"); }
state=/var/lib/montimer
timer=montimer-backup.timer
service=montimer-backup.service

install -d -m 750 -o deploy -g deploy /srv/backup
printf 'serve: {}\nsandbox: {tight: strict}\nbackup: {every: 1h, dir: /srv/backup, keep: 2}\n' >>/etc/montimer/config.yaml
# The first backup is not made by itself in the middle of a step.
install -d /etc/systemd/system/$timer.d
printf '[Timer]\nOnBootSec=\nOnActiveSec=1d\n' >/etc/systemd/system/$timer.d/later.conf
jobs <<'YAML'
profiles:
  usual: { calendar: "2098-01-01 00:17", tasks: [{ name: spoil, command: "! touch /srv/backup/usual" }] }
  tight: { calendar: "2098-01-01 00:17", tasks: [{ name: spoil, command: "! touch /srv/backup/tight" }] }
  long: { calendar: "2098-01-01 00:17", tasks: [{ name: nap, command: "exec sleep 600" }] }
YAML
bot
montimer apply >/dev/null 2>&1
within 60 is montimer.target active
within 60 is $timer active
[[ " $(systemctl show -P Upholds montimer.target) " == *" $timer "* ]] || fail "the target does not uphold $timer"

step "a backup, as the deploy user, in a directory that no task can write to"
as_deploy touch /srv/backup/control # it is the sandbox that keeps the tasks out
montimer run usual --follow >/tmp/said 2>&1 || fail "sandbox default: $(cat /tmp/said)"
montimer run tight --follow >/tmp/said 2>&1 || fail "sandbox strict: $(cat /tmp/said)"
as_deploy sqlite3 $state/monitoring.db "INSERT INTO monitor_state VALUES ('n', 'k', 'of the backup', '')"
for _ in 1 2 3; do systemctl start $service; done
[[ $(ls /srv/backup | grep -vc '^monitoring-[0-9]\{8\}T[0-9]\{6\}Z\.db$') == 2 ]] || fail "more than control and owner.json: $(ls -A /srv/backup)"
backups=(/srv/backup/monitoring-*.db)
[[ ${#backups[@]} == 2 && $(stat -c '%U %a' "${backups[1]}") == "deploy 640" ]] || fail "$(ls -lA /srv/backup)"
montimer status >/tmp/said 2>&1 || fail "$(cat /tmp/said)"
[[ $(montimer doctor --only backup-late) == "all well: 1 check" ]] || fail "$(montimer doctor --only backup-late)"
[[ $(montimer metrics) == *$'\nmontimer_backup_last_success_timestamp_seconds '[1-9]* ]] || fail "no metric"

step "one that fails is reported once, and again when that is over"
mv /srv/backup /srv/away
for _ in 1 2; do
  ! systemctl start $service || fail "it succeeds without a directory"
done
within 60 again "the backup of the database to /srv/backup failed: "
told "the backup of the database to /srv/backup failed: " || fail "$(cat /run/sent)"
! montimer status >/tmp/said 2>&1 || fail "$(cat /tmp/said)"
grep -q "backups fail: " /tmp/said || fail "$(cat /tmp/said)"
mv /srv/away /srv/backup
systemctl start $service
within 60 again "the database is backed up again: "
messages 2 || fail "$(cat /run/sent)"

step "no restore while a run goes"
montimer run long >/dev/null 2>&1
within 60 pgrep -u deploy -x sleep >/dev/null
code=0
montimer db restore >/tmp/said 2>&1 || code=$?
[[ $code == 75 ]] && grep -q 'long is running: .*systemctl stop montimer-job-long.service' /tmp/said || fail "$code: $(cat /tmp/said)"
wake
within 60 idle

step "a restore while the server has the database open"
# alerts N: so many does the server have.
alerts() { [[ $(python3 -c 'import json, urllib.request; print(len(json.load(urllib.request.urlopen("http://127.0.0.1:8923/v1/alerts?limit=100"))["data"]))' 2>/dev/null) == "$1" ]]; }
as_deploy sqlite3 $state/monitoring.db "DELETE FROM alert_events; INSERT INTO alert_events (created_at, source, protocol, message) VALUES ('2026-01-01T00:00:00.000000Z', 's', 'p', 'm')"
systemctl start $service
as_deploy sqlite3 $state/monitoring.db "DELETE FROM alert_events; UPDATE monitor_state SET value = 'later'"
within 60 alerts 0
began=$(systemctl show -P InvocationID montimer-api.service)
montimer db restore >/tmp/said 2>&1 || fail "$(cat /tmp/said)"
within 60 alerts 1
[[ $(systemctl show -P InvocationID montimer-api.service) == "$began" ]] || fail "the server was started again"
[[ $(as_deploy sqlite3 $state/monitoring.db "SELECT value FROM monitor_state") == "of the backup" ]] || fail "it is not the backup"
kept=("$state"/monitoring.db.before-*)
[[ $(stat -c %U "${kept[0]}" $state/monitoring.db | sort -u) == deploy ]] || fail "$(ls -l $state)"
[[ $(as_deploy sqlite3 "${kept[0]}" "SELECT value FROM monitor_state") == later ]] || fail "the old database is not kept"
montimer db check || fail "db check"
[[ $(montimer db prune --days 1) == 'Pruned 1 alert rows older than 1 days' ]] || fail "db prune"
within 60 alerts 0

step "without the setting"
sed -i /^backup:/d /etc/montimer/config.yaml
for _ in 1 2; do montimer apply >/tmp/said 2>&1 || fail "$(cat /tmp/said)"; done
is $timer inactive && [[ ! -e /usr/local/lib/systemd/system/$timer ]] || fail "$timer is still there"
systemctl reset-failed
healthy
echo PASS
