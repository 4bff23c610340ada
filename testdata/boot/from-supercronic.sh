#!/bin/bash
# The commands of docs/from-supercronic.md, word for word, with stand-ins for
# supercronic, the Python runner and uv: a planted gap and a planted double are found,
# and each tick is run once, but for those that the page says run twice.
# Long.
# Any release.
# Needs: git python3 sqlite3 flock
source "${BASH_SOURCE%/*}/lib.sh"
source "${BASH_SOURCE%/*}/bot.inc"
bot
period=12

step "the old host"
# supercronic: a line of the crontab starts at its ticks and never beside itself, and
# SIGTERM waits for what runs. What it did with each tick is a line of its log.
cat >/usr/local/bin/supercronic <<'PY'
#!/usr/bin/python3
import os, re, signal, subprocess, sys, threading, time
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
def job(schedule, command):
    first, period = map(int, re.fullmatch(r"(\d+)/(\d+)( \*){6}", schedule).groups()[:2])
    tick, name = int(time.time()) // period * period + first % period, command.split()[-1]
    while True:
        while tick <= time.time():
            tick += period
        if stop.wait(tick - time.time()):
            return
        print("tick", name, tick, flush=True)
        subprocess.run(["sh", "-c", command], env=dict(os.environ, OLD="1"))
        while tick + period <= time.time():
            tick += period
            print("dropped", name, tick, flush=True)
jobs = [threading.Thread(target=job, args=line.rstrip("\n").split("\t")) for line in open(sys.argv[1])]
for j in jobs: j.start()
for j in jobs: j.join()
PY
cat >/usr/local/bin/uv <<'SH'
#!/bin/sh
[ "$*" = "sync --frozen" ] && mkdir -p .venv/bin && ln -sf /usr/bin/python3 .venv/bin/python
SH
chmod 755 /usr/local/bin/{supercronic,uv}

install -d -o deploy -g deploy /srv/remote.git /srv/author /srv/monitoring /srv/cache
git_as_deploy() { runuser -u deploy -- git -C /srv/author -c user.name=x -c user.email=x@example.org "$@"; }
runuser -u deploy -- git init -q --bare -b main /srv/remote.git
git_as_deploy clone -q /srv/remote.git . 2>/dev/null
mkdir -p /srv/author/automation /srv/author/protocols/{safe,aave}
printf '.venv\n__pycache__\n' >/srv/author/.gitignore
# The runner and jobs.yaml, which is JSON too, so that the runner can read it.
cat >/srv/author/automation/__main__.py <<'PY'
import json, os, subprocess, sys
profiles = json.load(open("automation/jobs.yaml"))["profiles"]
if sys.argv[1] == "render-crontab":
    for name, p in profiles.items():
        print(f"{p['cron']}\tflock -n /tmp/automation.{name}.lock python -m automation run {name}")
    sys.exit()
p = profiles[sys.argv[2]]
if p.get("sync_before_run"):
    subprocess.run("git fetch -q origin main && git reset -q --hard origin/main", shell=True)
for t in p["tasks"]:
    subprocess.run([sys.executable, t["script"]], env=dict(os.environ, **p.get("env", {})))
PY
cat >/srv/author/automation/jobs.yaml <<YAML
{ "profiles": {
  "multisig": { "cron": "0/$period * * * * * *", "sync_before_run": true, "tasks": [{ "name": "safe", "script": "protocols/safe/main.py" }] },
  "frequent": { "cron": "6/$period * * * * * *", "env": { "NONCE_FILENAME": "safes.txt" }, "tasks": [{ "name": "aave", "script": "protocols/aave/main.py" }] }
} }
YAML
# A check alerts at each tick, and once of what it then remembers. It stores and sends
# as the scripts of before do.
cat >/srv/author/protocols/safe/main.py <<'PY'
import datetime, http.client, json, os, pathlib, sqlite3, time
protocol = pathlib.Path(__file__).parent.name
cache = pathlib.Path(os.environ["CACHE_DIR"])
db = sqlite3.connect(cache / "monitoring.db", timeout=60)
now = lambda: datetime.datetime.utcnow().isoformat(timespec="microseconds") + "Z"
def alert(text):
    with db: db.execute("INSERT INTO alert_events (created_at, source, protocol, severity, message) VALUES (?, 'protocol', ?, 'HIGH', ?)", (now(), protocol, text))
    c = http.client.HTTPConnection("127.0.0.1", 8199)
    chat = os.environ.get("TELEGRAM_TEST_CHAT_ID") or os.environ["TELEGRAM_CHAT_ID_" + protocol.upper()]
    c.request("POST", "/", json.dumps({"chat_id": chat, "text": text}))
    c.getresponse().read()
def planted(name):
    try: return (cache / f"{name}-{protocol}").unlink() is None
    except FileNotFoundError: return False
if planted("hold-old" if "OLD" in os.environ else "hold-new"): # a run that takes its time
    (cache / "held").touch()
    while (cache / "held").exists(): time.sleep(0.1)
    alert(f"{protocol}: at the end of a long run")
if not planted("gap"): alert(f"{protocol}: TVL {time.time():.1f}")
if planted("double"): alert(f"{protocol}: TVL {time.time():.1f}")
if not db.execute("SELECT 1 FROM monitor_state WHERE key = ?", (protocol,)).fetchone():
    with db: db.execute("INSERT INTO monitor_state VALUES ('cache-id.txt', ?, '7', ?)", (protocol, now()))
    alert(f"{protocol}: proposal 7 is new")
PY
cp /srv/author/protocols/{safe,aave}/main.py
chown -R deploy: /srv/author
git_as_deploy add -A
git_as_deploy commit -q -m one
git_as_deploy push -q origin HEAD:main
runuser -u deploy -- git clone -q /srv/remote.git /srv/monitoring
(cd /srv/monitoring && runuser -u deploy -- uv sync --frozen)
runuser -u deploy -- sqlite3 /srv/cache/monitoring.db "PRAGMA journal_mode=WAL;
  CREATE TABLE alert_events (id INTEGER PRIMARY KEY AUTOINCREMENT, created_at TEXT NOT NULL, source TEXT NOT NULL, protocol TEXT NOT NULL,
    channel TEXT NOT NULL DEFAULT '', severity TEXT, message TEXT NOT NULL, plain_text INTEGER NOT NULL DEFAULT 0, silent INTEGER NOT NULL DEFAULT 0,
    delivery_status TEXT NOT NULL DEFAULT 'generated', delivered_at TEXT, delivery_error TEXT, dedupe_key TEXT, fingerprint TEXT, metadata_json TEXT);
  CREATE TABLE monitor_state (namespace TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, updated_at TEXT NOT NULL, PRIMARY KEY (namespace, key))" >/dev/null
runuser -u deploy -- sh -c 'printf "0xA:7\n" >/srv/cache/safes.txt'
install -d -m 750 -g deploy /etc/monitoring
cat >/etc/monitoring/.env <<'ENV'
TELEGRAM_BOT_TOKEN_DEFAULT=111:DEF
TELEGRAM_API_BASE=http://127.0.0.1:8199
TELEGRAM_CHAT_ID_AUTOMATION=-100live
TELEGRAM_CHAT_ID_SAFE=-100live
TELEGRAM_CHAT_ID_AAVE=-100live
LIQUIDITY_WEBHOOK_URL=https://hook.example.org
CACHE_DIR=/srv/cache
ENV
rm -r /etc/montimer
cat >/etc/systemd/system/monitoring.service <<'UNIT'
[Unit]
Wants=network-online.target
After=network-online.target
[Service]
Type=exec
User=deploy
Group=deploy
WorkingDirectory=/srv/monitoring
Environment=REPO_ROOT=/srv/monitoring PATH=/srv/monitoring/.venv/bin:/usr/local/bin:/usr/bin:/bin LOG_LEVEL=INFO PYTHONUNBUFFERED=1 CACHE_DIR=/srv/cache
ExecStartPre=+/bin/sh -c 'install -d -m 750 -o root -g deploy /etc/monitoring && test -f /etc/monitoring/.env'
EnvironmentFile=/etc/monitoring/.env
ExecStartPre=/bin/sh -c 'python -m automation render-crontab >/tmp/crontab && cat /tmp/crontab'
ExecStart=/usr/local/bin/supercronic /tmp/crontab
Restart=on-failure
RestartSec=10
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
ProtectHome=read-only
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictSUIDSGID=yes
LockPersonality=yes
ReadWritePaths=/srv/cache /srv/monitoring
SyslogIdentifier=monitoring
[Install]
WantedBy=multi-user.target
UNIT
began=$EPOCHSECONDS
systemctl enable --now monitoring.service 2>/dev/null
# old WHAT PROFILE SINCE: how many ticks of a profile since a time it says to have run,
# or dropped.
old() { journal monitoring.service | awk -v what="$1" -v name="$2" -v since="$3" '$1 == what && $2 == name && $3 >= since' | wc -l; }
# ours SINCE [OPTION...]: the ticks of montimer since a time, as lines of JSON.
ours() { montimer "${@:2}" history --since "$(date -d "@$1" '+%F %T')" -n 0 -o json 2>/dev/null; }
# ok PROFILE SINCE [OPTION...]: a tick of the profile since that time has been run.
ok() { ours "$2" "${@:3}" | grep -F "\"profile\":\"$1\",\"state\":\"ok\"" >/dev/null || not_yet; }
# not_yet fails a second later: what looks is not to keep the machine busy.
not_yet() { sleep 1; return 1; }
both_ran() { (($(old tick multisig "$began") && $(old tick frequent "$began"))) || not_yet; }
within 90 both_ran
within 60 told "safe: proposal 7 is new"
within 60 told "aave: proposal 7 is new"

step "a week in the shadow"
follow from-supercronic "A week in the shadow" '/--compare/d' "TEST MODE"
grep -q 'TEST MODE' /tmp/said || fail "the shadow is no trial: $(cat /tmp/said)"
! grep -E 'LIQUIDITY|CACHE_DIR' /etc/montimer/shadow.env || fail "the shadow acts on others"
[[ $(stat -c '%U %G %a' /etc/montimer/shadow.env) == 'root deploy 640' ]] || fail "$(ls -l /etc/montimer)"
is montimer.target inactive || fail "more than the shadow"
shadow=$EPOCHSECONDS
for profile in multisig frequent; do within 90 ok $profile $shadow --instance shadow; done
told "safe: proposal 7 is new" || fail "alerted again"

# compared WANT...: the comparison of the page finds these alerts, each "PROFILE ONLY_OLD
# ONLY_NEW", and no others, but at ticks that one of the two had to pass over, and at
# the last ones, where one of them may still be at work.
compared() {
  local code=0 text
  block from-supercronic "A week in the shadow" | sed -nE "/--compare/s/--since .*/--since '$(date -d "@$shadow" '+%F %T')'/p" >/tmp/compare.sh
  [[ -s /tmp/compare.sh ]] || fail "the page does not compare"
  text=$(sed 's/$/ -o json/' /tmp/compare.sh)
  { bash -c "$text" || true; } >/tmp/compared 2>/dev/null
  { ours "$shadow" --instance shadow; echo; journal monitoring.service; } >/tmp/ticks
  bash /tmp/compare.sh >/tmp/verdict 2>&1 || code=$?
  python3 - $period "$@" <<'PY' || not_yet || return
import datetime, json, sys, time
seconds = lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
passed = set()
for line in open("/tmp/ticks"):
    if line.startswith("dropped"):
        passed.add((line.split()[1], float(line.split()[2])))
    elif line.startswith("{") and (e := json.loads(line))["state"] == "skipped":
        passed.add((e["profile"], seconds(e["at"])))
rows = [json.loads(line) for line in open("/tmp/compared")]
rows_that_differ = [r for r in rows if r["only_old"] + r["only_new"] and (r["profile"], seconds(r["tick"])) not in passed]
said = lambda r: f"{r['profile']} {r['only_old']} {r['only_new']}"
want, period = sys.argv[2:], int(sys.argv[1])
missing = set(want) - {said(r) for r in rows_that_differ}
others = {said(r) for r in rows_that_differ if seconds(r["tick"]) < time.time() - 3 * period} - set(want)
sys.exit(bool(missing or others or not any(r["both"] for r in rows)))
PY
  (($# == 0 || code == 1)) || fail "the comparison ends with $code: $(cat /tmp/verdict)"
}
step "nothing differs; then a gap and a double are found"
within 120 compared
runuser -u deploy -- touch /var/lib/montimer-shadow/{gap-safe,double-aave}
planted() { [[ ! -e /var/lib/montimer-shadow/gap-safe && ! -e /var/lib/montimer-shadow/double-aave ]]; }
within 90 planted
within 120 compared "multisig 1 0" "frequent 0 1"
cat /tmp/verdict
[[ $(grep -cx -- -1001234567890 /run/chats) -gt 0 ]] || fail "nothing in the test chat"
live() { grep -cx -- -100live /run/chats; }
alerts() { runuser -u deploy -- sqlite3 -cmd '.timeout 60000' /srv/cache/monitoring.db 'SELECT count(*) FROM alert_events'; }
(($(live) <= $(alerts))) || fail "the shadow sends to the live chat"

step "live, with the old one on"
live_from=$EPOCHSECONDS
follow from-supercronic "Live"
is monitoring.service active || fail "the old service is off"
for unit in montimer.target montimer-job-multisig.timer montimer-job-frequent.timer; do within 60 is $unit active; done
is montimer-shadow.target inactive || fail "the shadow is on"
[[ $(montimer state get safes.txt 0xA) == 7 ]] || fail "the text cache was not imported"
both_live=$EPOCHSECONDS
runuser -u deploy -- touch /srv/cache/hold-old-aave
for profile in multisig frequent; do within 90 ok $profile $both_live; done

step "the old one off, while it runs something"
within 90 test -e /srv/cache/held
(
  follow from-supercronic "The old one off"
  touch /tmp/off
) &
goes() { [[ $(systemctl is-enabled monitoring.service) == disabled ]]; }
within 60 goes
[[ ! -e /tmp/off ]] || fail "it did not wait for the run"
rm /srv/cache/held
wait $! || fail "the old service does not go off"
old_off=$EPOCHSECONDS
[[ -e /tmp/off ]] && is monitoring.service inactive || fail "the old service is on"
told "aave: at the end of a long run" || fail "a run of the old service was cut off"
step "back, while montimer runs something"
runuser -u deploy -- touch /srv/cache/hold-new-aave
within 90 test -e /srv/cache/held
back=$EPOCHSECONDS
follow from-supercronic "Back to supercronic"
grep -qF $'0/12 * * * * * *\tflock -n /tmp/automation.multisig.lock python -m automation run multisig' /tmp/said || fail "no crontab: $(cat /tmp/said)"
returned=$EPOCHSECONDS
is montimer.target inactive || fail "montimer is on"
both_ran_again() { (($(old tick multisig "$returned") && $(old tick frequent "$returned"))) || not_yet; }
within 90 both_ran_again
is montimer-job-frequent.service activating || fail "a run of montimer was cut off"
rm /srv/cache/held
within 60 resting 'montimer-job-*.service'

step "no tick was missed, and none run twice but where the page says so"
journal monitoring.service >/tmp/old
ours "$live_from" >/tmp/ours
python3 - "$period" "$began" "$returned" "$live_from" "$old_off" "$back" <<'PY' || fail "ticks: $(cat /tmp/old /tmp/ours)"
import datetime, json, sys
period, began, end, live, off, back = map(int, sys.argv[1:])
bad = []
for name, first in ("multisig", 0), ("frequent", 6):
    seen = {} # of a tick: which systems ran it, or said to pass over it, since a run was under way
    ran = {"old": set(), "montimer": set()}
    for line in open("/tmp/old"):
        what, *rest = line.split()
        if what in ("tick", "dropped") and rest[0] == name:
            seen.setdefault(int(rest[1]), set()).add("old")
            if what == "tick": ran["old"].add(int(rest[1]))
    for e in map(json.loads, open("/tmp/ours")):
        if e["profile"] == name and e["ticks"]:
            at = int(datetime.datetime.fromisoformat(e["at"].replace("Z", "+00:00")).timestamp())
            if e["state"] in ("ok", "skipped"): seen.setdefault(at, set()).add("montimer")
            if e["state"] == "ok": ran["montimer"].add(at)
    begin = min(t for t in seen)
    for tick in range(begin, end, period):
        if not seen.get(tick): bad.append(f"{name}: {tick} was missed")
        if tick in ran["old"] & ran["montimer"] and not (live <= tick <= off or back <= tick <= end):
            bad.append(f"{name}: {tick} ran twice")
    if not ran["old"] & ran["montimer"]: bad.append(f"{name}: no tick ran twice, and the test shows nothing")
print("\n".join(bad))
sys.exit(bool(bad))
PY
for check in safe aave; do told "$check: proposal 7 is new" || fail "$check alerted again: $(cat /run/sent)"; done

step "again, and back to the text caches"
runuser -u deploy -- sh -c 'printf "0xA:8\n" >/srv/cache/safes.txt'
follow from-supercronic "Live"
follow from-supercronic "The old one off"
[[ $(montimer state get safes.txt 0xA) == 7 ]] || fail "an import has replaced a value"
montimer state set cache-id.txt aave 43 2>/dev/null
block from-supercronic "Text caches" | sed '/--overwrite$/d' >/tmp/caches.sh
bash -euxo pipefail /tmp/caches.sh >/tmp/said 2>&1 || fail "text caches: $(cat /tmp/said)"
grep -qx aave:43 /srv/cache/cache-id.txt && grep -qx 0xA:7 /srv/cache/safes.txt && [[ $(stat -c %U /srv/cache/cache-id.txt) == deploy ]] || fail "the text caches: $(grep . /srv/cache/*.txt)"
grep -qx CACHE_BACKEND=file /etc/monitoring/.env || fail "tasks do not read them"
within 60 is montimer-job-multisig.timer active
systemctl stop montimer.target
within 60 resting 'montimer-job-*.service'
sed -i s/43/44/ /srv/cache/cache-id.txt
block from-supercronic "Text caches" | grep -e '--overwrite$' >/tmp/caches.sh
bash -ex /tmp/caches.sh >/tmp/said 2>&1 || fail "text caches: $(cat /tmp/said)"
! grep CACHE_BACKEND /etc/monitoring/.env || fail "tasks still read them"
[[ $(montimer state get cache-id.txt aave) == 44 ]] || fail "not imported: $(cat /tmp/said)"

step "the shadow goes"
follow instances "Remove one" 's/staging/shadow/g'
[[ -z $(find /etc/systemd /usr/local/lib/systemd /etc/montimer -name '*shadow*') ]] || fail "left: $(find /etc /usr/local -name '*shadow*')"
healthy

printf 'PASS\n'
