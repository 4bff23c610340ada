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
    cron: "5 * * * *"
    tasks:
      - { name: count, command: 'sqlite3 "$CACHE_DIR/monitoring.db" "UPDATE of_a_script SET n = n + 1"; echo "hourly: counted $(sqlite3 "$CACHE_DIR/monitoring.db" "SELECT n FROM of_a_script")"' }
YAML
install -m 640 -g deploy /dev/null /etc/monitoring.env
install -d /etc/montimer
printf '[Service]\nExecStart=sleep infinity\n[Install]\nWantedBy=multi-user.target\n' >/etc/systemd/system/monitoring.service
systemctl enable --now monitoring.service 2>/dev/null
follow "From supercronic" 's/^(montimer compile --diff).*/\1 || (($? == 3))/'
is monitoring.service inactive || fail "the old service runs"
ran 2 || fail "the script does not go on with its database"
healthy

step "over to another host"
install -d -o deploy -g deploy -m 750 /var/lib/montimer
sed -i '/state_dir/d' /etc/montimer/config.yaml
cp -a /srv/cache/monitoring.db* /var/lib/montimer/
runuser -u deploy -- montimer db init
# One host is both here: only the database that was copied is there afterwards.
follow "Over to another host" 's/^cd .*/rm monitoring.db*\n&/; s/^rm/cd \/var\/lib\/montimer; rm/; s/^montimer notify test//'
ran 3 || fail "the state has not moved"
healthy

step "up"
follow "Up to a new version" 's/^make build && //; s/^(montimer compile --diff).*/\1 || (($? == 3))/'
ran 4 || fail "no run after the upgrade"
healthy

step "out"
follow "Out"
[[ -z $(systemctl list-unit-files --no-legend 'montimer*') ]] || fail "units are left: $(systemctl list-unit-files 'montimer*')"
[[ -z $(find /usr/local /etc/systemd /run/systemd/system -name 'montimer*' 2>/dev/null) ]] || fail "left: $(find /usr/local /etc/systemd /run/systemd/system -name 'montimer*')"
healthy

printf 'PASS\n'
