#!/bin/bash
# The README's way to set up a host, word for word, with its own nightly profile:
# nothing has failed and every command works, before the first run and after it.
# Needs: make git sqlite3
source "${BASH_SOURCE%/*}/lib.sh"

# A repository where the README has one, and the README as the deploy user would
# find it anywhere.
useradd --system author
install -d -o author /srv/remotes/ops /srv/author
runuser -u author -- git init -q --bare -b main /srv/remotes/ops/jobs.git
printf '[url "/srv/remotes/"]\n\tinsteadOf = https://git.example.org/\n[safe]\n\tdirectory = /srv/remotes/ops/jobs.git\n' >/etc/gitconfig
awk '/^```yaml$/ { on = 1; next } /^```$/ { on = 0 } on' /README.md >/srv/author/jobs.yaml
grep -q 'cron: "30 4' /srv/author/jobs.yaml || fail "the README has no jobs.yaml"
[[ $(date +%H) != 04 ]] || sed -i 's/cron: "30 4/cron: "30 16/' /srv/author/jobs.yaml # no tick comes meanwhile
printf 'echo hello from nightly; date >reports/today\n' >/srv/author/report.sh
mkdir /srv/author/reports
: >/srv/author/reports/.keep
chown -R author /srv/author
cd /srv/author
runuser -u author -- git init -q -b main .
runuser -u author -- git add -A
runuser -u author -- git -c user.name=a -c user.email=a@b commit -q -m one
runuser -u author -- git push -q /srv/remotes/ops/jobs.git main

# The release, where the README downloads it.
name=$(grep -o 'montimer-[0-9.]*-linux-amd64' /README.md | sort -u)
release "/srv/download/$name"
tar -czf "/srv/download/$name.tar.gz" -C /srv/download "$name"
(cd /srv/download && sha256sum "$name.tar.gz" >SHA256SUMS && echo "$(printf %064d 0)  another.tar.gz" >>SHA256SUMS)
printf '#!/bin/sh\ncp "/srv/download/${2##*/}" .\n' >/usr/local/sbin/curl
chmod 755 /usr/local/sbin/curl
mkdir /root/install
cd /root/install
awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' /README.md >/tmp/readme.sh
grep -q 'montimer compile' /tmp/readme.sh || fail "the README has no such block"

step "the block of the README"
bash -euxo pipefail /tmp/readme.sh 2>&1 | tee /tmp/said
! sed 's/--ignore-missing//' /tmp/said | grep -iE 'warning|missing' || fail "a fresh host has warnings"

# ok COMMAND...: it works, in a directory that the deploy user cannot see either.
ok() {
  local code=0
  (cd /root && "$@") >/tmp/said 2>&1 || code=$?
  ((code == 0)) || fail "$*: exit $code: $(cat /tmp/said)"
}
# all_well: nothing has failed, and what a person does by hand works.
all_well() {
  for unit in montimer.target montimer-job-nightly.timer montimer-outbox.timer montimer-apply.timer montimer-apply.socket; do
    is $unit active || fail "$unit is $(systemctl is-active $unit)"
  done
  systemctl start montimer-outbox.service montimer-apply.service
  healthy
  for command in "sync" "db init" "db check" "exec --dry-run nightly" "notify pending" "list"; do
    # shellcheck disable=SC2086 # words
    ok runuser -u deploy -- montimer $command
  done
  for command in "notify flush" "notify pending" "list" "compile" "compile --diff" "apply"; do
    # shellcheck disable=SC2086 # words
    ok montimer $command
  done
  healthy
}

step "before the first run"
all_well

step "after it"
runuser -u deploy -- touch -d '60 days ago' /srv/app/reports/old
ok montimer run nightly
within 60 logged nightly "hello from nightly"
within 60 logged nightly "ok: 2 tasks, 0 failed"
within 60 is montimer-job-nightly.service inactive
[[ -e /srv/app/reports/today && ! -e /srv/app/reports/old ]] || fail "the tasks did not do their work"
ok runuser -u deploy -- montimer exec nightly
all_well

step "the examples of montimer(1)"
# examples FILE: the commands that a manual page shows.
examples() { awk '/^\.EX$/ { on = 1; next } /^\.EE$/ { on = 0 } on' "$1" | sed "s/\\\\-/-/g; s/\\\\(aq/'/g"; }
examples /docs/man/montimer.1 | sed 's/^montimer doctor$/& || (($? == 1))/' >/tmp/examples.sh # there is no token
grep -q '^montimer apply$' /tmp/examples.sh || fail "not the examples: $(cat /tmp/examples.sh)"
(cd /srv/app && SYSTEMD_PAGER=cat bash -euxo pipefail /tmp/examples.sh) >/tmp/said 2>&1 || fail "$(cat /tmp/said)"
within 60 is montimer-job-nightly.service inactive
all_well

step "without a state directory nothing waits"
# From here on no timer elapses: what it starts would fail of what is broken just then.
systemctl stop montimer.target
within 60 resting 'montimer*.service'
mv /var/lib/montimer /var/lib/elsewhere
ok montimer notify flush
grep -qx '0 sent, none waiting' /tmp/said || fail "$(cat /tmp/said)"
healthy

step "what sends alerts before the first run makes the state directory"
# Else it could not write to the one that the first run makes while it starts.
systemctl start montimer-outbox.service
[[ $(stat -c '%U %a' /var/lib/montimer) == 'deploy 750' ]] || fail "the state directory: $(ls -ld /var/lib/montimer)"
rm -r /var/lib/montimer
mv /var/lib/elsewhere /var/lib/montimer

step "a new release, by docs/upgrade.md"
newer=montimer-0.2.0-linux-amd64
cp -r "/srv/download/$name" "/srv/download/$newer"
echo "What is new" >>"/srv/download/$newer/share/doc/montimer/CHANGELOG.md"
(cd "/srv/download/$newer" && find . -type f ! -name SHA256SUMS -printf '%P\n' | sort | xargs sha256sum >SHA256SUMS)
tar -czf "/srv/download/$newer.tar.gz" -C /srv/download "$newer"
(cd /srv/download && sha256sum ./*.tar.gz | sed 's|\./||' >SHA256SUMS)
systemctl start montimer.target
units=$(cd /usr/local/lib/systemd/system && sha256sum montimer*)
follow upgrade "From a release" '1s/^/cd \/root\/install\n/'
grep -qx "What is new" /usr/local/share/doc/montimer/CHANGELOG.md || fail "not installed: $(cat /tmp/said)"
grep -qx 'nothing changed' /tmp/said && [[ $(cd /usr/local/lib/systemd/system && sha256sum montimer*) == "$units" ]] || fail "it changed units: $(cat /tmp/said)"
systemctl stop montimer.target
within 60 resting 'montimer*.service'

step "manual pages and completions"
for file in man/man1/montimer.1 man/man5/jobs.yaml.5 man/man5/montimer-config.5 man/man7/montimer-units.7 bash-completion/completions/montimer zsh/site-functions/_montimer fish/vendor_completions.d/montimer.fish; do
  [[ -s /usr/local/share/$file ]] || fail "no $file"
done

# settings TEXT: the host settings, beside the README's.
settings() { printf 'checkout: /srv/app\nrun_as: deploy\n%b' "$1" >/etc/montimer/config.yaml; }
# says TEXT: the command said so.
says() { grep -qF -- "$1" /tmp/said || fail "it did not say \"$1\" but: $(cat /tmp/said)"; }
# refused TEXT: compile and apply refuse the settings of this host, and say so.
refused() {
  local command code
  for command in compile apply; do
    code=0
    montimer $command >/tmp/said 2>&1 || code=$?
    ((code == 2)) || fail "$command: exit $code: $(cat /tmp/said)"
    says "$1"
  done
}
# warned TEXT: compile and apply say so, and go on.
warned() {
  ok montimer compile
  says "$1"
  ok montimer apply
  says "$1"
}

step "compile and apply refuse what would fail at every run"
cp -a /srv/app /tmp/app
settings 'checkout: /tmp/app'
sed -i 1d /etc/montimer/config.yaml
refused "montimer: checkout /tmp/app: the services have their own /tmp"
settings 'jobs: /tmp/app/jobs.yaml'
refused "montimer: jobs /tmp/app/jobs.yaml: the services have their own /tmp"
settings 'state_dir: /srv/cache'
refused "montimer: state_dir /srv/cache does not exist: install -d -o deploy -g deploy -m 750 /srv/cache"
install -d -m 755 /srv/cache
warned "warning: deploy cannot write the state directory /srv/cache: chown -R deploy: /srv/cache"
ok install -d -o deploy -g deploy -m 750 /srv/cache # as the message says
ok montimer apply
! grep warning /tmp/said || fail "warned after the fix"
ok systemctl start montimer-job-nightly.service
[[ -s /srv/cache/monitoring.db ]] || fail "not in the new state directory"
settings 'jbos: /srv/app/jobs.yaml\nrun_as: deploy\n'
refused 'montimer: /etc/montimer/config.yaml:3:1: unknown key "jbos"; did you mean jobs?'
says 'montimer: /etc/montimer/config.yaml:4:1: the key "run_as" is there twice'
settings 'jobs: /srv/app/none.yaml'
refused "no jobs.yaml: /srv/app/none.yaml does not exist"
settings ''
mv /srv/app/jobs.yaml /srv/jobs.yaml
refused "no jobs.yaml: neither /srv/app/jobs.yaml nor /srv/app/automation/jobs.yaml exists: set checkout or jobs in /etc/montimer/config.yaml"
mv /srv/jobs.yaml /srv/app/jobs.yaml

step "they warn of what a run would stumble over"
settings 'sync: {every: 10m}'
chown -R root: /srv/app
warned "warning: the checkout /srv/app belongs to another user, so git refuses every sync: chown -R deploy: /srv/app"
chown -R deploy: /srv/app
mv /srv/app/report.sh /srv/app/raport.sh
warned 'there is no file "report.sh" in the checkout'
says "did you mean raport.sh?"
mv /srv/app/raport.sh /srv/app/report.sh
settings ''
printf 'LOG_LEVEL=debug\nexport A=planted\n' >/etc/montimer/env
warned "warning: NO ALERTS are sent: LOG_LEVEL is DEBUG in /etc/montimer/env"
says "warning: /etc/montimer/env:2: export is for a shell, and systemd ignores the line: write A=…"
! grep planted /tmp/said || fail "shows a value"
printf 'TELEGRAM_TEST_CHAT_ID=-100planted\n' >/etc/montimer/env
warned "warning: TEST MODE: all alerts go to the test chat"
! grep planted /tmp/said || fail "shows a value"
ok montimer list
says "warning: TEST MODE"
ok runuser -u deploy -- montimer list
says "warning: TEST MODE"
: >/etc/montimer/env

step "units elsewhere: applies on request can write them"
settings 'unit_dir: /etc/systemd/system\n'
ok montimer compile
rm /etc/systemd/system/montimer-job-nightly.timer
systemctl start montimer-apply.service || fail "apply cannot write to /etc"
[[ -s /etc/systemd/system/montimer-job-nightly.timer ]] || fail "it wrote no unit"
rm /etc/systemd/system/montimer-* /etc/systemd/system/montimer.target
rm /usr/local/lib/systemd/system/montimer* # it comes before the next one
settings 'unit_dir: /usr/lib/systemd/system\n'
ok montimer compile
ok systemctl daemon-reload
rm /usr/lib/systemd/system/montimer-job-nightly.timer
systemctl start montimer-apply.service || fail "apply cannot write to /usr/lib"
[[ -s /usr/lib/systemd/system/montimer-job-nightly.timer ]] || fail "it wrote no unit"
rm /usr/lib/systemd/system/montimer*
settings ''
ok montimer apply
healthy

step "tasks as root, where the host allows it"
cp -a /srv/app /srv/rooted
chown -R root: /srv/rooted
printf 'checkout: /srv/rooted\nrun_as: root\nallow_root: true\n' >/etc/montimer/config.yaml
sed -i 's/^echo/id -un; echo/' /srv/rooted/report.sh
rm -rf /var/lib/montimer
ok montimer apply
ok systemctl start montimer.target
ok systemctl start montimer-job-nightly.service
logged nightly "report: root" || fail "not as root"
for command in "sync" "db init" "db check" "exec --dry-run nightly" "exec nightly" "list" "compile --diff" "notify flush"; do
  # shellcheck disable=SC2086 # words
  ok montimer $command
done
healthy

printf 'PASS\n'
