#!/bin/bash
# The commands of these pages, word for word: docs/from-cron.md, failover.md without a
# shared directory, upgrade.md from a clone, instances.md, read-only-usr.md and
# uninstall.md.
# Needs: make git sqlite3
source "${BASH_SOURCE%/*}/lib.sh"

# diffs: compile --diff ends with 3 where it shows something.
diffs='s/^(montimer compile --diff) \|\| true/\1 || (($? == 3))/'
# left PATTERN: fails if such a file is left, but for a drop-in of the scenario's.
left() {
  local found
  found=$(find /usr/local /etc/systemd /run/systemd/system -name "$1" ! -path '*/montimer-apply.timer.d*')
  [[ -z $found ]] || fail "left: $found"
}

step "a clone of montimer, a Go that has built it, and a crontab"
mkdir /src /srv/remotes
cp -r /deploy /docs /Makefile /README.md /src
cp /usr/local/bin/montimer /root/built
umount /usr/local/bin/montimer
rm -f /usr/local/bin/montimer
printf '#!/bin/sh\nwhile [ $# -gt 0 ]; do [ "$1" != -o ] || install -D /root/built "$2"; shift; done\n' >/usr/local/bin/go
printf '#!/bin/sh\n[ "$1 $2" = "-u deploy" ] || exit 2\ncase $3 in\n-l) cat /var/crontab ;;\n-r) rm /var/crontab ;;\n*) cp "$3" /var/crontab ;;\nesac\n' >/usr/local/bin/crontab
chmod 755 /usr/local/bin/{go,crontab}
printf '[user]\n\tname = x\n\temail = x@example.org\n[safe]\n\tdirectory = *\n[init]\n\tdefaultBranch = main\n[url "/srv/remotes/"]\n\tinsteadOf = https://git.example.org/\n' >/etc/gitconfig
cd /src
echo dist >.gitignore
git init -q && git add -A && git commit -q -m one && git tag v0.1.0
git clone -q --bare /src /srv/remotes/montimer.git && git remote add origin /srv/remotes/montimer.git && git fetch -q && git branch -q -u origin/main
make -s build install
systemctl daemon-reload

step "from cron"
new_host
awk '/^```crontab$/ { on = 1; next } /^```$/ { on = 0 } on' /docs/from-cron.md >/var/crontab
install -D -m 755 /dev/stdin /opt/poll/poll <<<$'#!/bin/sh\necho polled'
install -m 755 /dev/stdin /usr/local/bin/report <<<$'#!/bin/sh\necho "the report $* with ${API_TOKEN:?}"'
cd /root
crontab -u deploy -l >crontab.txt
block from-cron Import >/tmp/block.sh
bash -eux /tmp/block.sh >/tmp/said 2>&1 || fail "import: $(cat /tmp/said)"
grep -q 'crontab.txt:7: refused' /tmp/said || fail "the receipts: $(cat /tmp/said)"
install -o deploy -g deploy -m 755 /dev/stdin /srv/app/backup.sh <<<$'#!/bin/sh\necho backed up'
install -o deploy -g deploy -m 644 jobs.yaml /srv/app/jobs.yaml
sed -i "s/\*\/5 \* \* \* \*/*\/5 * * * */" /srv/app/jobs.yaml
cp crontab.txt /
follow from-cron Move "$diffs"
[[ ! -e /var/crontab ]] || fail "the crontab is still there"
grep -qF 'the report --day ' /tmp/said && grep -qF 'ok: 1 task, 0 failed' /tmp/said || fail "the job: $(cat /tmp/said)"
! grep -F s3cr3t /srv/app/jobs.yaml || fail "the secret is in jobs.yaml"
for unit in montimer.target montimer-job-{backup,poll,report}.timer; do within 60 is $unit active; done
healthy
follow from-cron Back
diff /var/crontab crontab.txt || fail "the crontab is not what it was"
is montimer.target inactive || fail "both run"

step "over to another host"
jobs <<'YAML'
profiles:
  hourly:
    cron: "5 5 1 1 *"
    tasks:
      - { name: count, command: 'sqlite3 -cmd ".timeout 60000" "$CACHE_DIR/monitoring.db" "CREATE TABLE IF NOT EXISTS of_a_script (n); INSERT INTO of_a_script VALUES (1)"; echo "hourly: counted $(sqlite3 -cmd ".timeout 60000" "$CACHE_DIR/monitoring.db" "SELECT count(*) FROM of_a_script")"' }
YAML
ran() { systemctl start montimer-job-hourly.service && logged hourly "hourly: counted $1"; }
everyday
systemctl daemon-reload
systemctl enable --now montimer.target 2>/dev/null
ran 1 || fail "no run"
# One host is both here: only the copy is there afterwards.
follow failover "Without a shared directory" 's/^chown/rm \/var\/lib\/montimer\/monitoring.db*\n&/; /^montimer notify test/d'
ran 2 || fail "the state has not moved"
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
[[ -z $(find /etc/systemd/system /usr/local/lib/tmpfiles.d -name 'montimer*' ! -name montimer.target ! -name never.conf ! -name '*.d') ]] || fail "left: $(find /etc/systemd/system -name 'montimer*')"
held active || fail "disabled"
systemctl stop montimer.target
within 60 held inactive
healthy
systemctl start montimer.target
within 60 held active
(($(started) == before)) || fail "started something"
healthy

step "up, and down again"
install -d -o deploy -g deploy -m 750 /var/backups/montimer
# in_clone PAGE TITLE: follow, in the clone; doctor misses a token.
in_clone() { follow "$1" "$2" "1s/^/cd \/src\n/; s/^montimer doctor$/& || true/; $diffs"; }
git -C /src commit -q --allow-empty -m two && git -C /src push -q && git -C /src reset -q --hard HEAD^
for part in Before "From a clone" After; do in_clone upgrade "$part"; done
[[ $(git -C /src log -1 --format=%s) == two ]] || fail "not pulled"
ran 3 || fail "no run after the upgrade"
in_clone upgrade Downgrade
ran 4 || fail "no run after the downgrade"
(($(started) == before + 2)) || fail "started something"
healthy

step "a second working tree, and away with it"
git clone -q --bare /srv/remotes/montimer.git /srv/remotes/ops.git && mkdir /srv/remotes/ops && mv /srv/remotes/ops.git /srv/remotes/ops/staging.git
git clone -q /srv/remotes/ops/staging.git /tmp/author
printf 'profiles: { other: { calendar: "*:*:0/2", tasks: [{ name: one, command: [echo, hello from staging] }] } }\n' >/tmp/author/jobs.yaml
git -C /tmp/author add -A && git -C /tmp/author commit -q -m jobs && git -C /tmp/author push -q
chown -R deploy: /srv/remotes/ops
follow instances "Add one"
second() { [[ $(journal montimer-staging-job-other.service) == *"hello from staging"* ]]; }
within 60 second
follow instances "Remove one"
left '*staging*'
held active || fail "the first one is off"
healthy

step "uninstall"
follow uninstall "The program"
left 'montimer*'
[[ -z $(systemctl list-unit-files --no-legend 'montimer*') ]] || fail "units are left: $(systemctl list-unit-files 'montimer*')"
[[ -s /etc/montimer/config.yaml && -s /var/lib/montimer/monitoring.db ]] || fail "no data"
healthy

step "a read-only /usr"
mount --bind /usr /usr
mount -o remount,bind,ro /usr
! touch /usr/local/lib/file 2>/dev/null || fail "it can be written"
in_clone read-only-usr "Set up"
within 60 held active
ran 5 || fail "no run"
rm /etc/systemd/system/montimer-job-hourly.timer
systemctl start montimer-apply.service || fail "apply cannot write to /etc"
[[ -s /etc/systemd/system/montimer-job-hourly.timer ]] || fail "it wrote no unit"
! systemctl mask montimer-job-hourly.timer 2>/tmp/said || fail "mask works, and the page says it does not"
in_clone read-only-usr "Keep a profile from running"
in_clone read-only-usr "Remove it"
left 'montimer*'
healthy

step "and the data"
follow uninstall "The data"
[[ -z $(find /etc/montimer /var/lib/montimer /var/cache/montimer 2>/dev/null) ]] || fail "left"

printf 'PASS\n'
