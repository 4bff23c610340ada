#!/bin/bash
# What a task, or another process of the deploy user, does to the rest: whatever
# it holds, forges, plants or fills, the other profiles run, the alert of one that
# fails arrives, so does that of the attacker's own run, no file of root changes,
# nothing of the checkout runs outside the sandbox of a profile, and no unit fails
# that has no reason to. attacks.list has the attacks, one a line. MONTIMER_SOAK=1
# tries all, else every seventeenth, and those that are marked; with ATTACKS it is
# those whose name matches that regular expression.
#
# Attacks that other scenarios hold:
#   hostile.sh        jobs.yaml, checkout and state directory against every verb of root (24)
#   apply-request.sh  a flood of requests, also during an apply; a FIFO that is filled (4)
#   sandbox.sh        every reach of docs/sandbox.md, in each release, a fork bomb, a leak (36)
#   journal.sh        a flood of output, a journal that stands still (3)
#   watchdog.sh       exec stopped, sd_notify forged (2)
#   run.sh            programs in .venv/bin for root, forged lines in --follow (2)
#   pause.sh          a pause that a task makes (1)
#   escape.sh         escapes, specifiers and unit syntax in what reaches a unit (1)
#   failure*.sh       killed, lost and unstartable runs; no database, no route, no user,
#                     no checkout, a held outbox.lock, a full state directory (14)
# Clocks that are set need a system of its own; the tests of internal/store and
# internal/host have those.
# Long.
# Any release.
# Needs: git python3 sqlite3 flock
source "${BASH_SOURCE%/*}/lib.sh"
source "${BASH_SOURCE%/*}/bot.inc"

mount -t tmpfs -o mode=700 tmpfs /root
usermod --home /home/deploy deploy
install -d -o deploy -g deploy -m 755 /home/deploy
mkdir -p /var/lib/systemd/linger # made by logind
cat >>/etc/montimer/config.yaml <<'YAML'
sandbox: { "*": default, strict: strict }
sync: { timeout: 3s }
YAML
as_deploy() { runuser -u deploy -- "$@"; }
install -d -o deploy -g deploy /srv/remote.git
as_deploy git init -q --bare -b main /srv/remote.git
as_deploy git -C /srv/app init -q -b main
as_deploy git -C /srv/app remote add origin /srv/remote.git
# The attacker does its worst, says so, and stays until the naps are over.
install -o deploy -g deploy -m 755 /dev/stdin /srv/app/attack.sh <<'SH'
[[ -e /run/armed.$MONTIMER_PROFILE || ! $MONTIMER_PROFILE ]] || exit 0
. /testdata/boot/attacks.tools
eval "$(cat /run/attack)"
touch /dev/shm/attacked
sleep 600
exit 1
SH
# What git or a shell may be made to run says where it ran. Handlers can write
# the state directory alone.
install -o deploy -g deploy -m 755 /dev/stdin /srv/app/evil.sh <<'SH'
#!/bin/sh
for d in /srv/app /var/lib/montimer; do echo "$(id -u) $(tr '\n' ' ' </proc/self/cgroup)" >>$d/hooked; done 2>/dev/null
exit 1
SH
jobs <<'YAML'
profiles:
  good: { calendar: "*:*:0/3", tasks: [{ name: one, command: "echo the good one ran" }] }
  synced: { calendar: "*:*:0/3", sync_before_run: true, tasks: [{ name: one, command: "echo the synced one ran" }] }
  bad: { calendar: "*:*:0/3", tasks: [{ name: one, command: "exit 3" }] }
  evil: { calendar: "*:*:0/3", tasks: [{ name: one, command: [bash, /srv/app/attack.sh] }] }
  strict: { calendar: "*:*:0/3", tasks: [{ name: one, command: [bash, /srv/app/attack.sh] }] }
YAML
as_deploy git -C /srv/app add -A
as_deploy git -C /srv/app -c user.name=a -c user.email=a@b commit -qm one
as_deploy git -C /srv/app push -q origin main
everyday
bot

state=/var/lib/montimer
# arrived PROFILE: its alert did, if need be with the timer of the outbox.
arrived() {
  again "automation: $1" || again "montimer: $1" || again "montimer-job-$1.service" || { sleep 1; systemctl start montimer-outbox.service 2>/dev/null; false; }
}
# woken PROFILE: its alert arrived. What it is doing may end in another nap.
woken() { pkill -u deploy -x sleep || true; arrived "$1"; }
systemctl start montimer.target
within 60 logged good "the good one ran"
within 60 logged synced "the synced one ran"
within 60 arrived bad
systemctl stop montimer.target
within 60 idle
cp -a /srv/app /srv/app.good
cp -a $state /srv/state.good
rm -f /srv/state.good/monitoring.db*
as_deploy montimer db init --state-dir /srv/state.good

# places are all paths that only root may change.
places() {
  find /etc /root /home /usr/local /var/spool /var/lib/systemd -maxdepth 4 -xdev \
    \( -path /var/lib/systemd/timers -o -path /home/deploy/.cache \) -prune -o \
    \( -type d -printf '%p %u %m\n' -o -printf '%p %u %m %s %T@ %l\n' \) | sort
}
before=$(places)
# ran PROFILE: since all that the attack plants is in place.
ran() { [[ $(journal "montimer-job-$1.service" --after-cursor="$cursor") == *"the $1 one ran"* ]]; }
# heard TEXT: the journal says so since the attack began.
heard() { journalctl --sync && journalctl --no-pager -o cat --after-cursor="$begin" | grep -F -- "$1" >/dev/null; }
sound() { as_deploy sqlite3 -cmd '.timeout 60000' $state/monitoring.db 'PRAGMA integrity_check' | grep -x ok >/dev/null; }

# attack NAME BY CHECK COMMAND
attack() {
  local name=$1 by=$2 check=$3 profile
  pkill -KILL -u deploy || true
  rm -rf /dev/shm/* /srv/app $state "${state:?}"/{*,.[!.]*} 2>/dev/null || true
  cp -a /srv/app.good /srv/app
  cp -aT /srv/state.good $state
  systemctl reset-failed
  printf '%s\n' "$4" >/run/attack
  begin=$(now_in_journal)
  case $by in
  deploy)
    profile=
    as_deploy env MONTIMER_PROFILE= setsid bash /srv/app/attack.sh >/dev/null 2>&1 &
    ;;
  *)
    profile=${by%-*} profile=${profile/default/evil}
    touch "/run/armed.$profile"
    systemctl start montimer.target
    ;;
  esac
  within 120 test -e /dev/shm/attacked
  cursor=$(now_in_journal)
  mv /run/sent /run/sent.before
  : >/run/sent
  systemctl start montimer.target
  within 300 ran good
  [[ $by == *-unsynced ]] || within 300 ran synced
  within 300 arrived bad
  rm -f /run/armed.*
  pkill -u deploy -x sleep || true
  [[ ! $profile ]] || within 120 woken "$profile"
  is montimer-apply.socket active || fail "$name: the socket unit is $(systemctl is-active montimer-apply.socket)"
  systemctl stop montimer.target
  pkill -KILL -u deploy -x sleep || true
  within 300 idle # a handler that is stopped ends by its time limit
  eval "$check" || fail "$name: $check"
  [[ $(places) == "$before" ]] || fail "$name: changed: $(diff <(echo "$before") <(places))"
  if cat /srv/app/hooked $state/hooked /home/deploy/hooked 2>/dev/null | grep -E '^0 |montimer-(failure|alarm|outbox|apply)'; then fail "$name: ran there"; fi
  # A handler of a failure that the attack ended is in a page of its own.
  local unit
  for unit in $(systemctl list-units --state=failed --plain --no-legend | grep -oE '^\S+' | grep -vE '^montimer-(job-.*|outbox)\.service'); do
    [[ $unit == montimer-failure@* ]] && grep -qF -- "$unit, could not report that" /run/sent /run/sent.before || fail "$name: $unit failed"
  done
  if systemctl --no-pager -n 0 status 'montimer*' | grep -P '[\x00-\x08\x0b-\x1f\x7f\x{202e}]'; then fail "$name: escapes in systemctl status"; fi
}

declare -i n=0 tried=0
failed=()
while IFS='|' read -r name by check command; do
  [[ $name && $name != '#'* ]] || continue
  n+=1
  if [[ ${ATTACKS-} ]]; then
    [[ $name =~ $ATTACKS ]] || continue
  elif [[ ! ${MONTIMER_SOAK-} && $name != '+'* ]] && ((n % 17 != 1)); then
    continue
  fi
  began=$SECONDS
  (attack "${name#+}" "$by" "$check" "$command") || failed+=("${name#+}")
  tried+=1
  printf '%s, %s: %d s\n' "${name#+}" "$by" $((SECONDS - began))
done <"${BASH_SOURCE%/*}/attacks.list"
((${#failed[@]} == 0)) || fail "${#failed[@]} got through: $(printf '%s; ' "${failed[@]}")"
((n >= 60 && tried > 0)) || fail "$tried of $n attacks"
printf '%d of %d attacks\n' "$tried" "$n"
montimer apply >/tmp/said 2>&1 || fail "apply: $(cat /tmp/said)"
printf 'PASS\n'
