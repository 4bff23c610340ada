#!/bin/sh
# memory.sh [--min-percent=N]: fails when less than N percent of the memory is
# available.
set -eu
min=5
for arg; do
  case $arg in
    --min-percent=*) min=${arg#*=} ;;
    *) echo "usage: memory.sh [--min-percent=N]" >&2; exit 2 ;;
  esac
done
awk -v min="$min" '
  /^MemTotal:/ { total = $2 }
  /^MemAvailable:/ { free = $2 }
  END {
    percent = 100 * free / total
    printf "%.0f %% of %.1f GiB available\n", percent, total / 1048576
    exit percent < min
  }' /proc/meminfo
