# Helpers of the scenarios beside this file. Each scenario is run as root in a
# system of its own that has just booted, with montimer in /usr/local/bin.
# shellcheck shell=bash

set -euo pipefail
cd / # where this was started, other users may see nothing

# doctor has a finding where needrestart is installed; deb.sh wants it.
[[ ! -d /etc/needrestart ]] || mv -T /etc/needrestart /dev/shm/needrestart

# fail says what went wrong, with what an investigator would look at next.
fail() {
  printf 'FAIL: %s\n' "$*"
  [[ ! -s /tmp/said ]] || tail -n 20 /tmp/said
  systemctl --no-pager list-units --all 'montimer*'
  journalctl --no-pager -n 40 -o cat
  exit 1
}

# step TITLE: what comes next, and how many seconds the scenario has taken so far.
step() { printf -- '--- %d s: %s\n' $SECONDS "$*"; }

# within SECONDS COMMAND...: waits until the command succeeds. The bound is no
# claim about the machine's speed: it only ends a scenario that has gone wrong. What
# it asks costs more than the waiting, so it asks ever more seldom, up to each second.
within() {
  local deadline=$((SECONDS + $1)) pause=10 # hundredths of a second
  shift
  until "$@"; do
    ((SECONDS < deadline)) || fail "not within the time: $*"
    sleep "0.$pause"
    ((pause = pause < 66 ? pause * 3 / 2 : 99))
  done
}

# is UNIT STATE: the unit is in that state (active, inactive, failed ...).
is() { [[ $(systemctl is-active "$1") == "$2" ]]; }

# resting PATTERN...: no such unit is starting or stopping, or has a job that waits:
# what systemd starts after a failure has one before it is activating. Both are of
# one answer of systemd; the column JOB is there if a unit has one.
resting() {
  local units
  units=$(systemctl list-units --all --plain "$@")
  ! grep -qE '^ *UNIT .* JOB |activating' <<<"$units"
}

healthy() {
  local state failed
  state=$(systemctl is-system-running) || true
  failed=$(systemctl list-units --state=failed --plain --no-legend)
  [[ $state == running && -z $failed ]] || fail "the system is $state; failed: $failed"
}

# journal UNIT [OPTION...]: the messages of its journal, with all that has been sent
# to journald by now, which writes it some time later.
journal() { journalctl --sync && journalctl --no-pager -o cat -u "$@"; }

# logged PROFILE TEXT: a line of the profile's journal holds the text.
logged() { [[ $(journal "montimer-job-$1.service") == *"$2"* ]]; }

# now_in_journal prints a cursor: what is logged from now on comes after it.
now_in_journal() { journalctl --sync && journalctl --show-cursor -n 0 -o cat | sed -n 's/^-- cursor: //p'; }

# runs PROFILE: how many times its service has been started.
runs() { journal "montimer-job-$1.service" | grep -cE '^Starting montimer-job-' || true; }

# settled PROFILE: systemd has started all that is due by now: the timer waits for
# a time to come, or for nothing more.
settled() {
  local SubState='' NextElapseUSecRealtime='' line
  while IFS= read -r line; do
    declare "$line"
  done < <(systemctl show -p SubState,NextElapseUSecRealtime "montimer-job-$1.timer")
  [[ $SubState == elapsed || ($SubState == waiting &&
    (! $NextElapseUSecRealtime || $(date -d "$NextElapseUSecRealtime" +%s) -gt $EPOCHSECONDS)) ]]
}

# wake ends the naps (sleep 600) of the deploy user's tasks, of which there is at
# least one as soon as its task has come that far.
wake() { within 60 pkill -u deploy -x sleep; }

# everyday is all that an operator does after a change of jobs.yaml.
everyday() { montimer compile && systemctl daemon-reload; }

# new_host: a deploy user, a checkout in /srv/app and the host's settings. Nothing
# is applied but by the scenario itself.
new_host() {
  install -d /etc/systemd/system/montimer-apply.timer.d
  printf '[Timer]\nOnActiveSec=\nOnActiveSec=1d\n' >/etc/systemd/system/montimer-apply.timer.d/never.conf
  useradd --system --home-dir /srv/app --shell /usr/sbin/nologin deploy
  install -d -o deploy -g deploy /srv/app
  install -d /etc/montimer
  install -m 640 -g deploy /dev/null /etc/montimer/env
  printf 'checkout: /srv/app\nrun_as: deploy\n' >/etc/montimer/config.yaml
}

# jobs: jobs.yaml from standard input, as a merge would bring it.
jobs() {
  cat >/srv/app/jobs.yaml.new
  chown deploy: /srv/app/jobs.yaml.new
  mv /srv/app/jobs.yaml.new /srv/app/jobs.yaml
}

# block PAGE TITLE: the commands that docs/PAGE.md has below that title.
block() { awk -v title="## $2" '$0 == title { in_it = 1; next } /^## / { in_it = 0 } in_it && /^```sh$/ { on = 1; next } /^```$/ { on = 0 } in_it && on' "/docs/$1.md"; }
# follow PAGE TITLE [SED [WARNING]]: does what the page says, word for word but for
# SED. /tmp/said has what its commands say, none of which is another warning.
follow() {
  block "$1" "$2" | sed -E "${3:-}" >/tmp/block.sh
  [[ -s /tmp/block.sh ]] || fail "docs/$1.md has no block below $2"
  (cd / && bash -euxo pipefail /tmp/block.sh) >/tmp/said 2>&1 || fail "docs/$1.md, $2: $(cat /tmp/said)"
  ! grep -E '^(warning|missing):' /tmp/said | grep -vF -- "${4:-no warning}" || fail "docs/$1.md, $2: $(cat /tmp/said)"
}

# release DIR: what a release has, unpacked, instead of the montimer in /usr/local.
release() {
  [[ -d /src ]] || {
    mkdir -p /src/dist
    cp -r /deploy /docs /Makefile /README.md /src
    cp /usr/local/bin/montimer /src/dist/montimer
    umount /usr/local/bin/montimer
    rm -f /usr/local/bin/montimer
  }
  # apt-get has no network here, and the repository needs no certificate.
  [[ -s /etc/ssl/certs/ca-certificates.crt ]] || install -D -m 644 /dev/stdin /etc/ssl/certs/ca-certificates.crt <<<"none"
  make -s -C /src install DESTDIR="$1" PREFIX=
  cp /deploy/install.sh "$1"
  (cd "$1" && find . -type f -printf '%P\n' | sort | xargs sha256sum >/tmp/SHA256SUMS)
  mv /tmp/SHA256SUMS "$1"
}
