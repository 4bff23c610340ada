#!/bin/bash
# bench-backup.sh: a backup of a database with 1 GiB of alerts, and their indexes, while a
# process commits all the time, and a restore: how long each takes, and the longest commit
# alone and meanwhile. MIB changes the size; TMPDIR has six times as much while it runs.
set -euo pipefail
cd "$(dirname "$0")/.."
export MONTIMER_BENCH_MIB=${MIB:-1024} CGO_ENABLED=0
exec go test ./internal/store -run '^$' -bench 'BenchmarkBackup$' -benchtime 1x -timeout 60m
