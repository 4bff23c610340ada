#!/bin/sh
# load.sh [--max-per-cpu=N]: fails when the load of the last five minutes is
# above N for each processor.
set -eu
max=4
for arg; do
  case $arg in
    --max-per-cpu=*) max=${arg#*=} ;;
    *) echo "usage: load.sh [--max-per-cpu=N]" >&2; exit 2 ;;
  esac
done
read -r _ load _ </proc/loadavg
awk -v load="$load" -v cpus="$(getconf _NPROCESSORS_ONLN)" -v max="$max" 'BEGIN {
  printf "load %.2f on %d processors\n", load, cpus
  exit load > cpus * max
}'
