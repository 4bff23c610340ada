#!/bin/sh
# reboot-required.sh: fails when an update waits for a reboot (Debian, Ubuntu).
set -eu
if [ -e /run/reboot-required ]; then
  cat /run/reboot-required
  cat /run/reboot-required.pkgs 2>/dev/null || true
  exit 1
fi
echo "no reboot required"
