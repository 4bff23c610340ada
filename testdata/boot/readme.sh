#!/bin/bash
# The README's way to set up a host, word for word but for the build, with its own
# nightly profile: nothing has failed and every command works, before the first
# run and after it.
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
printf 'echo hello from nightly; date >reports/today\n' >/srv/author/report.sh
mkdir /srv/author/reports
: >/srv/author/reports/.keep
chown -R author /srv/author
cd /srv/author
runuser -u author -- git init -q -b main .
runuser -u author -- git add -A
runuser -u author -- git -c user.name=a -c user.email=a@b commit -q -m one
runuser -u author -- git push -q /srv/remotes/ops/jobs.git main

mkdir -p /src/dist
cp -r /deploy /docs /Makefile /src
cp /usr/local/bin/montimer /src/dist/montimer
umount /usr/local/bin/montimer
cd /src
awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' /README.md | sed 's/^make build && //' >/tmp/readme.sh
grep -q 'montimer compile' /tmp/readme.sh || fail "the README has no such block"

step "the block of the README"
bash -euxo pipefail /tmp/readme.sh 2>&1 | tee /tmp/said
! grep -iE 'warning|missing' /tmp/said || fail "a fresh host has warnings"

# ok COMMAND...: it works, in a directory that the deploy user cannot see either.
ok() {
  local code=0
  (cd /root && "$@") >/tmp/said 2>&1 || code=$?
  ((code == 0)) || fail "$*: exit $code: $(cat /tmp/said)"
}
# all_well: nothing has failed, and what a person does by hand works.
all_well() {
  for unit in montimer.target montimer-job-nightly.timer montimer-outbox.timer montimer-apply.timer montimer-apply.path; do
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
ok montimer run nightly --follow
logged nightly "hello from nightly" || fail "no output"
logged nightly "ok: 2 tasks, 0 failed" || fail "no result"
[[ -e /srv/app/reports/today && ! -e /srv/app/reports/old ]] || fail "the tasks did not do their work"
ok runuser -u deploy -- montimer exec nightly
all_well

step "without a state directory nothing waits"
mv /var/lib/montimer /var/lib/elsewhere
systemctl start montimer-outbox.service
ok montimer notify flush
grep -qx '0 sent, none waiting' /tmp/said || fail "$(cat /tmp/said)"
healthy
mv /var/lib/elsewhere /var/lib/montimer

step "manual pages and completions"
for file in man/man1/montimer.1 man/man5/jobs.yaml.5 bash-completion/completions/montimer; do
  [[ -s /usr/local/share/$file ]] || fail "no $file"
done

printf 'PASS\n'
