#!/bin/bash
# What a service can do and see in each sandbox: git, Python, node and pgrep
# work where they are meant to, and tell the truth.
# Needs: git node python3
source "${BASH_SOURCE%/*}/lib.sh"

new_host
cat >>/etc/montimer/config.yaml <<'YAML'
sandbox:
  "*": default
  strict: strict
  host: host
limits:
  "*": { tasks_max: 100 }
  strict: { memory_max: 256M, cpu_quota: 50% }
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
install -o deploy -g deploy -m 755 /dev/stdin /srv/app/confined.sh <<'SH'
! touch /usr/local/x 2>/dev/null && ! touch /etc/x 2>/dev/null && ! touch /srv/x 2>/dev/null && ! touch /root/x 2>/dev/null || exit 1
touch "$MONTIMER_STATE_DIR/x" /tmp/x x && [ ! -e /tmp/outside ] || exit 1
! cat /root/secret 2>/dev/null || exit 1
SH
printf secret >/root/secret
chmod 600 /root/secret
touch /tmp/outside
jobs <<'YAML'
defaults: { cron_dialect: crontab, timezone: UTC }
profiles:
  default:
    cron: "0 5 1 1 *"
    tasks:
      - { name: git, command: [sh, -eu, git.sh] }
      - { name: python, command: [/usr/bin/python3, all.py] }
      - { name: node, command: [node, -e, "const f = n => n < 2 ? n : f(n - 1) + f(n - 2); if (f(20) != 6765) process.exit(1)"] }
      - { name: pgrep, command: [sh, -u, see.sh] }
      - { name: confined, command: [sh, -u, confined.sh] }
  strict:
    cron: "0 5 1 1 *"
    tasks:
      - { name: git, command: [sh, -eu, git.sh] }
      - { name: python, command: [/usr/bin/python3, all.py] }
      - { name: confined, command: [sh, -u, confined.sh] }
      - { name: alone, command: "! pgrep -x of-montimer" }
  host:
    cron: "0 5 1 1 *"
    tasks:
      - { name: git, command: [sh, -eu, git.sh] }
      - { name: python, command: [/usr/bin/python3, all.py] }
      - { name: outside, command: "test -e /tmp/outside" }
      - { name: user, command: 'test "$(id -un)" = deploy' }
      - { name: rights, command: "grep -qx 'NoNewPrivs:.1' /proc/self/status" }
YAML
cp /bin/sleep /usr/local/bin/of-montimer
of-montimer 600 &
everyday
systemctl enable --now montimer.target

first=$(runuser -u deploy -- git -C /srv/app rev-list --max-parents=0 main)
for profile in default strict host; do
  step "$profile"
  runuser -u deploy -- git -C /srv/app reset -q --hard "$first"
  systemctl start "montimer-job-$profile.service" || fail "$profile"
  [[ $(systemctl show -P TasksMax "montimer-job-$profile.service") == 100 ]] || fail "TasksMax of $profile"
done
[[ $(systemctl show -P MemoryMax montimer-job-strict.service) == $((256 << 20)) ]] || fail "MemoryMax of strict"
[[ $(systemctl show -P CPUQuotaPerSecUSec montimer-job-strict.service) == 500ms ]] || fail "CPUQuota of strict"
[[ $(systemctl show -P MemoryMax montimer-job-default.service) == infinity ]] || fail "MemoryMax of default"
healthy

printf 'PASS\n'
