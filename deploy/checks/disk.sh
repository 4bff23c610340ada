#!/bin/sh
# disk.sh [--max-percent=N]: fails when a local file system is fuller than N
# percent, and names it.
set -eu
max=90
for arg; do
  case $arg in
    --max-percent=*) max=${arg#*=} ;;
    *) echo "usage: disk.sh [--max-percent=N]" >&2; exit 2 ;;
  esac
done
# df fails when one of many file systems cannot be read; the others still count.
{ df -P -l 2>/dev/null || true; } | awk -v max="$max" '
  NR > 1 && $2 > 0 {
    used = $5; sub(/%/, "", used)
    if (used + 0 > max) { print $6 " is " $5 " full"; full = 1 }
    seen++
  }
  END {
    if (!full) print seen " file systems, none above " max "%"
    exit full
  }'
