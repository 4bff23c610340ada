#!/bin/bash
# The README's way to set up a host, word for word but for the build.
source "${BASH_SOURCE%/*}/lib.sh"

mkdir -p /srv/app /src/dist
cp -r /deploy /src/deploy
cp /usr/local/bin/montimer /src/dist/montimer
umount /usr/local/bin/montimer
# Its own jobs.yaml, but for when.
awk '/^```yaml$/ { on = 1; next } /^```$/ { on = 0 } on' /README.md | sed 's/cron: .*/calendar: "*:*:0\/2"/' >/srv/app/jobs.yaml
printf 'echo hello from nightly; date >reports/today\n' >/srv/app/report.sh
install -d -m 777 /srv/app/reports
touch -d '60 days ago' /srv/app/reports/old

cd /src
awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' /README.md | sed 's/^make build && //' >/tmp/readme.sh
grep -q 'montimer compile' /tmp/readme.sh || fail "the README has no such block"
bash -euxo pipefail /tmp/readme.sh
within 60 logged nightly "hello from nightly"
within 60 logged nightly "ok: 2 tasks, 0 failed"
[[ -e /srv/app/reports/today && ! -e /srv/app/reports/old ]] || fail "the tasks did not do their work"
for unit in montimer.target montimer-outbox.timer montimer-apply.timer montimer-apply.path; do
  is $unit active || fail "$unit is $(systemctl is-active $unit)"
done
systemctl start montimer-outbox.service montimer-apply.service
healthy

printf 'PASS\n'
