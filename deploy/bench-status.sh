#!/bin/bash
# bench-status.sh: what shows the state of a host with 100 profiles and 100,000 runs,
# as whole processes beside `montimer version`, in a systemd that has just booted, and
# the pages of `montimer serve`. All of a round run in turn; the figures are medians of
# their CPU time and page faults, those of the pages means.
# As root; PROFILES, RUNS and ROUNDS change the numbers.
set -euo pipefail

if [[ ${1:-} != inside ]]; then
  cd "$(dirname "$0")/.."
  work=$(mktemp -d /dev/shm/montimer-bench.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  CGO_ENABLED=0 go build -tags nethttpomithttp2 -trimpath -ldflags "-s -w" -o "$work/montimer" ./cmd/montimer
  testdata/systemd-sandbox --bind-ro "$work/montimer:/usr/local/bin/montimer" --bind-ro "$PWD/deploy:/deploy" \
    --bind-ro "$PWD/testdata:/testdata" -- /deploy/bench-status.sh inside
  exit
fi

source /testdata/boot/lib.sh
new_host
profiles=${PROFILES:-100} runs=${RUNS:-100000}
{
  echo 'profiles:'
  for ((i = 0; i < profiles; i++)); do
    printf '  p%04d: { cron: "%d %d 1 1 *", tasks: [{ name: a, command: /bin/true }] }\n' "$i" $((i % 60)) $((i / 60 % 24))
  done
} | jobs
everyday >/dev/null
systemctl start montimer.target
montimer run p0000 --follow >/dev/null # makes the database
python3 - "$profiles" "$runs" <<'PY'
# Runs of 90 days up to now, each profile's in turn, one of a hundred failed.
import datetime, sqlite3, sys
profiles, runs = map(int, sys.argv[1:])
db = sqlite3.connect("/var/lib/montimer/monitoring.db")
now = datetime.datetime.now(datetime.timezone.utc)
def stamp(at): return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
def rows():
    for i in range(runs):
        at = now - datetime.timedelta(days=90) * (runs - i) / runs
        yield (f"{i:032x}", f"p{i % profiles:04d}", stamp(at), stamp(at), stamp(at + datetime.timedelta(seconds=5)),
               "failed" if i % 101 == 0 else "ok")
db.executemany("""INSERT INTO montimer_runs (id, profile, trigger, scheduled_at, attempt, started_at, ended_at, state)
    VALUES (?, ?, 'timer', ?, 1, ?, ?, ?)""", rows())
db.commit()
PY
chown deploy: /var/lib/montimer/monitoring.db*
python3 - "${ROUNDS:-15}" <<'PY'
import os, resource, statistics, subprocess, sys
commands = {
    "version": "montimer version", "status": "montimer status", "status one": "montimer status p0007", "list": "montimer list",
    "history": "montimer history p0007", "metrics": "montimer metrics", "exec": "runuser -u deploy -- montimer exec p0007",
    "runuser": "runuser -u deploy -- /bin/true",
}
took = {name: [] for name in commands}
for _ in range(int(sys.argv[1])):
    for name, command in commands.items():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command.split(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took[name].append((1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime), after.ru_minflt - before.ru_minflt))
base = statistics.median(cpu for cpu, _ in took["version"])
print(f"{'':12} {'CPU ms':>8} {'faults':>8} {'of version':>11}")
for name, all in took.items():
    cpu = statistics.median(c for c, _ in all)
    print(f"{name:12} {cpu:8.1f} {statistics.median(f for _, f in all):8.0f} {cpu / base:11.1f}")
print(f"status may take {2 * base + 30:.1f} ms: twice version and 30 ms")
PY
MONITORING_API_PORT=8923 montimer serve 2>/dev/null &
python3 - "${ROUNDS:-15}" $! <<'PY'
# The pages of a server that runs already. Each is asked for when the last answer is
# older than what the server gives again.
import os, sys, time, urllib.request
rounds, pid = map(int, sys.argv[1:])
def get(path): return urllib.request.urlopen("http://127.0.0.1:8923" + path).read()
def cpu():
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")
for _ in range(600):
    try: get("/healthz"); break
    except OSError: time.sleep(0.1)
print(f"{'page':20} {'CPU ms':>8} {'kB':>8}")
for path in "/", "/?span=30d", "/profiles/p0007", "/alerts":
    get(path)
    used = 0
    for _ in range(rounds):
        time.sleep(1.1)
        before = cpu()
        size = len(get(path))
        used += cpu() - before
    print(f"{path:20} {used / rounds:8.1f} {size / 1000:8.1f}")
print("a page may take 200 ms and 300 kB")
PY
kill $!
