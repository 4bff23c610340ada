#!/bin/bash
# A day of random faults, compressed: 20 profiles whose ticks come every 5 to 60
# seconds, while locks are held, the disk fills, journald stops, the git remote
# hangs, the database is locked, and more. No tick is silent: each has a row in
# the history or is in a message. 40 seconds; 22 minutes with MONTIMER_SOAK=1.
#
# Not here: steps of the clock, which is that of the whole machine.
# Needs: python3 git sqlite3
source "${BASH_SOURCE%/*}/faults.inc"
seconds=40
[[ ! ${MONTIMER_SOAK-} ]] || seconds=1300
# The disk that fills is the state directory's own.
install -d -o deploy -g deploy -m 750 /var/lib/montimer
mount -t tmpfs -o "size=48m,mode=750,uid=deploy,gid=deploy" tmpfs /var/lib/montimer
python3 /testdata/boot/faults.py day "$seconds" || fail "see above"
printf 'PASS\n'
