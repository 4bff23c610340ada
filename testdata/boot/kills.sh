#!/bin/bash
# Runs, syncs, applies, compiles, senders of the outbox and handlers of failures
# are killed, told to stop, or stopped and killed, at random moments of their
# lives, while the Bot API fails at random. Every run that failed or was lost is
# reported, and no task sees half a tree.
# Soak only.
# Needs: python3 git
source "${BASH_SOURCE%/*}/faults.inc"
python3 /testdata/boot/faults.py kills 1000 || fail "see above"
printf 'PASS\n'
