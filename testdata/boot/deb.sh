#!/bin/bash
# The .deb, by docs/upgrade.md and docs/uninstall.md: fresh, an upgrade and a downgrade, in place of an installation in
# /usr/local, removed and purged, each while a run is under way. No job starts and no
# run is killed by any of it; settings, pauses, drop-ins, masks and state stay.
# Long.
# Packages: 0.1.0 0.2.0
# Needs: sqlite3
source "${BASH_SOURCE%/*}/lib.sh"
export DEBIAN_FRONTEND=noninteractive
[[ ! -d /dev/shm/needrestart ]] || mv -T /dev/shm/needrestart /etc/needrestart

units=/usr/local/lib/systemd/system
cp /usr/local/bin/montimer /dev/shm/montimer
umount /usr/local/bin/montimer
rm /usr/local/bin/montimer
printf 'APT::Get::Assume-Yes "true";\n' >/etc/apt/apt.conf.d/yes
# Only what takes long: the index of manual pages, and that of packages elsewhere.
echo force-unsafe-io >/etc/dpkg/dpkg.cfg.d/fast
rm -rf /var/lib/man-db/auto-update /var/lib/apt/lists/* /etc/apt/apt.conf.d/*needrestart
# have VERSION: that package is the one in the directory where a page is followed.
have() {
  rm -f /montimer_*.deb
  cp "/packages/montimer_$1_$(dpkg --print-architecture).deb" /
}
# packaged VERSION: dpkg installs that version.
packaged() {
  have "$1"
  dpkg -i /montimer_*.deb >/tmp/said 2>&1 </dev/null || fail "dpkg -i $1: $(cat /tmp/said)"
}
said() { grep -qF -- "$1" /tmp/said || fail "it did not say \"$1\" but: $(cat /tmp/said)"; }
# started: how often a job or an apply has been started.
started() { journalctl --sync && journalctl --no-pager -o cat -u 'montimer-job-*' -u montimer-apply.service | grep -c '^Starting' || true; }
# looks: all that is not to change with the program.
looks() {
  (cd $units && sha256sum -- montimer*)
  find /etc/montimer /etc/systemd/system -name '*montimer*' -printf '%p %l\n' -o -path '/etc/montimer/*' -printf '%p %u %g %m %s\n' | sort
  systemctl show -p Id,ActiveState,ActiveEnterTimestampMonotonic,InvocationID montimer.target 'montimer-*.timer' 'montimer-*.socket' 'montimer-job-long.service' 'montimer-tmp.service'
}
# begin: a run of long is under way, and nothing else.
begin() {
  rm -f /srv/app/began
  systemctl start --no-block montimer-job-long.service
  within 60 test -e /srv/app/began
  within 60 resting 'montimer-outbox*' 'montimer-apply*'
  pid=$(systemctl show -P MainPID montimer-job-long.service)
  before=$(looks)
  count=$(started)
}
# undisturbed: since begin no job was started, and the run goes on.
undisturbed() {
  within 60 resting 'montimer-outbox*' 'montimer-apply*'
  (($(started) == count)) || fail "something was started"
  [[ $(systemctl show -P MainPID montimer-job-long.service) == "$pid" && -e /proc/$pid ]] || fail "the run was killed"
}
# ends: the run under way ends well, as its own.
ends() {
  wake
  within 60 is montimer-job-long.service inactive
  (($(journal montimer-job-long.service | grep -c 'ok: 1 task, 0 failed') == ++good)) || fail "the run did not end well"
}
good=0

step "fresh: nothing is set up, enabled or started, and one command is named"
packaged 0.1.0
said "/usr/share/montimer/install.sh --repo URL"
[[ $(montimer version) == "montimer 0.1.0" && $(command -v montimer) == /usr/bin/montimer ]] || fail "$(montimer version)"
[[ -z $(systemctl list-unit-files --no-legend 'montimer*') && ! -e /etc/montimer && ! -e /var/lib/montimer ]] || fail "it set up something"
[[ -z $(dpkg --verify montimer) ]] || fail "dpkg --verify: $(dpkg --verify montimer)"
[[ -s /usr/share/man/man1/montimer.1.gz && -s /etc/needrestart/conf.d/montimer.conf && ( ! -e /deploy/install.sh || -x /usr/share/montimer/install.sh ) ]] || fail "files are missing: $(dpkg -L montimer)"
healthy

step "the host is set up"
new_host
jobs <<'YAML'
profiles:
  far: { cron: "5 5 1 1 *", tasks: [{ name: one, command: "echo far" }] }
  held: { cron: "6 5 1 1 *", tasks: [{ name: one, command: "echo held" }] }
  silent: { cron: "7 5 1 1 *", tasks: [{ name: one, command: "echo silent" }] }
  long: { cron: "8 5 1 1 *", tasks: [{ name: nap, command: "touch began; sleep 600 || true" }] }
YAML
montimer apply >/tmp/said 2>&1 || fail "$(cat /tmp/said)"
montimer pause held --until 30d --reason "kept by the upgrade" >/dev/null
install -d /etc/systemd/system/montimer-job-far.service.d
printf '[Service]\nNice=7\n' >/etc/systemd/system/montimer-job-far.service.d/mine.conf
systemctl mask --now montimer-job-silent.timer 2>/dev/null
systemctl reset-failed montimer-job-silent.timer 2>/dev/null || true
systemctl daemon-reload
grep -q '^# sha256:[0-9a-f]*, written by montimer 0.1.0$' $units/montimer-job-far.timer || fail "$(head -3 $units/montimer-job-far.timer)"
grep -q '^ExecStart=/usr/bin/montimer exec far$' $units/montimer-job-far.service || fail "$(grep Exec $units/montimer-job-far.service)"
healthy

# changed VERSION COMMAND...: the package of that version changes nothing else.
changed() {
  begin
  have "$1"
  "${@:2}"
  undisturbed
  [[ $(montimer version) == "montimer $1" ]] || fail "$(montimer version)"
  [[ $(looks) == "$before" ]] || fail "it changed: $(diff <(echo "$before") <(looks))"
  [[ -z $(montimer compile 2>/dev/null) ]] || fail "compile rewrites units"
  montimer apply >/tmp/said 2>&1 && said "nothing changed"
  undisturbed
  [[ $(looks) == "$before" ]] || fail "apply changed: $(diff <(echo "$before") <(looks))"
}
step "upgrade"
changed 0.2.0 follow upgrade "From a package"
[[ $(montimer status -o json) == *'"version":"0.2.0"'* ]] || fail "$(montimer status -o json)"

if command -v needrestart >/dev/null; then
  step "needrestart in its automatic mode restarts nothing of ours"
  mv /etc/needrestart/conf.d/montimer.conf /dev/shm
  needrestart -b -r l 2>/dev/null >/tmp/said || true
  said "NEEDRESTART-SVC: montimer-job-long.service" # without the package's file it would
  mv /dev/shm/montimer.conf /etc/needrestart/conf.d/
  needrestart -r a </dev/null >/tmp/said 2>&1 || true
  ! sed '/being deferred/,$d' /tmp/said | grep montimer || fail "$(cat /tmp/said)"
  undisturbed
fi
ends

step "the next run is of the new version; the outbox and apply too"
systemctl start montimer-job-far.service montimer-outbox.service montimer-apply.service
logged far "ok: 1 task, 0 failed" || fail "no run after the upgrade"
healthy

step "downgrade"
changed 0.1.0 packaged 0.1.0
ends
systemctl start montimer-job-far.service
healthy

step "remove: waits for the run, and stops, disables and removes the units"
begin
follow uninstall "A package" &
within 60 is montimer.target inactive
within 60 grep -q 'waiting for montimer-job-long.service to end' /tmp/said
[[ -x /usr/bin/montimer && -e $units/montimer-job-long.service ]] || fail "the program went before the run had ended"
undisturbed
ends
wait $! || fail "it was not removed"
[[ ! -e /usr/bin/montimer && -z $(find $units /etc/systemd/system -name 'montimer*' -type f ! -path '*.d/*') ]] || fail "left: $(ls $units)"
[[ ! -e /etc/systemd/system/multi-user.target.wants/montimer.target ]] || fail "still enabled"
[[ -e /etc/montimer/config.yaml && -e /etc/montimer/pause/held && -e /etc/systemd/system/montimer-job-far.service.d/mine.conf && -L /etc/systemd/system/montimer-job-silent.timer && -s /var/lib/montimer/monitoring.db ]] || fail "settings or state are gone: $(find /etc/montimer /var/lib/montimer)"
[[ -z $(systemctl list-units --plain --no-legend --all 'montimer*' | grep -v masked) ]] || fail "systemd still knows $(systemctl list-units --all 'montimer*')"
healthy
runs=$(sqlite3 /var/lib/montimer/monitoring.db 'SELECT count(*) FROM montimer_runs')

step "and an installation goes on with it"
packaged 0.2.0
said "to start them: montimer apply"
count=$(started)
montimer apply >/tmp/said 2>&1 || fail "$(cat /tmp/said)"
(($(started) == count)) || fail "it started a job: $(cat /tmp/said)"
is montimer-job-far.timer active && is montimer.target active || fail "not active"
[[ $(systemctl show -P Nice montimer-job-far.service) == 7 && $(systemctl is-enabled montimer-job-silent.timer) == masked ]] || fail "a drop-in or a mask is gone"
[[ $(montimer status) == *held*"kept by the upgrade"* ]] || fail "the pause is gone: $(montimer status)"
(($(sqlite3 /var/lib/montimer/monitoring.db 'SELECT count(*) FROM montimer_runs') == runs)) || fail "runs are gone"
healthy

step "purge: settings, secrets and caches go, what was recorded stays until the command that is named"
touch "/etc/montimer/old precious.yaml" # settings of no instance
mkdir /var/cache/precious
follow uninstall "A package and its settings"
[[ -e /var/cache/precious ]] || fail "it removed the cache of something else"
[[ ! -e /etc/montimer && ! -e /var/cache/montimer && ! -e /run/montimer && ! -e /etc/needrestart/conf.d/montimer.conf ]] || fail "left: $(ls -d /etc/montimer /var/cache/montimer /run/montimer)"
[[ -s /var/lib/montimer/monitoring.db ]] || fail "the state is gone"
tr -d '\r' </tmp/said | sed -n 's/.*delete it for good: //p' >/tmp/block.sh
[[ $(cat /tmp/block.sh) == "rm -r /var/lib/montimer" ]] || fail "$(cat /tmp/said)"
bash -ex /tmp/block.sh
! dpkg -s montimer >/dev/null 2>&1 || fail "dpkg still knows it: $(dpkg -s montimer)"
healthy

step "in place of an installation in /opt or /usr/local: it goes on, and removing the package changes nothing"
rm -r /etc/systemd/system/montimer-job-*
install -m 755 /dev/shm/montimer /usr/local/bin/montimer
install -d /etc/montimer
install -m 640 -g deploy /dev/null /etc/montimer/env
printf 'checkout: /srv/app\nrun_as: deploy\n' >/etc/montimer/config.yaml
hash -r
montimer apply >/tmp/said 2>&1 || fail "$(cat /tmp/said)"
install -D -m 755 /usr/local/bin/montimer /opt/bin/montimer
/opt/bin/montimer apply >/tmp/said 2>&1 || fail "$(cat /tmp/said)"
rm /usr/local/bin/montimer
packaged 0.2.0
dpkg --purge montimer >/tmp/said 2>&1 </dev/null || fail "$(cat /tmp/said)"
said "/opt/bin/montimer is still installed"
[[ -s /etc/montimer/config.yaml ]] || fail "a program elsewhere has lost its settings"
mv /opt/bin/montimer /usr/local/bin/montimer
montimer apply >/tmp/said 2>&1 || fail "$(cat /tmp/said)"
good=$(journal montimer-job-long.service | grep -c 'ok: 1 task, 0 failed')
begin
packaged 0.2.0
said "/usr/bin/montimer apply && rm /usr/local/bin/montimer"
montimer doctor --only binary-version >/tmp/said 2>&1 && fail "doctor finds nothing"
said "/usr/bin/montimer apply && rm /usr/local/bin/montimer"
undisturbed
[[ $(looks) == "$before" ]] || fail "it changed: $(diff <(echo "$before") <(looks))"
dpkg --purge montimer >/tmp/said 2>&1 </dev/null || fail "$(cat /tmp/said)"
undisturbed
[[ $(looks) == "$before" ]] || fail "it changed: $(diff <(echo "$before") <(looks))"

step "until the package takes over, which starts nothing and kills nothing"
have 0.2.0
touch /usr/local/bin/montimer-notes /usr/local/share/montimer.txt # of the administrator
follow upgrade "From a clone to a package"
undisturbed
hash -r
montimer doctor --only binary-version >/tmp/said 2>&1 || fail "$(cat /tmp/said)"
[[ $(find /usr/local/bin /usr/local/share -name '*montimer*' | sort | xargs) == "/usr/local/bin/montimer-notes /usr/local/share/montimer.txt" ]] || fail "left: $(find /usr/local/bin /usr/local/share -name '*montimer*')"
[[ $(command -v montimer) == /usr/bin/montimer && -z $(grep -l /usr/local/bin/montimer $units/montimer*) ]] || fail "units still start the other one: $(grep -l /usr/local/bin/montimer $units/montimer*)"
grep -q ', written by montimer 0.2.0$' $units/montimer-job-long.service || fail "$(head -3 $units/montimer-job-long.service)"
ends
for unit in montimer.target montimer-job-{far,held,silent,long}.timer montimer-outbox.timer montimer-apply.{timer,socket}; do
  is "$unit" active || fail "$unit is $(systemctl is-active "$unit")"
done
systemctl start montimer-job-far.service
healthy

printf 'PASS\n'
