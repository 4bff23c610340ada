"""faults.py kills N | day SECONDS [SEED]: the part of kills.sh and day.sh that draws.

faults.inc has made the host. At the end an oracle compares what systemd
started (/run/record, and the journal of PID 1) and the ticks that had to come
with the rows of montimer_runs and what the Bot API accepted.
"""

import collections, contextlib, http.server, json, os, random, re, signal, socket, sqlite3, subprocess, sys, threading, time

STATE = "/var/lib/montimer"
DB = STATE + "/monitoring.db"
AS_DEPLOY = ["runuser", "-u", "deploy", "--"]


def run(*argv, check=False, **kw):
    return subprocess.run(argv, check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw)


def say(*words):
    print(*words, flush=True)


def wait_for(what, condition, bound=120):
    end = time.monotonic() + bound
    while not condition():
        if time.monotonic() > end:
            sys.exit("FAIL: not within the time: " + what)
        time.sleep(0.1)


class Bot(http.server.BaseHTTPRequestHandler):
    """A Bot API that answers as the mode says: ok, random, down, hang, 401."""

    mode = "ok"
    accepted = []  # (text, whether the sender got an answer)
    lock = threading.Lock()

    def do_POST(self):
        text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"]
        what = Bot.mode
        if what == "random":
            what = random.choice(["ok"] * 6 + ["500", "429", "unanswered", "half", "down", "401"])
        if what == "hang":
            end = time.monotonic() + 60
            while Bot.mode == "hang" and time.monotonic() < end:
                time.sleep(0.2)
        if what in ("ok", "unanswered", "half"):
            with Bot.lock:
                Bot.accepted.append((text, what == "ok"))
        if what in ("down", "hang", "unanswered"):
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        code, body = {
            "401": (401, b'{"ok":false,"error_code":401,"description":"Unauthorized"}'),
            "429": (429, b'{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":1}}'),
            "500": (500, b"oops"),
        }.get(what, (200, b'{"ok":true}'))
        with contextlib.suppress(OSError):
            self.send_response(code)
            self.send_header("Content-Length", str(len(body) + (100 if what == "half" else 0)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 100

    def handle_error(self, *args):  # a client that was killed
        pass


# The tree is whole if its 40 files are of one version.
CHECK = """n=$(cat files/* | sort -u | wc -l); m=$(ls files | wc -l)
test $n = 1 && test $m = 40 || { echo "$MONTIMER_RUN_ID: $n versions, $m files" >>/var/lib/montimer/half; exit 99; }
"""


class Author:
    """What is merged."""

    version = 0

    def merge(self, jobs):
        Author.version += 1
        folder = "/srv/author/files"
        os.makedirs(folder, exist_ok=True)
        for i in range(40):
            with open(f"{folder}/{i}", "w") as f:
                f.write(f"{self.version}\n" * 50)
        for name, text in {"check.sh": CHECK, "jobs.yaml": jobs}.items():
            with open("/srv/author/" + name, "w") as f:
                f.write(text)
        run("chown", "-R", "deploy:", "/srv/author")
        git = AS_DEPLOY + ["git", "-C", "/srv/author", "-c", "user.name=a", "-c", "user.email=a@b"]
        run(*git, "add", "-A", check=True)
        run(*git, "commit", "-qm", f"version {self.version}", check=True)
        return run(*git, "push", "-q", "origin", "HEAD:main").returncode == 0


def begin(jobs):
    server = Server(("127.0.0.1", 8199), Bot)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    author = Author()
    author.merge(jobs)
    run(*AS_DEPLOY, "git", "clone", "-q", "/srv/remote.git", "/srv/app", check=True)
    run("systemctl", "daemon-reload", check=True)
    said = run("montimer", "apply")
    if said.returncode:
        sys.exit("FAIL: apply: " + said.stdout)
    return author


def idle():
    return not run("systemctl", "list-units", "--state=activating,deactivating", "--plain", "--no-legend", "montimer-*").stdout.strip()


def settle():
    """Ends it all: no more ticks, nothing under way, everything sent."""
    Bot.mode = "ok"
    run("systemctl", "stop", "montimer.target")
    settle.at = time.time()
    wait_for("all runs have ended", idle, 400)
    run("systemctl", "start", "montimer-job-good.service")  # finds what is lost, as the next tick would
    wait_for("all handlers have ended", idle, 400)

    def sent():
        run("montimer", "notify", "flush")
        return rows("SELECT count(*) FROM montimer_outbox") == [(0,)]

    wait_for("everything is sent", sent, 400)


def rows(query, *args):
    with contextlib.closing(sqlite3.connect(DB, timeout=60)) as db:
        return db.execute(query, args).fetchall()


def records():
    """What systemd started and ended: (what, invocation, unit, time, rest)."""
    with open("/run/record") as f:
        for line in f:
            words = line.split()
            if len(words) >= 4 and words[2].startswith("montimer-job-"):
                yield words[0], words[1], words[2], float(words[3]), words[4] if len(words) > 4 else ""


def started_by_pid1():
    """Invocations of the services of profiles, as PID 1 logged them."""
    out = run("journalctl", "--no-pager", "-o", "json", "_PID=1", "MESSAGE_ID=7d4958e842da4a758f6c1cdc7b36dcc5").stdout
    for line in out.splitlines():
        entry = json.loads(line)
        unit = entry.get("UNIT", "")
        if unit.startswith("montimer-job-") and unit.endswith(".service"):
            yield entry["INVOCATION_ID"], unit.removesuffix(".service")


def oracle(periods=None, away=()):
    """periods: profile -> (seconds between ticks, offset); away: (from, to) without timers."""
    bad = []
    starts, triggered, spans = {}, {}, collections.defaultdict(list)
    begun = {}
    for what, invocation, unit, at, rest in records():
        if what == "start":
            starts[invocation], begun[invocation] = unit, at
            triggered[invocation] = bool(rest) and at < settle.at
        elif invocation in begun:
            spans[unit].append((begun.pop(invocation), at))
        else:
            spans[unit].append((at, at))
    both = dict(started_by_pid1())
    only_journal = [i for i in both if i not in starts]
    both.update(starts)

    runs = {id: (profile, trigger, state, reason, event) for id, profile, trigger, state, reason, event in
            rows("SELECT id, profile, trigger, state, reason, event_id FROM montimer_runs")}
    texts = [text.replace("\\", "") for text, _ in Bot.accepted]
    everything = "\n".join(texts)
    told = set(re.findall(r"[0-9a-f]{32}", everything))
    critical = run("journalctl", "--no-pager", "-o", "json", "MESSAGE_ID=5d1c3a4e0b6f4c7c9a2f8e71d0b3c596").stdout
    states = collections.Counter(f"{t}/{s}" for _, t, s, _, _ in runs.values())

    by_row = by_message = by_journal = 0
    for invocation, unit in both.items():
        if invocation in runs:
            by_row += 1
        elif invocation in told:
            by_message += 1
        elif invocation in critical:
            by_journal += 1
        else:
            bad.append(f"silent: {unit} {invocation}")
    wrong = [i for i, by in triggered.items() if by and i in runs and runs[i][1] != "timer"]
    say(f"oracle: {len(both)} starts ({len(only_journal)} of them only in the journal of PID 1): {by_row} have a row, {by_message} only a message, {by_journal} only a critical entry")
    say(f"oracle: rows {dict(states)}; rows of ticks that say by hand: {len(wrong)}")

    events = {id: (status, message) for id, status, message in rows("SELECT id, delivery_status, message FROM alert_events")}
    reported = folded = in_memory = 0
    for id, (profile, trigger, state, reason, event) in runs.items():
        if state == "running":
            bad.append(f"still running: {profile} {id}")
        if state not in ("failed", "lost") or trigger != "timer" and state == "failed" and id not in wrong:
            continue
        status, message = events.get(event, ("none", ""))
        if status == "not_attempted":
            folded += 1
        elif status == "delivered" and message.replace("\\", "")[:200] in everything:
            reported += 1
        elif id in told:
            in_memory += 1
        elif trigger == "timer" or id in wrong:
            bad.append(f"not reported: {profile} {id} {trigger} {state} ({reason}), event {event}: {status}")
    say(f"oracle: {reported + folded + in_memory} failed or lost runs are reported: {reported} by a message, {folded} folded into another's, {in_memory} from memory")

    count = collections.Counter(texts)
    again = sum(n - 1 for n in count.values())
    say(f"oracle: {len(texts)} messages accepted, {again} of them again, {sum(not answered for _, answered in Bot.accepted)} without an answer that the sender could read")

    # Of one profile, what follows the first alert of an incident arrives in order.
    first = {}
    for n, text in enumerate(texts):
        first.setdefault(text, n)
    order = collections.defaultdict(list)
    for id, (status, message) in sorted(events.items()):
        message = message.replace("\\", "")
        profile = re.match(r"\*automation: ([\w-]+)", message)
        if profile and re.search(r"failing: \d+ runs|recovered after", message) and message in first:
            order[profile[1]].append(first[message])
    swapped = sum(a > b for arrived in order.values() for a, b in zip(arrived, arrived[1:]))
    say(f"oracle: {sum(map(len, order.values()))} messages of incidents under way, {swapped} out of order")
    if swapped:
        bad.append(f"{swapped} messages out of order")

    ticks = collections.Counter()
    for profile, (period, offset) in (periods or {}).items():
        unit = "montimer-job-" + profile
        mine = sorted(spans[unit] + [(at, at + 1e9) for i, at in begun.items() if starts[i] == unit])
        served = sorted(at for i, at in ((i, t) for w, i, u, t, _ in records() if w == "start" and u == unit))
        if not served:
            bad.append(f"{profile} never ran")
            continue
        ended = settle.at
        missing = []
        for tick in range(int(served[0] // period * period) + offset, int(ended), period):
            busy = any(a <= tick + 1 and tick <= b for a, b in mine)
            later = min((at for at in served if at >= tick - 1), default=ended)
            if any(a - 1 <= tick <= b + period for a, b in away):
                ticks["while the timers were off"] += 1
            elif later < tick + period and later < ended:
                ticks["with a start of their own"] += 1
            elif busy:
                ticks["during a run"] += 1
            elif later - tick <= 120:  # systemd itself was held up, or it has just been told to stop
                ticks["folded by systemd into a later start"] += 1
            else:
                missing.append(time.strftime("%T", time.gmtime(tick)))
        if missing:
            bad.append(f"{profile}, every {period} s: no start for the ticks of {' '.join(missing)}")
    if periods:
        say(f"oracle: {sum(ticks.values())} ticks by the calendar: {dict(ticks)}")

    if os.path.exists(STATE + "/half"):
        bad.append("tasks saw half a tree: " + open(STATE + "/half").read())
    sound = rows("PRAGMA integrity_check")
    if sound != [("ok",)]:
        bad.append(f"the database is damaged: {sound}")
    run("montimer", "db", "init")  # else the indexes of the API are missing
    if (said := run("montimer", "db", "check")).returncode:
        bad.append("db check: " + said.stdout)
    say(f"oracle: {len(bad)} silent or wrong")
    for line in bad[:40]:
        say("  " + line)
    for line in [b.split()[2] for b in bad if b.startswith("silent: ")][:5]:
        say(run("journalctl", "--no-pager", "-o", "short-precise", f"_SYSTEMD_INVOCATION_ID={line}", "+", f"INVOCATION_ID={line}").stdout)
    return not bad


# ---- kills ----

LIVES = """profiles:
  good: {{ calendar: "*:*:0/2", tasks: [{{ name: tree, script: check.sh }}, {{ name: nap, command: [sleep, "0.3"] }}] }}
  bad: {{ calendar: "*:*:1/3", tasks: [{{ name: fails, command: "sleep 0.2; exit 3" }}, {{ name: tree, script: check.sh }}] }}
  pull: {{ calendar: "*:*:0/3", sync_before_run: true, tasks: [{{ name: tree, script: check.sh }}] }}
  moved: {{ calendar: "*-*-* 0{hour}:00:00", tasks: [{{ name: tree, script: check.sh }}] }}
{more}"""


def lives():
    more = "".join(f'  p{i}: {{ calendar: "2098-01-01", tasks: [] }}\n' for i in range(random.randrange(4)))
    return LIVES.format(hour=random.randrange(9), more=more)


class Watch:
    """Waits for the next start of a service in /run/record."""

    def __init__(self):
        self.file = open("/run/record")
        self.file.seek(0, os.SEEK_END)

    def next(self, prefix):
        end = time.monotonic() + 120
        while time.monotonic() < end:
            line = self.file.readline()
            if not line:
                time.sleep(0.02)
            elif line.startswith("start ") and line.split()[2].startswith(prefix):
                return line.split()[2] + ".service"
        sys.exit(f"FAIL: no start of {prefix} within the time")


def lifetime(prefix):
    """A moment within the life of such a service, drawn from the lives so far."""
    begun, lived = {}, [0.3]
    with open("/run/record") as f:
        for line in f.readlines()[-400:]:
            what, id, unit, at = line.split()[:4]
            if not unit.startswith(prefix):
                continue
            if what == "start":
                begun[id] = float(at)
            elif id in begun:
                lived.append(float(at) - begun[id])
    return random.random() * min(5, sorted(lived)[len(lived) * 3 // 4])


def kill_unit(unit):
    how = random.choice(["KILL main", "KILL all", "TERM main", "STOP main"])
    sig, who = how.split()
    kill = lambda s, who: run("systemctl", "kill", "-s", s, "--kill-who=" + who, unit).returncode == 0
    done = kill(sig, who)
    if sig == "STOP":
        time.sleep(random.random())
        kill("KILL", "main")
    return how if done else None


def kill_process(argv, most):
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(random.random() * most)
    how = random.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
    done = process.poll() is None
    if done:
        process.send_signal(how)
        if how == signal.SIGSTOP:
            time.sleep(random.random() / 2)
            process.kill()
    process.wait()
    return how.name[3:] if done else None


def kills(n):
    author = begin(lives())
    killed, ended = collections.Counter(), 0
    took = {}
    for verb in ("apply", "compile"):
        began = time.monotonic()
        run("montimer", verb)
        took[verb] = time.monotonic() - began
    Bot.mode = "random"
    kinds = ["exec", "exec", "sync", "apply", "exec", "compile", "outbox", "failure"]
    done = attempts = 0
    while done < n and attempts < 4 * n:
        kind = kinds[attempts % len(kinds)]
        attempts += 1
        how = None
        if kind in ("exec", "sync", "failure"):
            watch = Watch()
            profile = {"exec": random.choice(["good", "bad", "pull"]), "sync": "pull", "failure": random.choice(["good", "bad"])}[kind]
            if kind == "sync":
                author.merge(lives())
            unit = watch.next("montimer-job-" + profile)
            time.sleep(lifetime("montimer-job-" + profile))
            if kind == "failure":
                run("systemctl", "kill", "-s", "KILL", "--kill-who=all", unit)
                unit = watch.next("montimer-failure@")
                time.sleep(lifetime("montimer-failure@"))
            how = kill_unit(unit)
        elif kind == "outbox":
            run("systemctl", "start", "--no-block", "montimer-outbox.service")
            wait_for("the outbox", lambda: run("systemctl", "show", "-P", "MainPID", "montimer-outbox.service").stdout.strip() != "0" or is_over("montimer-outbox.service"))
            time.sleep(random.random() / 2)
            how = kill_unit("montimer-outbox.service")
        else:
            with open("/srv/app/jobs.yaml.new", "w") as f:
                f.write(lives())
            run("chown", "deploy:", "/srv/app/jobs.yaml.new")
            os.replace("/srv/app/jobs.yaml.new", "/srv/app/jobs.yaml")
            how = kill_process(["montimer", kind], took[kind])
        if how:
            done += 1
            killed[kind] += 1
            killed[how] += 1
        else:
            ended += 1
        if done % 25 == 0 and how:
            say(f"{done} kills, {time.strftime('%T')}")
    say(f"killed: {dict(killed)}; {ended} had ended already")
    settle()
    applied = run("montimer", "apply")
    if applied.returncode:
        sys.exit("FAIL: apply: " + applied.stdout)
    # A profile that has gone takes a second one.
    run("montimer", "apply")
    planned = subprocess.run(["montimer", "compile", "--diff"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if planned.returncode:
        sys.exit("FAIL: the units are not as planned: " + planned.stdout)
    return oracle()


def is_over(unit):
    return run("systemctl", "is-active", unit).stdout.strip() in ("inactive", "failed")


# ---- day ----

PERIODS = [5, 6, 10, 12, 15, 20, 30, 60]
KINDS = {
    "good": 'tasks: [{ name: tree, script: check.sh }]',
    "bad": 'tasks: [{ name: fails, command: "exit 3" }, { name: tree, script: check.sh }]',
    "some": 'tasks: [{ name: now and then, command: "test $(($(date +%s) / 60 % 3)) != 0" }]',
    "pull": 'sync_before_run: true, tasks: [{ name: tree, script: check.sh }]',
    "long": 'tasks: [{ name: nap, command: [sleep, "8"] }]',
    "queue": 'overlap: queue, tasks: [{ name: nap, command: [sleep, "7"] }]',
    "flood": 'tasks: [{ name: flood, command: "test $(($(date +%s) / 60 % 4)) != 0 || yes a line of a task that prints too much | head -n 20000" }]',
    "slow": 'tasks: [{ name: hangs, command: [sleep, "60"], timeout: 3s }]',
}


class Fault:
    """The faults, each a context; those of one key do not come together."""

    def __init__(self, draw, author, jobs, periods):
        self.draw, self.author, self.jobs, self.periods = draw, author, jobs, periods
        self.away = []

    def locked(self, path):
        return subprocess.Popen(AS_DEPLOY + ["flock", "--no-fork", path, "sleep", "600"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    @contextlib.contextmanager
    def lock(self, path):
        holder = self.locked(path)
        yield
        with contextlib.suppress(ProcessLookupError):  # runuser and the sleep that has the lock
            os.killpg(holder.pid, signal.SIGKILL)
        run("pkill", "-KILL", "-u", "deploy", "-f", "^sleep 600$")
        holder.wait()

    def run_lock(self):
        return self.lock(f"{STATE}/lock/{self.draw.choice(list(self.periods))}.lock")

    def sync_lock(self):
        return self.lock(STATE + "/sync.lock")

    def checkout_lock(self):
        return self.lock(STATE + "/checkout.lock")

    def outbox_lock(self):
        return self.lock(STATE + "/outbox.lock")

    @contextlib.contextmanager
    def disk_full(self):
        run("dd", "if=/dev/zero", f"of={STATE}/full", "bs=64k")
        yield
        os.remove(STATE + "/full")

    @contextlib.contextmanager
    def journald_hangs(self):
        run("systemctl", "kill", "-s", "STOP", "systemd-journald.service")
        yield
        run("systemctl", "kill", "-s", "CONT", "systemd-journald.service")

    @contextlib.contextmanager
    def journald_is_off(self):
        units = ["systemd-journald.service", "systemd-journald.socket", "systemd-journald-dev-log.socket"]
        run("systemctl", "stop", *units)
        yield
        run("systemctl", "start", *units)

    @contextlib.contextmanager
    def remote_hangs(self):
        os.rename("/srv/remote.git/HEAD", "/srv/remote.git/HEAD.kept")
        os.mkfifo("/srv/remote.git/HEAD", 0o666)
        yield
        os.rename("/srv/remote.git/HEAD.kept", "/srv/remote.git/HEAD")
        run("pkill", "-KILL", "-u", "deploy", "-f", "upload-pack")

    @contextlib.contextmanager
    def database_is_locked(self):
        hold = "import sqlite3, time; c = sqlite3.connect('%s', timeout=60, isolation_level=None); c.execute('BEGIN IMMEDIATE'); time.sleep(600)" % DB
        holder = subprocess.Popen(AS_DEPLOY + ["python3", "-c", hold], start_new_session=True, stderr=subprocess.DEVNULL)
        yield
        run("pkill", "-KILL", "-u", "deploy", "-f", "BEGIN IMMEDIATE")
        holder.wait()

    @contextlib.contextmanager
    def bot(self, mode):
        Bot.mode = mode
        yield
        Bot.mode = "random"

    def token_is_revoked(self):
        return self.bot("401")

    def bot_is_down(self):
        return self.bot("down")

    def bot_hangs(self):
        return self.bot("hang")

    @contextlib.contextmanager
    def no_environment_file(self):
        os.rename("/etc/montimer/env", "/etc/montimer/env.kept")
        yield
        os.rename("/etc/montimer/env.kept", "/etc/montimer/env")

    @contextlib.contextmanager
    def jobs_are_broken(self):
        self.author.merge(self.jobs.replace("tasks:", "tusks:", 3))
        yield
        self.author.merge(self.jobs)

    @contextlib.contextmanager
    def pause(self):
        profile = self.draw.choice(list(self.periods))
        run("montimer", "pause", profile, "--until", "1h", "--reason", "a test")
        yield
        run("montimer", "resume", profile)

    @contextlib.contextmanager
    def reload(self):
        run("systemctl", "daemon-reload")
        yield

    @contextlib.contextmanager
    def kill(self):
        for _ in range(4):
            unit = Watch().next("montimer-job-")
            time.sleep(lifetime(unit.removesuffix(".service")))
            kill_unit(unit)
        yield

    @contextlib.contextmanager
    def timers_are_off(self):
        began = time.time()
        run("systemctl", "stop", "montimer.target")
        yield
        run("systemctl", "start", "montimer.target")
        wait_for("the timers", lambda: "inactive" not in run("systemctl", "is-active", *(f"montimer-job-{p}.timer" for p in self.periods)).stdout)
        self.away.append((began, time.time()))

    KEYS = {
        "run_lock": "lock", "sync_lock": "lock", "checkout_lock": "lock", "outbox_lock": "lock",
        "disk_full": "disk", "journald_hangs": "journal", "journald_is_off": "journal",
        "remote_hangs": "git", "jobs_are_broken": "git", "database_is_locked": "database",
        "token_is_revoked": "bot", "bot_is_down": "bot", "bot_hangs": "bot",
        "no_environment_file": "environment", "pause": "pause", "reload": "reload", "kill": "kill", "timers_are_off": "timers",
    }


def day(seconds, seed):
    draw = random.Random(seed)
    say(f"seed {seed}")
    periods, lines = {}, []
    for i in range(20):
        kind = list(KINDS)[i % len(KINDS)]
        period = 60 if kind == "flood" else draw.choice(PERIODS)
        offset = draw.randrange(period)
        name = kind if i < len(KINDS) else f"{kind}{i}"
        periods[name] = (period, offset)
        calendar = f"*:*:{offset}" if period == 60 else f"*:*:{offset}..59/{period}"
        lines.append(f'  {name}: {{ calendar: "{calendar}", {KINDS[kind]} }}')
    jobs = "profiles:\n" + "\n".join(lines) + "\n"
    author = begin(jobs)
    Bot.mode = "random"
    faults = Fault(draw, author, jobs, periods)
    wait_for("the first runs", lambda: sum(1 for _ in records()) > 20)

    plan, order = [], list(Fault.KEYS)
    while len(plan) < 2000:  # each fault as often as any other
        draw.shuffle(order)
        plan += [(name, 3 + draw.random() * (12 if seconds < 100 else 27)) for name in order]
    busy, count, lock = set(), collections.Counter(), threading.Lock()
    end = time.monotonic() + seconds

    def worker():
        while time.monotonic() < end:
            with lock:
                n = next(n for n, (name, _) in enumerate(plan) if Fault.KEYS[name] not in busy)
                name, lasts = plan.pop(n)
                busy.add(Fault.KEYS[name])
            try:
                with getattr(faults, name)():
                    time.sleep(lasts)
                count[name] += 1
            finally:
                with lock:
                    busy.discard(Fault.KEYS[name])

    failed = []

    def guarded():
        try:
            worker()
        except BaseException as err:  # a thread's exit code is nobody's
            failed.append(f"{type(err).__name__}: {err}")

    workers = [threading.Thread(target=guarded) for _ in range(2)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    if failed:
        sys.exit("FAIL: a fault: " + "; ".join(failed))
    say(f"faults: {dict(count)}; not tried: steps of the clock, which is that of the whole machine")
    settle()
    return oracle(periods, faults.away)


if __name__ == "__main__":
    if sys.argv[1] == "kills":
        seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
        say(f"seed {seed}")
        random.seed(seed)
        ok = kills(int(sys.argv[2]))
    else:
        ok = day(int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32))
    sys.exit(0 if ok else 1)
