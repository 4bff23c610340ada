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


def up():
    """The time since boot, which no step of the clock changes; as in /run/record."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Clock:
    """The clock that all processes share: clock.c and clock.go.txt, if they are there."""

    steps = []  # (time since boot, how far ahead of it the clock is from then on)
    there = os.path.exists("/etc/ld.so.preload")

    @staticmethod
    def step(seconds):
        ahead = time.time() - up() + seconds
        if Clock.there:
            at = time.monotonic_ns()
            with open("/etc/clock.new", "w") as f:
                f.write(f"{at} {at + round((ahead + up() - time.monotonic()) * 1e9)} 1\n")
            os.chmod("/etc/clock.new", 0o644)
            os.replace("/etc/clock.new", "/etc/clock")
        Clock.steps.append((up(), ahead))

    @staticmethod
    def ticks(period, offset, start, end):
        """When a timer of this calendar elapses, as times since boot."""
        for (since, ahead), (until, _) in zip(Clock.steps, Clock.steps[1:] + [(end, 0)]):
            since, until = max(since, start), min(until, end)
            tick = (since + ahead - offset) // period * period + offset
            while tick - ahead < until:
                if tick - ahead >= since:
                    yield tick - ahead
                tick += period


def wait_for(what, condition, bound=120):
    end = time.monotonic() + bound
    while not condition():
        if time.monotonic() > end:
            sys.exit("FAIL: not within the time: " + what)
        time.sleep(0.1)


class Bot(http.server.BaseHTTPRequestHandler):
    """A Bot API that answers as the mode says: ok, random, down, hang, 401."""

    mode = "ok"
    accepted = []  # (text, whether the sender got an answer, its invocation, time since boot)
    lock = threading.Lock()

    def do_POST(self):
        text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"]
        by = sender(self.client_address[1])
        what = Bot.mode
        if what == "random":
            what = random.choice(["ok"] * 6 + ["500", "429", "unanswered", "half", "down", "401"])
        if what == "hang":
            end = time.monotonic() + 60
            while Bot.mode == "hang" and time.monotonic() < end:
                time.sleep(0.2)
        if what in ("ok", "unanswered", "half"):
            with Bot.lock:
                Bot.accepted.append((text, what == "ok", by, up()))
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


def sender(port):
    """The invocation of the service whose process has this local port."""
    with contextlib.suppress(OSError), open("/proc/net/tcp") as f:
        inodes = {words[9] for words in map(str.split, f) if words[1].endswith(f":{port:04X}")}
        for pid in run("pgrep", "-x", "montimer").stdout.split():
            with contextlib.suppress(OSError):
                for fd in os.listdir(f"/proc/{pid}/fd"):
                    if os.readlink(f"/proc/{pid}/fd/{fd}") in {f"socket:[{i}]" for i in inodes}:
                        with open(f"/proc/{pid}/environ") as environ:
                            return dict(v.split("=", 1) for v in environ.read().split("\0") if "=" in v).get("INVOCATION_ID")


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
    Clock.step(0)
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
    """No unit is starting or stopping, or has a job that waits: see resting in lib.sh."""
    units = run("systemctl", "list-units", "--all", "--plain", "montimer-*").stdout
    return not re.search(r"^ *UNIT .* JOB |activating", units)


def settle():
    """Ends it all: no more ticks, nothing under way, everything sent."""
    Bot.mode = "ok"
    run("systemctl", "stop", "montimer.target")
    settle.at = up()
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


def records(prefix="montimer-job-"):
    """What systemd started and ended: (what, invocation, unit, time, rest)."""
    with open("/run/record") as f:
        for line in f:
            words = line.split()
            if len(words) >= 4 and words[2].startswith(prefix):
                yield words[0], words[1], words[2], float(words[3]), " ".join(words[4:])


def started_by_pid1():
    """Invocations of the services of profiles, as PID 1 logged them."""
    out = run("journalctl", "--no-pager", "-o", "json", "_PID=1", "MESSAGE_ID=7d4958e842da4a758f6c1cdc7b36dcc5").stdout
    for line in out.splitlines():
        entry = json.loads(line)
        unit = entry.get("UNIT", "")
        if unit.startswith("montimer-job-") and unit.endswith(".service"):
            yield entry["INVOCATION_ID"], unit.removesuffix(".service")


def may_be_good(unit, a, b):
    """Whether a run of a profile, which lasted from a to b, can have been good: see KINDS."""
    if "-some" not in unit:
        return not re.search("-(bad|slow)", unit)
    return any(int(at + [ahead for since, ahead in Clock.steps if since <= at][-1]) // 60 % 3 for at in (a, b))


def oracle(periods=None, away=()):
    """periods: profile -> (seconds between ticks, offset); away: (from, to) without timers."""
    bad = []
    starts, triggered, codes, spans = {}, {}, {}, collections.defaultdict(list)
    begun, lived = {}, {}
    for what, invocation, unit, at, rest in records():
        if what == "start":
            starts[invocation], begun[invocation] = unit, at
            triggered[invocation] = bool(rest) and at < settle.at
        else:
            lived[invocation] = begun.pop(invocation, at), at
            spans[unit].append(lived[invocation])
            codes[invocation] = (rest.split() or [""])[-1]
    both = dict(started_by_pid1())
    only_journal = [i for i in both if i not in starts]
    both.update(starts)

    runs = {id: (profile, trigger, state, reason, event) for id, profile, trigger, state, reason, event in
            rows("SELECT id, profile, trigger, state, reason, event_id FROM montimer_runs")}
    texts = [text.replace("\\", "") for text, *_ in Bot.accepted]
    everything = "\n".join(texts)
    told = set(re.findall(r"[0-9a-f]{32}", everything))
    critical = run("journalctl", "--no-pager", "-o", "json", "MESSAGE_ID=5d1c3a4e0b6f4c7c9a2f8e71d0b3c596").stdout
    states = collections.Counter(f"{t}/{s}" for _, t, s, _, _ in runs.values())

    # A good run that could not be recorded is in a page that came within the hour
    # before it, or while it reported: one page an hour is enough, until another says
    # that runs are recorded again.
    down = [at for text, _, _, at in Bot.accepted if "; not recorded: " in text]
    # It waits in the outbox: when it was made is the end of the run that it names.
    again = [lived.get(id, (0, at))[1] for text, _, _, at in Bot.accepted if "runs are recorded again" in text for id in re.findall(r"[0-9a-f]{32}", text)]

    def is_paged(invocation):
        a, b = lived[invocation]
        return any(a - 3630 <= at <= b + 30 and not any(at < end < a for end in again) for at in down)

    unrecorded = {i for i, code in codes.items() if code == "74" and may_be_good(both.get(i, "-bad"), *lived[i]) and is_paged(i)}
    by_row = by_message = by_journal = by_page = 0
    for invocation, unit in both.items():
        if invocation in runs:
            by_row += 1
        elif invocation in told:
            by_message += 1
        elif invocation in critical:
            by_journal += 1
        elif invocation in unrecorded:
            by_page += 1
        else:
            bad.append(f"silent: {unit} {invocation}")
    wrong = [i for i, by in triggered.items() if by and i in runs and runs[i][1] != "timer"]
    say(f"oracle: {len(both)} starts ({len(only_journal)} of them only in the journal of PID 1): {by_row} have a row, {by_message} only a message, {by_journal} only a critical entry, {by_page} good ones only the page that runs are not recorded")
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

    # A message may come again where the sender could not read the answer, or was
    # killed before it had recorded that. Others are counted, and shown.
    results = {id: rest for what, id, _, _, rest in records("montimer-") if what == "end"}
    lives = collections.defaultdict(list)
    for what, id, unit, at, _ in records("montimer-"):
        lives[id].append(f"{unit} {what} {at:.1f}")
    before, twice = {}, collections.Counter()
    for text, answered, by, _ in Bot.accepted:
        if text in before:
            was_answered, was_by = before[text]
            result = (results.get(was_by) or "unknown").split()[0]
            why = f"its sender ended by {result}" if was_answered else "no answer that the sender could read"
            twice[why] += 1
            if was_answered:
                say(f"again, from {by} {lives[by]} after {was_by} {lives[was_by]}: {text[:60]!r}")
        before[text] = answered, by
    say(f"oracle: {len(texts)} messages accepted, {sum(twice.values())} of them again: {dict(twice)}")

    # Of one profile, what follows the first alert of an incident arrives in order.
    first = {}
    for n, text in enumerate(texts):
        first.setdefault(text, n)
    order = collections.defaultdict(list)
    for id, (status, message) in sorted(events.items()):
        message = message.replace("\\", "")
        profile = re.match(r"\*automation: ([\w-]+)", message)
        if status != "not_attempted" and profile and re.search(r"failing: \d+ runs|recovered after", message) and message in first:
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
        for tick in Clock.ticks(period, offset, served[0], ended):
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
                missing.append(f"{tick:.1f}")
        if missing:
            bad.append(f"{profile}, every {period} s: no start for the ticks of {' '.join(missing)} s after boot")
    if periods:
        say(f"oracle: {len(Clock.steps) - 1} steps of the clock")
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

    def next(self, prefix, bound=300):
        """Returns the service, or None after bound seconds that are not the default."""
        end = time.monotonic() + bound
        while time.monotonic() < end:
            line = self.file.readline()
            if not line:
                time.sleep(0.02)
            elif line.startswith("start ") and line.split()[2].startswith(prefix):
                return line.split()[2] + ".service"
        if bound != 300:
            return None
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


class Kills:
    """Kills until there have been n, each worker what no other one is at."""

    def __init__(self, n, author):
        self.n, self.author = n, author
        self.killed, self.ended, self.lock = collections.Counter(), 0, threading.Lock()
        self.took = {}
        for verb in ("apply", "compile"):
            began = time.monotonic()
            run("montimer", verb)
            self.took[verb] = time.monotonic() - began

    def service(self, profile, kinds):
        """kinds: exec is killed, in a sync, or the handler of its failure."""
        kind = random.choice(kinds)
        watch = Watch()
        if kind == "sync":
            self.author.merge(lives())
        unit = watch.next("montimer-job-" + profile)
        time.sleep(lifetime("montimer-job-" + profile))
        if kind == "failure":
            run("systemctl", "kill", "-s", "KILL", "--kill-who=all", unit)
            unit = watch.next("montimer-failure@montimer-job-" + profile, 20)
            if not unit:  # the run had ended, well
                return kind, None
            time.sleep(lifetime("montimer-failure@"))
        return kind, kill_unit(unit)

    def outbox(self):
        unit = "montimer-outbox.service"
        run("systemctl", "start", "--no-block", unit)
        wait_for("the outbox", lambda: run("systemctl", "show", "-P", "MainPID", unit).stdout.strip() != "0" or is_over(unit))
        time.sleep(random.random() / 2)
        return "outbox", kill_unit(unit)

    def units(self):
        kind = random.choice(["apply", "compile"])
        with open("/srv/app/jobs.yaml.new", "w") as f:
            f.write(lives())
        run("chown", "deploy:", "/srv/app/jobs.yaml.new")
        os.replace("/srv/app/jobs.yaml.new", "/srv/app/jobs.yaml")
        return kind, kill_process(["montimer", kind], self.took[kind])

    def worker(self, share, once, *args):
        done = 0
        while done < share * self.n:
            kind, how = once(*args)
            with self.lock:
                if not how:
                    self.ended += 1
                    continue
                done += 1
                for what in ("all", kind, "by " + how):
                    self.killed[what] += 1
                if self.killed["all"] % 25 == 0:
                    say(f"{self.killed['all']} kills, {time.strftime('%T')}")


def at_once(*calls):
    """Runs functions in threads; an error in one of them fails the test."""
    failed = []

    def guarded(call):
        try:
            call()
        except BaseException as err:  # a thread's exit code is nobody's
            failed.append(f"{type(err).__name__}: {err}")

    threads = [threading.Thread(target=guarded, args=[call]) for call in calls]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if failed:
        sys.exit("FAIL: " + "; ".join(failed))


def kills(n):
    author = begin(lives())
    k = Kills(n, author)
    Bot.mode = "random"
    at_once(
        lambda: k.worker(0.15, k.service, "good", ["exec", "exec", "failure"]),
        lambda: k.worker(0.15, k.service, "bad", ["exec", "exec", "failure"]),
        lambda: k.worker(0.1, k.service, "pull", ["exec", "sync"]),
        lambda: k.worker(0.25, k.outbox),
        lambda: k.worker(0.35, k.units),
    )
    say(f"killed: {dict(k.killed)}; {k.ended} had ended already")
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
        began = up()
        run("systemctl", "stop", "montimer.target")
        yield
        run("systemctl", "start", "montimer.target")
        wait_for("the timers", lambda: "inactive" not in run("systemctl", "is-active", *(f"montimer-job-{p}.timer" for p in self.periods)).stdout)
        self.away.append((began, up()))

    @contextlib.contextmanager
    def clock_is_wrong(self):
        seconds = self.draw.choice([20, 300, 3600, 86400, 400 * 86400]) * self.draw.choice([1, -1])
        Clock.step(seconds)
        yield
        Clock.step(-seconds)

    KEYS = {
        "run_lock": "lock", "sync_lock": "lock", "checkout_lock": "lock", "outbox_lock": "lock",
        "disk_full": "disk", "journald_hangs": "journal", "journald_is_off": "journal",
        "remote_hangs": "git", "jobs_are_broken": "git", "database_is_locked": "database",
        "token_is_revoked": "bot", "bot_is_down": "bot", "bot_hangs": "bot",
        "no_environment_file": "environment", "pause": "pause", "reload": "reload", "kill": "kill", "timers_are_off": "timers",
    }
    if Clock.there:
        KEYS["clock_is_wrong"] = "clock"


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

    at_once(worker, worker)
    say(f"faults: {dict(count)}")
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
