#!/bin/bash
# apply is killed, at one system call after the other and then at any moment.
# What it leaves is never a failed unit, and the next apply completes it, which
# starts as little as the first would have. Here at the first of each call and
# at two moments; with MONTIMER_SOAK=1 at the first six and at eight.
# Needs: strace
source "${BASH_SOURCE%/*}/lib.sh"
source "${BASH_SOURCE%/*}/apply.inc"

stamps=/var/lib/systemd/timers
soon=$(date -d '+1 hour' +'*-*-* %H:%M:00') later=$(date -d '+5 hours' +'*-*-* %H:%M:00') past=$(date -d '-2 min' +'*-*-* %H:%M:00')

# rewind: the state before, with a schedule that last ran three hours ago.
rewind() {
  profiles < <(profile moved "calendar: [\"$soon\"]"; profile gone "calendar: \"$soon\""; profile same "calendar: \"$later\"")
  apply
  touch -d '-3 hours' $stamps/stamp-montimer-job-moved.timer
  systemctl restart montimer-job-moved.timer
  profiles < <(profile moved "calendar: [\"$soon\", \"$past\"]"; profile atboot 'cron: "@reboot", cron_dialect: crontab'; profile same "calendar: \"$later\"")
}

# repaired: one apply, and everything is as it should be.
repaired() {
  healthy
  apply
  as_planned
  ! journalctl --no-pager -o cat -t systemd --grep '^Starting montimer-job' || fail "a job was started"
  [[ $(systemctl show -P LoadState montimer-job-gone.timer) == not-found ]] || fail "gone is still there"
  [[ ! -e $stamps/stamp-montimer-job-gone.timer ]] || fail "the stamp of gone is still there"
  [[ $(systemctl show -P TimersCalendar montimer-job-moved.timer) == *"${past#* }"* ]] || fail "moved has not moved"
}

calls=1 moments=2
[[ ! ${MONTIMER_SOAK-} ]] || calls=6 moments=8

new_host
kills=0
for call in utimensat mkdirat renameat unlinkat syncfs; do
  for ((n = 1; n <= calls; n++)); do
    rewind
    # Each thread counts its calls by itself.
    code=0
    GOMAXPROCS=1 strace --seccomp-bpf -qq -f -o /dev/null -e trace="$call" -e "inject=$call:signal=KILL:when=$n" montimer apply &>/dev/null || code=$?
    repaired
    ((code != 0)) || break
    kills=$((kills + 1))
  done
done
step "killed at $kills system calls"
((kills >= 4 && kills >= 2 * (calls - 1))) || fail "too few"

rewind
began=${EPOCHREALTIME/./}
apply
took=$((${EPOCHREALTIME/./} - began)) # microseconds
kills=0
for ((n = 0; n < moments; n++)); do
  rewind
  montimer apply >/dev/null 2>&1 &
  sleep "$(printf '%d.%06d' $((moment = took * RANDOM / 32768, moment / 1000000)) $((moment % 1000000)))"
  ! kill -KILL $! 2>/dev/null || kills=$((kills + 1))
  wait $! 2>/dev/null || true
  repaired
done
step "killed at $kills moments"

printf 'PASS\n'
