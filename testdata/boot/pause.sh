#!/bin/bash
# A pause skips ticks, says so, and ends on time; only root sets one.
source "${BASH_SOURCE%/*}/lib.sh"

new_host
jobs <<'YAML'
profiles:
  beat:
    calendar: "*:*:0..58/2"
    tasks: [{ name: one, command: [echo, "beat says one"] }]
YAML
everyday
systemctl enable --now montimer.target
within 60 logged beat "beat says one"

# ran prints how many times the task has.
ran() { journal montimer-job-beat.service | grep -c "beat says one"; }

step "paused"
! runuser -u deploy -- montimer pause beat --until 1h --reason x 2>/tmp/said || fail "the deploy user paused it"
grep -q "pause needs root" /tmp/said || fail "said: $(cat /tmp/said)"
! montimer pause baet --until 1h --reason x 2>/tmp/said || fail "a profile that is not there"
montimer pause beat --until 1h --reason "$(printf 'moving \e[31mhouse')"
montimer list 2>/dev/null | grep 'paused until .*: moving \\x1b\[31mhouse (root)' >/dev/null || fail "list: $(montimer list)"
within 60 logged beat 'skipped: paused until'
before=$(ran)
skips() { journal montimer-job-beat.service | grep -c 'skipped: paused until'; }
skipped=$(skips)
more_skips() { (($(skips) >= skipped + 2)); }
within 60 more_skips
((before == $(ran))) || fail "it ran"
healthy
montimer pause beat --until 3s --reason "nearly done"

step "it ends on time, or by resume"
more() { (($(ran) > before)); }
within 60 more
over() { [[ $(runuser -u deploy -- readlink /var/lib/montimer/pause-over/beat) == 20* ]]; } # also for a clock that is behind later
within 60 over
montimer pause beat --until 1h --reason again
montimer resume beat 2>/tmp/said && grep -q "runs again as scheduled; it was paused until .*: again (root)" /tmp/said || fail "resume: $(cat /tmp/said)"
before=$(ran)
within 60 more

step "a file that a task puts there is ignored"
install -m 644 -o deploy /dev/stdin /etc/montimer/pause/beat <<<"until: 2098-01-01T00:00:00Z"
within 60 logged beat 'pause ignored: pause of beat'
before=$(ran)
within 60 more

printf 'PASS\n'
