#!/bin/bash
# The commands of docs/moving-in.md, word for word: from supercronic, over to
# another host, up and out.
# Needs: make sqlite3
source "${BASH_SOURCE%/*}/lib.sh"

# block TITLE: the commands below that title.
block() { awk -v title="## $1" '$0 == title { in_it = 1; next } /^## / { in_it = 0 } in_it && /^```sh$/ { on = 1; next } /^```$/ { on = 0 } in_it && on' /docs/moving-in.md; }
# follow TITLE [SED]: does what the page says.
follow() {
  block "$1" | sed -E "${2:-}" >/tmp/block.sh
  [[ -s /tmp/block.sh ]] || fail "the page has no block below $1"
  bash -euxo pipefail /tmp/block.sh >/tmp/said 2>&1 || fail "$1: $(cat /tmp/said)"
  ! grep -E '^(warning|missing):' /tmp/said || fail "$1: $(cat /tmp/said)"
}
ran() { systemctl start montimer-job-hourly.service && logged hourly "hourly: counted $1"; }

mkdir -p /src/dist
cp -r /deploy /docs /Makefile /src
cp /usr/local/bin/montimer /src/dist/montimer
umount /usr/local/bin/montimer
cd /src
make -s install
systemctl daemon-reload

step "from supercronic"
useradd --system deploy
install -d -o deploy -g deploy /srv/app/automation /srv/cache
runuser -u deploy -- sqlite3 /srv/cache/monitoring.db 'CREATE TABLE of_a_script (n); INSERT INTO of_a_script VALUES (1)'
cat >/srv/app/automation/jobs.yaml <<'YAML'
profiles:
  hourly:
    cron: "5 5 1 1 *"
    env: { NONCE_FILENAME: safes.txt }
    tasks:
      - { name: count, command: 'sqlite3 -cmd ".timeout 60000" "$CACHE_DIR/monitoring.db" "UPDATE of_a_script SET n = n + 1"; echo "hourly: counted $(sqlite3 -cmd ".timeout 60000" "$CACHE_DIR/monitoring.db" "SELECT n FROM of_a_script")"' }
YAML
install -m 640 -g deploy /dev/null /etc/monitoring.env
install -d /etc/montimer
printf '[Service]\nExecStart=sleep infinity\n[Install]\nWantedBy=multi-user.target\n' >/etc/systemd/system/monitoring.service
systemctl enable --now monitoring.service 2>/dev/null
runuser -u deploy -- sh -c 'printf "aave:42\n" >/srv/cache/cache-id.txt; printf "0xA:7\n" >/srv/cache/safes.txt'
follow "From supercronic" 's/^(montimer compile --diff).*/\1 || (($? == 3))/'
is monitoring.service inactive || fail "the old service runs"
ran 2 || fail "the script does not go on with its database"
[[ $(montimer state get cache-id.txt aave; montimer state get safes.txt 0xA) == $'42\n7' ]] || fail "text caches were not imported: $(cat /tmp/said)"
healthy

step "text caches and back"
montimer state set cache-id.txt aave 43 2>/dev/null
block "Text caches" >/tmp/block.sh
sed -i 's/\/etc\/montimer\/env/\/etc\/monitoring.env/' /tmp/block.sh
bash -euxo pipefail /tmp/block.sh >/tmp/said 2>&1 || fail "text caches: $(cat /tmp/said)"
[[ $(cat /srv/cache/cache-id.txt /srv/cache/safes.txt) == $'aave:43\n0xA:7' && $(stat -c %U /srv/cache/cache-id.txt) == deploy ]] || fail "the text caches: $(grep . /srv/cache/*.txt)"
grep -qx CACHE_BACKEND=file /etc/monitoring.env || fail "tasks do not read them"
sed -i /^CACHE_BACKEND=/d /etc/monitoring.env
within 60 is montimer-job-hourly.timer active
healthy

step "back to supercronic, while a run is under way"
code=0
montimer render-crontab >/tmp/said 2>&1 || code=$?
((code == 2)) && grep -q 'the key script is missing' /tmp/said || fail "render-crontab: exit $code: $(cat /tmp/said)"
cp /srv/app/automation/jobs.yaml /tmp/newer.yaml
printf 'profiles:\n  hourly:\n    cron: "5 5 1 1 *"\n    tasks: [{ name: wait, script: wait.sh }]\n' >/srv/app/automation/jobs.yaml
printf 'touch "$CACHE_DIR/waiting"; while [ -e "$CACHE_DIR/waiting" ]; do sleep 0.1; done\n' >/srv/app/wait.sh
systemctl start --no-block montimer-job-hourly.service
within 60 test -e /srv/cache/waiting
(within 60 is montimer.target inactive && rm /srv/cache/waiting) & # the block waits for the run
follow "Back to supercronic"
wait $!
grep -qF $'5 5 1 1 *\tflock -n /tmp/automation.hourly.lock python -m automation run hourly' /tmp/said || fail "no crontab: $(cat /tmp/said)"
is monitoring.service active || fail "the old service does not run"
logged hourly "ok: 1 task, 0 failed" || fail "a run was cut off"
healthy
cp /tmp/newer.yaml /srv/app/automation/jobs.yaml
follow "From supercronic" 's/^(montimer compile --diff).*/\1 || (($? == 3))/'
ran 3 || fail "the script does not go on with its database"
healthy

step "over to another host"
sed -i '/state_dir/d' /etc/montimer/config.yaml
block "Over to another host" | sed -n 's/^# new host: \(install [^,]*\),.*/\1/p' >/tmp/block.sh
[[ -s /tmp/block.sh ]] || fail "the page does not make the state directory"
bash -ex /tmp/block.sh
cp -a /srv/cache/monitoring.db* /var/lib/montimer/
runuser -u deploy -- montimer db init
# One host is both here: only the database that was copied is there afterwards.
follow "Over to another host" 's/^cd .*/rm monitoring.db*\n&/; s/^rm/cd \/var\/lib\/montimer; rm/; s/^montimer notify test//'
ran 4 || fail "the state has not moved"
healthy

# held: the units that the target holds are in that state, each.
held() {
  local unit
  for unit in montimer-job-hourly.timer montimer-outbox.timer montimer-apply.timer montimer-apply.socket; do
    is $unit "$1" || { echo "$unit is $(systemctl is-active $unit)"; return 1; }
  done
}
# started: how often a job or an apply has been started.
started() { journalctl --sync && journalctl --no-pager -o cat -u 'montimer-job-*' -u montimer-apply.service | grep -c '^Starting' || true; }

step "up from a version whose units were installed by hand: one compile, one reload"
units=/usr/local/lib/systemd/system
systemctl disable --now montimer.target 2>/dev/null
install -m 644 /testdata/boot/older/*.{service,socket,timer} $units
install -D -m 644 -t /usr/local/lib/tmpfiles.d /testdata/boot/older/montimer.conf
sed -i '/^Wants=/d; /^# Makes/d; /^Upholds=montimer-job-/!{/^Upholds=/d}' $units/montimer.target
sed -i '/^StateDirectory/d' $units/montimer-tmp.service
sed -i '/^# Schedule: /d' $units/montimer-job-*.timer
systemctl daemon-reload
systemctl enable --now montimer.target montimer-outbox.timer montimer-apply.timer montimer-apply.socket 2>/dev/null
[[ $(systemctl is-enabled montimer-apply.socket) == enabled ]] || fail "no older version"
within 60 held active
within 60 resting 'montimer-*'
before=$(started)
montimer compile >/tmp/said 2>/tmp/notes
grep -q 'update  montimer-apply.socket' /tmp/said || fail "not taken over: $(cat /tmp/said)"
grep -q 'update  montimer-job-hourly.timer' /tmp/said || fail "no words: $(cat /tmp/said)"
! grep 'systemctl restart' /tmp/notes || fail "restarts: $(cat /tmp/notes)"
systemctl daemon-reload
within 60 held active
(($(started) == before)) || fail "started something: $(journalctl --no-pager -n 20 -o cat)"
[[ -z $(montimer compile 2>/dev/null) ]] || fail "a second compile changes something"
[[ -z $(grep -L '^# Generated by montimer' $units/montimer*) ]] || fail "not taken over"
healthy

step "and what is left is named, with the commands that remove it"
sed -n 's/^note: .*: //p' /tmp/notes >/tmp/block.sh
(($(wc -l </tmp/block.sh) == 2)) || fail "$(cat /tmp/notes)"
bash -exo pipefail /tmp/block.sh
! montimer compile 2>&1 | grep '^note: .*older' || fail "still"
[[ -z $(find /etc/systemd/system /usr/local/lib/tmpfiles.d -name 'montimer*' ! -name montimer.target) ]] || fail "left: $(find /etc/systemd/system -name 'montimer*')"
held active || fail "disabled"
systemctl stop montimer.target
within 60 held inactive
healthy
systemctl start montimer.target
within 60 held active
(($(started) == before)) || fail "started something"
healthy

step "up"
follow "Up to a new version" 's/^make build && //; s/^(montimer compile --diff).*/\1 || (($? == 3))/'
ran 5 || fail "no run after the upgrade"
healthy

step "out"
follow "Out"
[[ -z $(systemctl list-unit-files --no-legend 'montimer*') ]] || fail "units are left: $(systemctl list-unit-files 'montimer*')"
[[ -z $(find /usr/local /etc/systemd /run/systemd/system -name 'montimer*' 2>/dev/null) ]] || fail "left: $(find /usr/local /etc/systemd /run/systemd/system -name 'montimer*')"
healthy

printf 'PASS\n'
