#!/bin/bash
# Paths that say something to shells, to systemd and to printf are only paths.
source "${BASH_SOURCE%/*}/lib.sh"

odd='a b  %n %% "q" '\''r'\'' $HOME ${X} \x41 \n ; # é 日本'
plain=${odd//\\/} # EnvironmentFile= takes a backslash for part of a pattern
useradd --system --home-dir /srv --shell /usr/sbin/nologin deploy
install -d /etc/montimer "/etc/montimer/$plain"
install -d -o deploy "/srv/$odd" "/srv/state $odd"
printf 'MARK=%s\n' 'from the file' >"/etc/montimer/$plain/env"
install -m 755 /usr/local/bin/montimer '/usr/local/bin/mon timer %n'
yaml() { printf "%s: '%s'\n" "$1" "${2//\'/\'\'}"; }
{
  yaml checkout "/srv/$odd"
  yaml env_file "/etc/montimer/$plain/env"
  yaml binary '/usr/local/bin/mon timer %n'
  yaml run_as deploy
} >/etc/montimer/config.yaml
cat >"/srv/$odd/jobs.yaml" <<'YAML'
profiles:
  odd:
    cron: "0 5 1 1 *"
    description: "100 %n of $HOME\n[Install] \\"
    tasks:
      - name: tell
        command: 'printf "%s\n" "$PWD" "$MONTIMER_CHECKOUT" "$MONTIMER_STATE_DIR" "$MONTIMER_JOBS" "$PATH" "$MARK" >"$MONTIMER_STATE_DIR/told"'
YAML

# odd_state STATE: the task says where it is, with that state directory.
odd_state() {
  step "$1"
  yaml state_dir "$1" >/tmp/state
  sed -i '/^state_dir/d' /etc/montimer/config.yaml
  cat /tmp/state >>/etc/montimer/config.yaml
  everyday
  systemctl start montimer-job-odd.service || fail "does not start"
  printf '%s\n' "/srv/$odd" "/srv/$odd" "$1" "/srv/$odd/jobs.yaml" "/srv/$odd/.venv/bin:/usr/local/bin:/usr/bin:/bin" "from the file" >/tmp/want
  cmp "$1/told" /tmp/want || fail "told: $(diff "$1/told" /tmp/want)"
}
odd_state "/var/lib/state ${plain//[\"\']/}" # StateDirectory= takes no quotes either
odd_state "/srv/state $odd"
[[ $(systemctl show -P Description montimer-job-odd.service) == 'odd: 100 %n of $HOME [Install]' ]] ||
  fail "Description: $(systemctl show -P Description montimer-job-odd.service)"
[[ $(systemctl show -P User montimer-job-odd.service) == deploy ]] || fail "not as deploy"
healthy

printf 'PASS\n'
