#!/bin/bash
# montimer serve: the first request starts it and idleness ends it; a start that
# fails heals; TCP and the Unix socket, names, tokens; behind nginx and Caddy as in
# deploy; another address, and none any more.
# Needs: python3 runuser curl
source "${BASH_SOURCE%/*}/lib.sh"
new_host
# What sends alerts does not run of itself while the disk is full.
install -d /etc/systemd/system/montimer-outbox.timer.d
printf '[Timer]\nOnBootSec=\nOnUnitInactiveSec=\nOnActiveSec=1d\n' >/etc/systemd/system/montimer-outbox.timer.d/never.conf

# ask URL [NAME:VALUE...]: its status, with headers in /tmp/headers and the body in
# /tmp/body; unix:PATH asks the Unix socket. It waits as long as it takes.
cat >/run/ask.py <<'PY'
import http.client, socket, sys
url, headers = sys.argv[1], dict(h.split(":", 1) for h in sys.argv[2:])
if url.startswith("unix:"):
    path = url[5:]
    c = http.client.HTTPConnection("localhost", timeout=300)
    c.sock = socket.socket(socket.AF_UNIX)
    c.sock.connect("/run/montimer-api.sock")
else:
    host, _, path = url[7:].partition("/")
    path = "/" + path
    c = http.client.HTTPConnection(host, timeout=300)
body = headers.pop("BODY", None)
c.request("POST" if body else "GET", path, body=body and "a" * int(body), headers=headers)
r = c.getresponse()
open("/tmp/headers", "w").write(str(r.headers))
open("/tmp/body", "wb").write(r.read())
print(r.status)
PY
ask() { python3 /run/ask.py "$@"; }
# answers STATUS URL [NAME:VALUE...]
answers() {
  local want=$1 got
  shift
  got=$(ask "$@" 2>&1) || true
  [[ $got == "$want" ]] || fail "$*: $got, not $want: $(cat /tmp/body)"
}
api=http://127.0.0.1:8923
socket=montimer-api.socket
service=montimer-api.service
config=/etc/montimer/config.yaml
# serve TEXT: the setting.
serve() {
  sed -i /^serve:/d $config
  printf 'serve: %s\n' "$1" >>$config
}

jobs <<'YAML'
profiles:
  good: { calendar: "2098-01-01", tasks: [{ name: work, command: "echo did it" }] }
  bad: { calendar: "2098-01-01", tasks: [{ name: work, command: "echo did not; exit 3" }] }
YAML

step "no port is open unasked; then the first request starts the server, before any run"
everyday
systemctl enable --now montimer.target 2>/dev/null
[[ ! -e /run/montimer-api.sock && ! -e /usr/local/lib/systemd/system/$socket ]] || fail "it serves unasked"
serve '{}'
everyday # as for any change, the reload is enough
within 60 is $socket active
[[ $(stat -c '%U:%G %a' /run/montimer-api.sock) == "root:deploy 660" ]] || fail "$(stat /run/montimer-api.sock)"
is $service inactive || fail "it runs before any request"
answers 200 $api/healthz
[[ $(cat /tmp/body) == '{"status":"ok"}' ]] || fail "$(cat /tmp/body)"
is $service active || fail "it does not run"
answers 200 $api/
answers 200 $api/v1/profiles
follow serve "Set it up"
grep -q '{"status":"ok"}' /tmp/said && grep -q '"profile":"good"' /tmp/said || fail "$(cat /tmp/said)"
[[ $(ps -o user= -p "$(systemctl show -P MainPID $service)") == deploy ]] || fail "it runs as another user"
answers 405 $api/v1/alerts BODY:10
answers 200 unix:/v1/profiles
useradd --system other
if runuser -u other -- python3 /run/ask.py unix:/healthz 2>/dev/null; then fail "every user may use the Unix socket"; fi

step "what it says is what the commands say"
month=$(date -u +%m)
montimer run good --follow >/dev/null
montimer run bad --follow >/dev/null && fail "bad went well"
# same: the two differ in nothing but the time of asking.
cat >/run/same.py <<'PY'
import json, sys
def without(v):
    if isinstance(v, dict):
        return {k: without(x) for k, x in v.items() if k not in ("now", "at", "as_of", "age")}
    return [without(x) for x in v] if isinstance(v, list) else v
a, b = (without(json.load(open(f))) for f in sys.argv[1:])
if a != b:
    print(json.dumps(a, indent=1), json.dumps(b, indent=1), sep="\n---\n")
    sys.exit(1)
PY
same() {
  montimer status -o json >/tmp/status || true
  answers 200 $api/v1/profiles
  python3 /run/same.py /tmp/status /tmp/body
}
within 60 same
answers 200 $api/v1/runs
answers 200 $api/metrics
# It counts from the beginning of the month.
grep -q '^montimer_runs_total{profile="bad",state="failed"} 1$' /tmp/body || [[ $(date -u +%m) != "$month" ]] || fail "$(cat /tmp/body)"

step "idleness ends it, nobody has the database open, and the next request starts it"
dropin=/etc/systemd/system/$service.d
install -d $dropin
# starts TEXT: the drop-in of the service.
starts() {
  printf '[Service]\n%s\n' "$1" >$dropin/test.conf
  systemctl daemon-reload
}
starts $'ExecStart=\nExecStart=/usr/local/bin/montimer serve --idle 100ms'
systemctl stop $service
for path in healthz v1/alerts '' runs/none v1/profiles; do
  answers "$([[ $path == runs/* ]] && echo 404 || echo 200)" "$api/$path"
  within 60 is $service inactive
done
[[ $(systemctl show -P Result $service) == success ]] || fail "it did not end well"
within 60 same # also when no run is there

step "a stop and an upgrade under load: every request is answered"
# Four clients ask over TCP and one over the Unix socket, each time on a new connection,
# until the file is there; what was not answered with 200 is printed.
cat >/run/load.py <<'PY'
import http.client, os, socket, threading
def client(unix):
    while not os.path.exists("/run/enough"):
        try:
            c = http.client.HTTPConnection("127.0.0.1", 8923, timeout=300)
            if unix:
                c.sock = socket.socket(socket.AF_UNIX)
                c.sock.connect("/run/montimer-api.sock")
            c.request("GET", "/v1/runs")
            r = c.getresponse()
            body = r.read()
            if r.status != 200:
                print(r.status, body)
        except Exception as e:
            print(repr(e))
all = [threading.Thread(target=client, args=(i == 0,)) for i in range(5)]
for t in all: t.start()
for t in all: t.join()
PY
cp /usr/local/bin/montimer /usr/local/bin/upgraded
printf '[Service]\nExecStart=\nExecStart=/usr/local/bin/upgraded serve\n' >$dropin/test.conf
systemctl daemon-reload
python3 /run/load.py >/run/lost 2>&1 &
load=$!
# other PID: the server that answers is another process.
other() { is $service active && [[ $(systemctl show -P MainPID $service) != "$1" ]]; }
for how in stop upgrade "kill -s TERM"; do
  within 60 is $service active
  pid=$(systemctl show -P MainPID $service)
  if [[ $how == upgrade ]]; then
    cp /usr/local/bin/montimer /usr/local/bin/upgraded.new
    mv /usr/local/bin/upgraded.new /usr/local/bin/upgraded
    how=stop
  fi
  systemctl $how $service
  within 60 other "$pid"
done
touch /run/enough
wait $load
[[ ! -s /run/lost ]] || fail "not answered: $(head -c 2000 /run/lost)"
rm $dropin/test.conf
systemctl daemon-reload
systemctl stop $service

step "a host in another zone: the same truth, and the times of people in its own"
ln -sf /usr/share/zoneinfo/Asia/Kolkata /etc/localtime
systemctl stop $service
within 60 same
answers 200 $api/
grep -q ' IST' /tmp/body || fail "the page is not in the zone of the host: $(head -c 3000 /tmp/body)"
answers 200 "$api/v1/runs?from=$(date -u +%FT%T -d -1hour)%2B00:00"
grep -q '"profile":"bad"' /tmp/body || fail "$(cat /tmp/body)"
rm /etc/localtime
systemctl stop $service

step "a full disk: what is recorded is served, also where no process has the database open"
state=/var/lib/montimer
within 60 resting 'montimer-*'
cp -a $state /run/saved
mount -t tmpfs -o size=2m,mode=755 none $state
chown deploy: $state
cp -a /run/saved/. $state/
rm -f $state/monitoring.db-{wal,shm} # there are none, unless something was killed
head -c 4M /dev/zero >$state/ballast 2>/dev/null && fail "the disk is not full"
for path in v1/alerts v1/runs v1/profiles v1/health metrics '' profiles/bad alerts; do
  answers 200 "$api/$path"
done
answers 200 $api/v1/runs
grep -q '"profile":"bad"' /tmp/body || fail "$(cat /tmp/body)"
systemctl stop $service
umount $state

step "a start that fails is repeated, and the socket stays; the request that waits is answered"
starts $'ExecStart=\nExecStart=/bin/false\nRestartSec=100ms'
within 60 is $service inactive
(ask $api/healthz >/tmp/waited 2>&1) &
tried() { (($(systemctl show -P NRestarts $service) >= 12)); }
within 60 tried
is $socket active || fail "the socket has died: $(systemctl is-active $socket)"
rm $dropin/test.conf
systemctl daemon-reload
waited() { [[ $(cat /tmp/waited) == 200 ]]; }
within 60 waited
[[ $(journal $socket) != *[Ff]ailed* ]] || fail "the socket has failed in between"
systemctl reset-failed $service 2>/dev/null || true

step "names that it is not known by"
answers 421 $api/v1/profiles Host:status.example.org
grep -q 'add that name to serve: {hosts: \[...\]} in /etc/montimer/config.yaml, then run montimer apply' /tmp/body || fail "$(cat /tmp/body)"
serve '{hosts: [status.example.org]}'
montimer apply >/tmp/said 2>&1 || fail "$(cat /tmp/said)"
answers 200 $api/v1/profiles Host:status.example.org
echo 'serv: {}' >>$config # a mistake does not end it
systemctl stop $service
answers 200 $api/v1/profiles Host:status.example.org
journal $service | grep "the settings are those of the last apply: .*unknown key \"serv\"" >/dev/null || fail "it does not say why"
sed -i /^serv:/d $config
systemctl stop $service

step "another address, which others reach: no answer without a token"
api=http://127.0.0.1:8924
serve '{listen: "0.0.0.0:8924"}'
montimer apply >/tmp/said 2>&1 && fail "no token is asked for"
grep -q "config.yaml:.*: serve: listen: 0.0.0.0:8924 is reachable from other machines: write a token_file too" /tmp/said || fail "$(cat /tmp/said)"
serve '{listen: "0.0.0.0:8924", token_file: /etc/montimer/tokens}'
answers 200 http://127.0.0.1:8923/healthz # it runs, and is stopped for the change
montimer apply >/tmp/said 2>&1 || fail "$(cat /tmp/said)"
answers 503 $api/v1/profiles
answers 200 $api/healthz
follow serve "Who may ask"
[[ $(wc -l </etc/montimer/tokens) == 1 ]] || fail "no token: $(cat /etc/montimer/tokens)"
answers 200 $api/v1/profiles "Authorization:Bearer $(</etc/montimer/tokens)"
: >/etc/montimer/tokens
answers 503 $api/
token=0123456789abcdef0123456789abcdef
echo $token >>/etc/montimer/tokens # no restart
answers 401 $api/
answers 401 $api/v1/profiles "Authorization:Bearer 0123456789abcdef"
answers 200 $api/v1/profiles "Authorization:Bearer $token"
answers 200 $api/ "Authorization:Basic $(printf 'me:%s' $token | base64 -w0)"
chmod 644 /etc/montimer/tokens
answers 503 $api/v1/profiles "Authorization:Bearer $token"
chmod 640 /etc/montimer/tokens
answers 200 unix:/v1/profiles
if journalctl --no-pager -o cat | grep -F $token; then fail "the journal has a token"; fi

# proxy NAME: where it is; CI takes it out of its package, which would start a server.
proxy() { PATH=$PATH:/var/cache/montimer-ci/bin command -v "$1"; }
# missing NAME
missing() {
  [[ $MONTIMER_REQUIRE_TOOLS != 1 || $(. /etc/os-release; echo "$VERSION_ID") != 12 ]] || fail "no $1 here (MONTIMER_REQUIRE_TOOLS=1)"
  printf 'SKIPPED: %s is not in this system\n' "$1"
}

step "behind Caddy, which checks the tokens"
serve '{public_url: "http://status.example.org:8082"}'
montimer apply >/tmp/said 2>&1 || fail "$(cat /tmp/said)"
if caddy=$(proxy caddy); then
  # begin_caddy TOKENS
  begin_caddy() {
    systemctl stop caddy.service 2>/dev/null || true
    systemd-run --quiet --collect --unit caddy -p StateDirectory=caddy -p Environment=HOME=/var/lib/caddy -E ALERTS_API_DOMAIN=http://status.example.org:8082 \
      -E "ALERTS_API_TOKENS=$1" -E ACME_EMAIL=a@example.org "$caddy" run --config /deploy/Caddyfile --adapter caddyfile
    within 60 begun
  }
  begun() { ask $front/healthz Host:status.example.org:8082 >/dev/null 2>&1; }
  front=http://127.0.0.1:8082 name=Host:status.example.org:8082
  begin_caddy "$token|fedcba9876543210fedcba9876543210"
  answers 200 $front/healthz $name
  for header in A:b "Authorization:Bearer " "Authorization:Bearer" "Authorization:Bearer x" "Authorization:Bearer ${token}0" "Authorization:Bearer $token|x"; do
    answers 401 $front/v1/profiles $name "$header"
  done
  answers 401 $front/ $name
  answers 200 $front/v1/profiles $name "Authorization:Bearer $token" Accept-Encoding:gzip
  grep -qi '^content-encoding: gzip' /tmp/headers || fail "not compressed: $(cat /tmp/headers)"
  grep -qi '^content-security-policy: ' /tmp/headers || fail "headers are missing: $(cat /tmp/headers)"
  answers 304 $front/v1/runs $name "Authorization:Bearer fedcba9876543210fedcba9876543210" 'If-None-Match:*'
  [[ $(ask $front/v1/profiles $name "Authorization:Bearer $token" BODY:5000 2>&1) != 200 ]] || fail "a large body is taken"
  begin_caddy "" # an empty list lets nobody in
  answers 200 $front/healthz $name
  for header in A:b "Authorization:Bearer " "Authorization:Bearer" "Authorization:Bearer $token"; do
    answers 401 $front/v1/profiles $name "$header"
  done
  if journalctl --no-pager -o cat | grep -F $token | grep -v ALERTS_API_TOKENS; then fail "the journal has a token"; fi
  systemctl stop caddy.service
else
  missing caddy
fi

step "behind nginx, below a path, over the Unix socket"
groupadd --system web
serve '{public_url: "https://status.example.org/jobs", socket_group: web}'
montimer apply >/tmp/said 2>&1 || fail "$(cat /tmp/said)"
if nginx=$(proxy nginx); then
  useradd --system -g web web
  install -d /etc/nginx /var/log/nginx /var/lib/nginx
  install -m 600 /dev/null /etc/nginx/montimer-tokens.map
  { echo 'user web web; events {} http {'; sed -E '/ssl_certificate|listen \[/d; s/listen 443 ssl/listen 127.0.0.1:8081/' /deploy/nginx.conf; echo '}'; } >/etc/nginx/nginx.conf
  systemd-run --quiet --collect --unit nginx "$nginx" -c /etc/nginx/nginx.conf -g 'daemon off;'
  front=http://127.0.0.1:8081/jobs name=Host:status.example.org
  begun() { ask $front/healthz $name >/dev/null 2>&1; }
  within 60 begun
  answers 200 $front/healthz $name
  for header in A:b "Authorization:Bearer " "Authorization:" "Authorization:Bearer $token"; do # no token is known
    answers 401 $front/v1/profiles $name "$header"
  done
  echo "\"Bearer $token\" 1;" >>/etc/nginx/montimer-tokens.map
  systemctl kill -s HUP --kill-who=main nginx.service
  known() { [[ $(ask $front/v1/profiles $name "Authorization:Bearer $token") == 200 ]]; }
  within 60 known
  answers 401 $front/v1/profiles $name "Authorization:Bearer ${token}0"
  answers 200 $front/ $name "Authorization:Bearer $token"
  grep -qE '(href|src)="/jobs/assets/' /tmp/body || fail "the page links elsewhere: $(head -c 2000 /tmp/body)"
  answers 200 "$front/assets/$(grep -oE '/jobs/assets/[^"]+\.css' /tmp/body | sed '2,$d; s,.*/,,')" $name "Authorization:Bearer $token" Accept-Encoding:gzip
  grep -qi '^content-encoding: gzip' /tmp/headers || fail "not compressed: $(cat /tmp/headers)"
  answers 413 $front/v1/profiles $name "Authorization:Bearer $token" BODY:5000
  answers 404 http://127.0.0.1:8081/v1/profiles $name "Authorization:Bearer $token"
  answers 421 $front/healthz Host:evil.example
  # One process asks more often than the limit allows, also on a slow machine.
  limited() { python3 - <<'PY'
import http.client, sys
for _ in range(100):
    c = http.client.HTTPConnection("127.0.0.1:8081", timeout=300)
    c.request("GET", "/jobs/healthz", headers={"Host": "status.example.org"})
    if c.getresponse().status == 429:
        sys.exit()
sys.exit(1)
PY
  }
  within 60 limited
  systemctl stop nginx.service
else
  missing nginx
fi

step "nothing is served any more"
answers 200 unix:/healthz
sed -i /^serve:/d $config
everyday
systemctl stop $service # its file goes with the next compile
within 60 is $socket inactive
[[ ! -e /run/montimer-api.sock ]] || fail "its Unix socket is left"
everyday
[[ ! -e /usr/local/lib/systemd/system/$socket && ! -e /usr/local/lib/systemd/system/$service ]] || fail "its units are left"
systemctl reset-failed montimer-job-bad.service
rm -r $dropin
systemctl daemon-reload
healthy
printf 'PASS\n'
