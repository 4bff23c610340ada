#!/bin/bash
# demo.sh MONTIMER: shows what montimer makes of this checkout's jobs.yaml. As
# root it does so in a throwaway systemd, and waits there until the timers tick.
set -euo pipefail
cd "$(dirname "$0")/.."

title() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

# show MONTIMER DIR: jobs.yaml, what it is compiled to in DIR, when it runs.
show() {
  title "jobs.yaml"
  cat jobs.yaml
  title "montimer compile"
  "$1" compile --out "$2"
  title "the units of the profile pulse"
  tail -n +4 "$2/montimer-job-pulse.timer"
  echo
  tail -n +4 "$2/montimer-job-pulse.service"
  if command -v systemd-analyze >/dev/null; then
    title "systemd-analyze verify: silence is good"
    systemd-analyze verify --man=no --recursive-errors=no "$2"/montimer*
  fi
  title "montimer list"
  "$1" list
}

# tick: what an operator does on a host, until the profile pulse has run twice.
tick() {
  title "systemctl daemon-reload && systemctl enable --now montimer.target"
  systemctl daemon-reload && systemctl enable --now montimer.target
  title "waiting until the profile pulse has run twice"
  local deadline=$((SECONDS + 120))
  # A check that fails, as that of the load on a busy machine, has run as well.
  until (($(journalctl -u montimer-job-pulse.service -o cat | grep -cE '^(Finished|Failed to start)') >= 2)); do
    ((SECONDS < deadline)) || {
      echo "it did not in 120 s"
      journalctl --no-pager -n 50
      exit 1
    }
    sleep 0.2
  done
  title "systemctl list-timers 'montimer-job-*'"
  systemctl list-timers --no-pager 'montimer-job-*'
  title "journalctl -u montimer-job-pulse.service"
  journalctl --no-pager -o short-precise -u montimer-job-pulse.service
}

# booted: a host as it should be: the checkout belongs to the user who runs the
# tasks, what root relies on belongs to root.
booted() {
  useradd --system --home-dir /srv/demo --shell /usr/sbin/nologin deploy
  install -d -o deploy -g deploy /srv/demo
  cp -r jobs.yaml deploy /srv/demo/
  install -d /etc/montimer
  install -m 640 -g deploy /dev/null /etc/montimer/env
  printf 'checkout: /srv/demo\nrun_as: deploy\n' >/etc/montimer/config.yaml
  cd /srv/demo
  show montimer /usr/local/lib/systemd/system
  tick
}

# need installs the Debian packages whose programs are missing: PROGRAM:PACKAGE.
need() {
  local tool lacking=()
  for tool; do
    command -v "${tool%:*}" >/dev/null || lacking+=("${tool#*:}")
  done
  ((${#lacking[@]})) || return 0
  if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
    echo "not installed: ${lacking[*]}; some of the demo is left out"
    return 0
  fi
  title "installing ${lacking[*]}"
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${lacking[@]}"
}

if [[ $1 == --booted ]]; then
  booted
  exit
fi
montimer=$(realpath "$1")
need systemctl:systemd systemd-analyze:systemd dbus-daemon:dbus ip:iproute2 unshare:util-linux useradd:passwd
if ((EUID != 0)) || ! [[ -x /lib/systemd/systemd ]]; then
  units=$(mktemp -d)
  trap 'rm -rf "$units"' EXIT
  show "$montimer" "$units"
  title "as root, on a machine with systemd, the demo would now boot these units"
  exit
fi
title "booting a throwaway systemd"
testdata/systemd-sandbox --bind-ro "$montimer:/usr/local/bin/montimer" --bind-ro "$PWD:/demo" --boot-timeout 120 --stop-timeout 0 \
  -- bash /demo/deploy/demo.sh --booted
