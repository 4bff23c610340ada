#!/bin/bash
# A day of random faults, compressed: 20 profiles whose ticks come every 5 to 60
# seconds, while locks are held, the disk fills, journald stops, the git remote
# hangs, the database is locked, and more. No tick is silent: each has a row in
# the history or is in a message. It takes 22 minutes, and the clock of all
# processes is wrong at times, by 20 seconds to 400 days.
# Soak only.
# Soak clock: clock.c clock.go.txt
# Needs: python3 git sqlite3
source "${BASH_SOURCE%/*}/faults.inc"
# The disk that fills is the state directory's own.
install -d -o deploy -g deploy -m 750 /var/lib/montimer
mount -t tmpfs -o "size=48m,mode=750,uid=deploy,gid=deploy" tmpfs /var/lib/montimer
python3 /testdata/boot/faults.py day 1300 || fail "see above"
printf 'PASS\n'
