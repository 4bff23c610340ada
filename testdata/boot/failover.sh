#!/bin/bash
# One host dies hard in the middle of a run, another one takes over from its backup, the
# first one comes back and is refused, and takes over again after the other has retired:
# by the commands of docs/failover.md, word for word.
# Hosts: alpha:2 beta:1
# Long.
# Any release.
# Needs: git python3
source "${BASH_SOURCE%/*}/lib.sh"

backups=/shared/backups
# await FILE: another host has made it.
await() { within 300 arrived "$1"; }
arrived() { [[ -e /shared/$1 || -e /shared/failed ]] && { [[ ! -e /shared/failed ]] || fail "the other host has failed"; }; }
signal() { touch "/shared/$1"; }
# sent TEXT: how many messages of all hosts have it.
sent() { grep -cF -- "$1" /shared/sent || true; }
told() { [[ $(sent "$1") == 1 ]]; }
# ran HOST PROFILE: how many runs of it there were on that host, by its own account.
ran() { grep -cx -- "$1 $2" /shared/tasks/ran || true; }
more() { (($(ran "$HOST" "$1") > $2)); }
# on_shared PAGE TITLE [SED]: follow, with the directory of backups that both hosts see.
on_shared() { follow "$1" "$2" "s|/mnt/backup/montimer|$backups|g; ${3-}"; }

# A host after the installation: the same user, settings and checkout on both.
new_host
deluser --quiet deploy 2>/dev/null || userdel deploy
useradd --system --uid 971 --home-dir /srv/app --shell /usr/sbin/nologin deploy
chgrp deploy /etc/montimer/env
rmdir /srv/app
cat >/etc/montimer/env <<'ENV'
TELEGRAM_BOT_TOKEN_DEFAULT=111:DEF
TELEGRAM_CHAT_ID_AUTOMATION=-100a
TELEGRAM_API_BASE=http://127.0.0.1:8199
ENV
printf 'write: [/shared/tasks]\nbackup: { every: 1h, dir: %s, keep: 48 }\n' $backups >>/etc/montimer/config.yaml

if [[ $HOST == beta ]]; then
  # A Bot API that both hosts reach, as it outlives alpha.
  cat >/run/bot.py <<'PY'
import http.server, json
class Bot(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with open("/shared/sent", "a") as f:
            f.write(body["text"].replace("\n", " / ") + "\n")
        self.send_response(200); self.end_headers(); self.wfile.write(b'{"ok":true}')
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer(("127.0.0.1", 8199), Bot).serve_forever()
PY
  : >/shared/sent
  systemd-run --quiet --unit bot /usr/bin/python3 /run/bot.py
  listens() { (: </dev/tcp/127.0.0.1/8199) 2>/dev/null; }
  within 60 listens
  install -d -o deploy -g deploy -m 700 /shared/tasks
  install -o deploy -g deploy /dev/null /shared/tasks/ran
  install -d -o deploy -g deploy /shared/remote.git /srv/author
  cd /srv/author
  runuser -u deploy -- git init -q --bare -b main /shared/remote.git
  runuser -u deploy -- git init -q -b main .
  cat >jobs.yaml <<'YAML'
notify: { repeat_every: 1d }
profiles:
  good:
    calendar: "*:*:0/3"
    tasks: [{ name: count, command: 'echo "$(hostname) good" >>/shared/tasks/ran' }]
  bad: # fails from the beginning
    calendar: "*:*:1/3"
    tasks: [{ name: fail, command: 'echo "$(hostname) bad" >>/shared/tasks/ran; echo broken since ever; exit 1' }]
  late: # fails from a time on
    calendar: "*:*:2/3"
    tasks: [{ name: fail, command: 'echo "$(hostname) late" >>/shared/tasks/ran; if test -e /shared/tasks/late; then echo broken of late; exit 1; fi' }]
  slow:
    cron: "0 5 1 1 *"
    tasks: [{ name: nap, command: 'echo "$(hostname) slow" >>/shared/tasks/ran; sleep 600' }]
YAML
  chown deploy: jobs.yaml
  runuser -u deploy -- git add jobs.yaml
  runuser -u deploy -- git -c user.name=x -c user.email=x@example.org commit -qm one
  runuser -u deploy -- git push -q /shared/remote.git main
  cd /
  signal remote
fi
await remote
install -d -o deploy -g deploy /srv/app
runuser -u deploy -- git clone -q /shared/remote.git /srv/app

case $HOST.$BOOT in
alpha.1)
  step "alpha runs, alerts and backs up"
  on_shared failover "Set up"
  within 60 told "broken since ever"
  within 60 more late 0
  systemctl start --no-block montimer-job-slow.service
  within 60 more slow 0
  systemctl start montimer-backup.service
  grep -q '"host": "alpha"' $backups/owner.json || fail "the owner: $(cat $backups/owner.json)"
  step "alpha dies in the middle of a run"
  signal dead
  ;;

beta.1)
  await dead
  step "beta refuses as long as alpha may run, and changes nothing"
  code=0
  montimer takeover $backups >/tmp/said 2>&1 || code=$?
  ((code == 1)) && grep -q 'the host alpha may still run' /tmp/said && grep -q "montimer takeover $backups --old-host-is-off" /tmp/said || fail "exit $code: $(cat /tmp/said)"
  grep -q '"host": "alpha"' $backups/owner.json && [[ ! -e /var/lib/montimer/monitoring.db && ! -e /etc/montimer/pause ]] || fail "it changed something"

  step "beta takes over in one command"
  on_shared failover "The old host is gone" '/notify/d; s/^montimer takeover [^ ]*$/! &/; s/^montimer takeover .*--dry-run/! &/'
  grep -q 'pause .* apply' <<<"$(tr '\n' ' ' </tmp/said)" || fail "no plan: $(cat /tmp/said)"
  within 60 more good 0
  within 60 told "taken over from alpha"
  grep -F 'taken over from alpha' /shared/sent >/tmp/report
  grep -q 'good: [0-9]* tick' /tmp/report && grep -q 'slow, run ' /tmp/report || fail "the report: $(cat /tmp/report)"
  [[ -z $(ls /etc/montimer/pause) ]] || fail "still paused: $(ls /etc/montimer/pause)"

  step "what the backup knew is not alerted again; what fails now is"
  within 60 more bad 2
  touch /shared/tasks/late
  within 60 told "broken of late"
  told "broken since ever" || fail "alerted twice: $(cat /shared/sent)"
  montimer notify flush
  montimer status >/tmp/said || true
  signal alpha.2

  await refused
  step "beta retires"
  told "taken over from alpha" || fail "reported again"
  on_shared failover "Move on purpose, and back" '/takeover/d'
  grep -q '"retired": true' $backups/owner.json || fail "the owner: $(cat $backups/owner.json)"
  [[ $(systemctl is-enabled montimer.target) == masked ]] || fail "the target is $(systemctl is-enabled montimer.target)"
  before=$(ran beta good)
  ! systemctl start montimer-job-good.service || fail "a retired host runs a service by hand"
  (($(ran beta good) == before)) || fail "a retired host ran a task"
  signal retired
  await back
  ;;

alpha.2)
  step "alpha comes back, runs nothing and says so once"
  before=$(grep -c '^alpha' /shared/tasks/ran)
  montimer compile >/dev/null 2>&1
  systemctl daemon-reload
  systemctl enable --now montimer.target 2>/dev/null
  for profile in good bad late; do
    within 60 logged $profile "skipped: the jobs of this host run on the host beta"
  done
  within 60 told "this host runs no jobs"
  ! montimer notify flush 2>/tmp/said || fail "it sends alerts"
  grep -q 'beta' /tmp/said || fail "said: $(cat /tmp/said)"
  code=0
  montimer status >/tmp/said || code=$?
  ((code == 1)) && grep -q 'run on the host beta' /tmp/said || fail "status: exit $code: $(cat /tmp/said)"
  ! montimer doctor --only owner >/tmp/said 2>&1 || fail "doctor: $(cat /tmp/said)"
  grep -q 'beta' /tmp/said || fail "doctor: $(cat /tmp/said)"
  ! systemctl start montimer-backup.service || fail "it makes a backup"
  (($(grep -c '^alpha' /shared/tasks/ran) == before)) || fail "alpha ran tasks"
  told "this host runs no jobs" || fail "said more than once"
  [[ -z $(grep -F 'host: alpha' /shared/sent | grep -F 'lost:' || true) ]] || fail "alpha reported what beta had"
  signal refused

  await retired
  step "alpha takes over again"
  on_shared failover "Move on purpose, and back" '/retire/d'
  within 60 told "taken over from beta"
  within 60 more bad "$(ran alpha bad)"
  told "broken since ever" && told "broken of late" && told "this host runs no jobs" || fail "alerted twice: $(cat /shared/sent)"
  ! montimer doctor --only owner | grep -F beta || fail "still not the owner"
  signal back
  ;;
esac

printf 'PASS\n'
