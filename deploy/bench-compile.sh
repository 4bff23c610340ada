#!/bin/bash
# bench-compile.sh [PROFILES...]: compile on tmpfs beside a C program that does
# nothing but write as many files of the same size. All of a round run in turn;
# the figures are medians of wall time in milliseconds.
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=${ROUNDS:-7}
work=$(mktemp -d /dev/shm/montimer-bench.XXXXXX)
trap 'rm -rf "$work"' EXIT
CGO_ENABLED=0 go build -tags nethttpomithttp2 -trimpath -ldflags "-s -w" -o "$work/montimer" ./cmd/montimer
cc -O2 -Wall -o "$work/write" testdata/bench/write.c
as_daemon=()
if ((EUID == 0)); then
  as_daemon=(setpriv --reuid=daemon --regid=daemon --clear-groups)
  chown daemon "$work"
fi
touch "$work/a.sh" # compile warns of a script that is not there
chmod 755 "$work" # the run-as user reads jobs.yaml here

jobs() {
  echo 'profiles:'
  local i
  for ((i = 0; i < $1; i++)); do
    printf '  p%06d:\n    cron: "%d %d * * *"\n    tasks:\n      - {name: a, script: a.sh}\n' "$i" $((i % 60)) $((i / 60 % 24))
  done
}

compile() {
  # Not as root, whose units are bounded by the capacity of this host.
  "${as_daemon[@]}" "$work/montimer" compile --run-as daemon --checkout "$work" --jobs "$work/jobs.yaml" --out "$work/units" >/dev/null 2>&1
}

# ms COMMAND...: appends the wall time to the file of the command's name.
ms() {
  local from=$EPOCHREALTIME
  "${@:2}"
  local to=$EPOCHREALTIME
  echo $(((${to/./} - ${from/./}) / 10)) >>"$work/$1.times"
}

median() { sort -n "$work/$1.times" | sed -n "$((rounds / 2 + 1))p"; }

printf '%9s %9s %9s %9s %14s %16s\n' profiles C fresh again fresh/C again/fresh
for count in "${@:-10000}"; do
  jobs "$count" >"$work/jobs.yaml"
  chmod 644 "$work/jobs.yaml"
  rm -rf "$work/units" "$work"/*.times
  compile
  service=$(stat -c %s "$work/units/montimer-job-p000000.service") timer=$(stat -c %s "$work/units/montimer-job-p000000.timer")
  for ((round = 0; round < rounds; round++)); do
    rm -rf "$work/units" "$work/c"
    mkdir "$work/c"
    ms c "$work/write" "$work/c" "$count" "$service" "$timer"
    rm -rf "$work/c"
    ms fresh compile
    ms again compile
  done
  awk -v n="$count" -v c="$(median c)" -v f="$(median fresh)" -v a="$(median again)" \
    'BEGIN { printf "%9d %9.1f %9.1f %9.1f %14.2f %16.2f\n", n, c / 100, f / 100, a / 100, f / c, a / f }'
done
