#!/bin/bash
# What a service can do, reach and see in each sandbox, as docs/sandbox.md says:
# sandbox.probes has a line for each. What it works with is as meant: the umask,
# the modes of montimer's own files, /tmp, the limits.
# Needs: git node python3 busctl dbus-daemon
source "${BASH_SOURCE%/*}/lib.sh"

new_host
usermod --home /home/deploy --uid 1500 deploy
install -d -o deploy -g deploy -m 755 /home/deploy
install -d -o deploy -g deploy -m 700 /home/deploy/.ssh /home/deploy/.ssh/agent
chown -R deploy:deploy /srv/app
cat >>/etc/montimer/config.yaml <<'YAML'
sandbox:
  "*": default
  strict: strict
  host: host
limits:
  strict: { memory_max: 256M, cpu_quota: 50%, tasks_max: 100 }
  bomb: { tasks_max: 60 }
  leak: { memory_max: 64M, memory_swap_max: 0 }
write: { "*": [/srv/www], strict: [/srv/missing] }
YAML
git init -q --bare /srv/origin.git
chown -R deploy: /srv/origin.git
runuser -u deploy -- bash -euc '
  cd /srv/app
  git init -q -b main
  git config user.email deploy@localhost
  git config user.name deploy
  git remote add origin /srv/origin.git
  echo one >file && git add file && git commit -qm one && git push -q origin main
  echo two >file && git commit -qam two && git push -q origin main
  git reset -q --hard HEAD~1'
install -o deploy -g deploy -m 755 /dev/stdin /srv/app/git.sh <<'SH'
git fetch -q origin main && git reset -q --hard origin/main && grep -q two file
SH
install -o deploy -g deploy -m 644 /dev/stdin /srv/app/all.py <<'PY'
import multiprocessing, os, resource, socket, sqlite3, ssl, subprocess, sys, tempfile, threading

def double(n):
    return 2 * n

if __name__ == "__main__":
    state = os.environ["MONTIMER_STATE_DIR"]
    db = sqlite3.connect(os.path.join(state, "test.db"))
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("CREATE TABLE IF NOT EXISTS t (n)")
    db.execute("INSERT INTO t VALUES (1)")
    db.commit()
    ssl.create_default_context()
    with multiprocessing.Pool(2) as pool:
        assert pool.map(double, [1, 2]) == [2, 4]
    assert subprocess.run(["sh", "-c", "exit 3"]).returncode == 3
    assert socket.getaddrinfo("localhost", 80)
    threading.Thread(target=int).start()
    with tempfile.NamedTemporaryFile() as f:
        f.write(b"x")
    print("python", sys.version_info[:2], "is well")
PY
install -o deploy -g deploy -m 755 /dev/stdin /srv/app/see.sh <<'SH'
pgrep -u root -x systemd-journal || { echo "pgrep does not see journald"; exit 1; }
[ "$(pgrep -c -x of-montimer)" = 1 ] || { echo "pgrep counts $(pgrep -c -x of-montimer)"; exit 1; }
! pgrep -x never-there || { echo "pgrep sees what is not there"; exit 1; }
[ "$(pgrep -o .)" = 1 ] || { echo "the oldest process is $(pgrep -o .)"; exit 1; }
SH
# probe.sh answers each line of sandbox.probes.
install -o deploy -g deploy -m 755 /dev/stdin /srv/app/probe.sh <<'SH'
rm -rf "box.$1" && mkdir "box.$1" && cp memory.py victim.pid "box.$1" && cd "box.$1" || exit 1
while IFS='|' read -r name default strict host command; do
  if out=$(sh -c "$command" </dev/null 2>&1); then answer=yes; else answer=no; fi
  eval "wanted=\$$1"
  [ "$answer" = "$wanted" ] || echo "DIFFERS: $name: $answer: $out" | tail -n 3
  echo "$name" >>answered
done <../probes
SH
install -o deploy -g deploy -m 644 /dev/stdin /srv/app/memory.py <<'PY'
import os, sys
with open(f"/proc/{sys.argv[1]}/maps") as maps:
    start = next(int(l.split("-")[0], 16) for l in maps if l.split()[1].startswith("rw"))
f = os.open(f"/proc/{sys.argv[1]}/mem", os.O_RDWR)
if os.pwrite(f, os.pread(f, 8, start), start) != 8:
    raise SystemExit(1)
PY
install -o deploy -g deploy -m 755 /dev/stdin /srv/app/bomb.sh <<'SH'
# Processes until there can be no more, which are then left running.
i=0
while [ $i -lt 500 ]; do sleep 600 & i=$((i + 1)); done
SH

# npm is a package of its own, which not every system with node has.
grep -v '^#' /testdata/boot/sandbox.probes | if command -v npm >/dev/null; then cat; else grep -v 'npm pack'; fi >/srv/app/probes

# What the probes look for.
groupadd ops
usermod -aG ops deploy
install -d -o deploy -g deploy -m 2775 /srv/setgid
install -d -o deploy -g deploy /srv/www /srv/other
echo readable >/srv/other/readable
install -o deploy -m 600 /dev/stdin /home/deploy/.ssh/id <<<key
install -d -o deploy /tmp/ssh-1
touch /tmp/outside
mknod /dev/box c 1 3
echo SECRET=value >>/etc/montimer/env
install -m 4755 /usr/bin/id /usr/local/bin/root-id
cp /bin/sleep /usr/local/bin/of-montimer
of-montimer 600 &
systemd-run --quiet --uid deploy --unit victim sleep 600
systemctl show -P MainPID victim >/srv/app/victim.pid
systemd-run --quiet --uid deploy --unit agents /usr/bin/python3 -c '
import os, socket, time
listening = [socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX), socket.socket()]
listening[0].bind(os.path.expanduser("~deploy/.ssh/agent/s"))
listening[1].bind("/tmp/ssh-1/agent")
listening[2].bind(("127.0.0.1", 8199))
for s in listening: s.listen()
open("/srv/app/listening", "w")
time.sleep(600)'
within 60 test -e /srv/app/listening
# The user's own service manager, as for a user who is logged in or lingers.
install -d -m 755 /run/user
install -d -o deploy -g deploy -m 700 /run/user/1500
systemd-run --quiet --unit manager --uid deploy --property Delegate=yes --setenv XDG_RUNTIME_DIR=/run/user/1500 /usr/lib/systemd/systemd --user
within 60 test -S /run/user/1500/systemd/private
runuser -u deploy -- env XDG_RUNTIME_DIR=/run/user/1500 systemctl --user start sockets.target
[[ -S /run/user/1500/bus ]] ||
  systemd-run --quiet --unit bus --uid deploy dbus-daemon --session --nofork --address=unix:path=/run/user/1500/bus
within 60 test -S /run/user/1500/bus

jobs <<'YAML'
defaults: { cron_dialect: crontab, timezone: UTC }
profiles:
  default:
    cron: "0 5 1 1 *"
    tasks:
      - { name: git, command: [sh, -eu, git.sh] }
      - { name: python, command: [/usr/bin/python3, all.py] }
      - { name: pgrep, command: [sh, -u, see.sh] }
      - { name: probe, command: [sh, probe.sh, default] }
  strict:
    cron: "0 5 1 1 *"
    tasks:
      - { name: git, command: [sh, -eu, git.sh] }
      - { name: python, command: [/usr/bin/python3, all.py] }
      - { name: alone, command: "! pgrep -x of-montimer" }
      - { name: probe, command: [sh, probe.sh, strict] }
  host:
    cron: "0 5 1 1 *"
    tasks:
      - { name: git, command: [sh, -eu, git.sh] }
      - { name: python, command: [/usr/bin/python3, all.py] }
      - { name: user, command: 'test "$(id -un)" = deploy' }
      - { name: probe, command: [sh, probe.sh, host] }
  umask:
    cron: "0 5 1 1 *"
    tasks:
      - { name: umask, command: 'echo "modes: $(umask) $(cd "$MONTIMER_STATE_DIR" && stat -c %a . lock lock/* monitoring.db* | tr "\n" " ")"' }
      - { name: report, command: "rm -f report; echo >report" }
  keeps: { cron: "0 5 1 1 *", tasks: [{ name: keep, command: "echo kept | tee /tmp/kept >/var/tmp/kept; exec 9>/tmp/lock; flock -n 9 && echo locked; sleep 600" }] }
  finds: { cron: "0 5 1 1 *", tasks: [{ name: find, command: "cat /tmp/kept /var/tmp/kept; exec 9>/tmp/lock; flock -n 9 || echo busy" }] }
  bomb: { cron: "0 5 1 1 *", tasks: [{ name: bomb, command: [sh, bomb.sh] }, { name: stay, command: [sleep, "600"] }] }
  leak: { cron: "0 5 1 1 *", tasks: [{ name: leak, command: [/usr/bin/python3, -c, "x = bytearray(200 << 20)"] }, { name: next, command: "echo next" }] }
YAML
montimer compile 2>/tmp/said
grep -F '/srv/missing, which does not exist' /tmp/said >/dev/null || fail "nothing of /srv/missing: $(cat /tmp/said)"
systemctl daemon-reload
systemd-analyze verify --man=no --recursive-errors=no /usr/local/lib/systemd/system/montimer* >/tmp/said 2>&1 || true
[[ ! -s /tmp/said ]] || fail "verify: $(cat /tmp/said)"
systemctl enable --now montimer.target

step "the page says the same as the probes"
grep -v '^#' /testdata/boot/sandbox.probes | cut -d'|' -f1-4 >/tmp/probes
grep -E '^\| .* \| (yes|no) \| (yes|no) \| (yes|no) \|$' /docs/sandbox.md | sed 's/^| //; s/ |$//; s/ | /|/g' >/tmp/page
diff /tmp/probes /tmp/page || fail "docs/sandbox.md and testdata/boot/sandbox.probes differ"

first=$(runuser -u deploy -- git -C /srv/app rev-list --max-parents=0 main)
for profile in default strict host; do
  step "$profile"
  runuser -u deploy -- git -C /srv/app reset -q --hard "$first"
  systemctl start "montimer-job-$profile.service" || fail "$profile"
  cmp <(cut -d'|' -f1 /srv/app/probes) "/srv/app/box.$profile/answered" || fail "not all was probed"
  ! logged "$profile" DIFFERS || fail "the sandbox $profile is otherwise than the page says"
done
[[ $(systemctl show -P MemoryMax montimer-job-strict.service) == $((256 << 20)) ]] || fail "MemoryMax of strict"
[[ $(systemctl show -P CPUQuotaPerSecUSec montimer-job-strict.service) == 500ms ]] || fail "CPUQuota of strict"
[[ $(systemctl show -P TasksMax montimer-job-strict.service) == 100 ]] || fail "TasksMax of strict"

step "the umask of tasks is cron's, or the host's, and changes no file of montimer's own"
# The state directory, the directory of locks, the locks; the database with its two companions.
modes() { journal montimer-job-umask.service | grep -xE "umask: modes: $1 750 700( 600)+( 640){3} " >/dev/null || fail "umask $1"; }
started() { systemctl start montimer-job-umask.service || fail "umask"; }
mode() { stat -c %a /srv/app/report; }
started
modes 0022
[[ $(mode) == 644 ]] || fail "the mode is $(mode)"
for umask in 0000 0077; do
  sed -i '/^umask/d' /etc/montimer/config.yaml
  echo "umask: $umask" >>/etc/montimer/config.yaml
  everyday
  mv /var/lib/montimer "/var/lib/before-$umask"
  started
  modes "$umask"
  runuser -u deploy -- sh -c "umask $umask; cd /srv/app && montimer exec umask --state-dir /srv/app/by-hand-$umask" 2>/dev/null
  [[ $(cd "/srv/app/by-hand-$umask" && stat -c %a . lock lock/* monitoring.db | tr '\n' ' ') =~ ^'750 700 '('600 ')+'640 '$ ]] || fail "modes by hand under $umask"
  [[ $(mode) == $(printf %o $((0666 & ~umask))) ]] || fail "the mode is $(mode) under $umask"
done
sed -i '/^umask/d' /etc/montimer/config.yaml
everyday

step "one /tmp for all profiles and runs, also across reloads"
systemctl start --no-block montimer-job-keeps.service
within 60 logged keeps "keep: locked"
systemctl daemon-reload
systemctl daemon-reexec
found() { [[ $(grep -cxE 'find: (kept|busy)' /tmp/said) == 3 ]] || fail "another /tmp: $(cat /tmp/said)"; }
montimer run finds --task find >/tmp/said 2>&1 || fail "find: $(cat /tmp/said)"
found
systemctl start montimer-job-finds.service
journal montimer-job-finds.service >/tmp/said
found
systemctl stop montimer-job-keeps.service

step "a fork bomb and a leak take nothing from others"
[[ $(systemctl show -P TasksMax montimer-job-default.service) == 1000 ]] || fail "TasksMax by default"
memory=$(systemctl show -P MemoryMax montimer-job-default.service)
[[ $memory =~ ^[0-9]+$ ]] && ((memory < 2 ** 50)) || fail "MemoryMax by default is $memory"
# A system in a sandbox need not have these controllers of control groups.
if ! [[ $(systemctl show -P TasksCurrent dbus.service) =~ ^[0-9]+$ && $(systemctl show -P MemoryCurrent dbus.service) =~ ^[0-9]+$ ]]; then
  echo "not tried: no control groups for memory and processes here"
  echo PASS
  exit
fi
systemctl start --no-block montimer-job-bomb.service
within 60 logged bomb 'Cannot fork'
systemctl start montimer-job-finds.service || fail "another profile does not run beside the bomb"
montimer list >/dev/null || fail "list beside the bomb"
tasks=$(systemctl show -P TasksCurrent montimer-job-bomb.service) # "[not set]" once it has ended
! [[ $tasks =~ ^[0-9]+$ ]] || ((tasks <= 60)) || fail "$tasks tasks, more than 60"
systemctl stop montimer-job-bomb.service
! systemctl start montimer-job-leak.service 2>/dev/null || fail "200 MB did fit into 64 MB"
logged leak 'next: next' || fail "the task after the leak was not run"
systemctl reset-failed
healthy
printf 'PASS\n'
