#!/bin/bash
# Root and a checkout that is out to get it: whatever stands in the place of
# jobs.yaml, the checkout and the state directory, no verb runs anything of it
# as root, writes outside its own places, shows a byte of a file that is root's
# alone, or hangs.
# Long.
# Any release.
# Needs: git python3 strace
source "${BASH_SOURCE%/*}/lib.sh"

mount -t tmpfs -o mode=700 tmpfs /root
mkdir -p /usr/local/lib/systemd/system
new_host
install -d -o deploy -g deploy -m 750 /var/lib/montimer
printf 'the-secret-of-root\n' >/root/secret
chmod 600 /root/secret
export SUDO_UID=0 SUDO_USER=root

good() {
  printf 'profiles:\n  beat: {cron: "0 5 1 1 *", tasks: [{name: a, script: a.sh}]}\n' | jobs
}
good

# Everything that git would run for a user who looks at this checkout.
runuser -u deploy -- git -C /srv/app init -q
runuser -u deploy -- mkdir -p /srv/app/.git/hooks
for hook in fsmonitor post-checkout reference-transaction post-index-change; do
  printf '#!/bin/sh\nid -u >>/tmp/hooked\n' | runuser -u deploy -- tee /srv/app/.git/hooks/$hook >/dev/null
  chmod 755 /srv/app/.git/hooks/$hook
done
runuser -u deploy -- git -C /srv/app config core.fsmonitor .git/hooks/fsmonitor
install -m 666 /dev/null /tmp/hooked

verbs=(
  "compile" "compile --out /tmp/out" "compile --diff" "compile --check --checkout /srv/app" "apply"
  "list" "list -o json" "explain --profile beat" "exec beat" "exec --dry-run beat"
  "db check" "db init" "notify pending" "notify flush" "notify drop 1" "sync" "failure montimer-job-beat.service"
  "init /srv/app" "doctor"
  "state list" "state get cache-id.txt a" "state set cache-id.txt a 1" "state rm cache-id.txt a" "state import" "state export" "render-crontab"
)

# places are all paths that only root may change; the units and montimer's own
# folders are what the verbs are for.
places() {
  find /etc /root /usr/local/bin /usr/local/lib/systemd /var/lib -maxdepth 4 -xdev \
    \( -path /etc/systemd/system -o -path /var/lib/montimer -o -path '/var/lib/systemd' -o -path /usr/local/lib/systemd/system \) -prune -o \
    \( -type d -printf '%p %u %m\n' -o -printf '%p %u %m %s %T@ %l\n' \) | sort
}

# attack [-a] NAME COMMAND: the checkout and state as COMMAND leaves them, then
# verbs: with -a or MONTIMER_SOAK=1 all of them, else the next three.
next=0
attack() {
  local name verb said before code these=()
  if [[ ${MONTIMER_SOAK-} || $1 == -a ]]; then
    these=("${verbs[@]}")
    [[ $1 != -a ]] || shift
  else
    for _ in 1 2 3; do these+=("${verbs[next++ % ${#verbs[@]}]}"); done
  fi
  name=$1
  rm -rf /srv/app/jobs.yaml /var/lib/montimer
  install -d -o deploy -g deploy -m 750 /var/lib/montimer
  good
  eval "$2"
  before=$(places)
  for verb in "${these[@]}"; do
    code=0
    # shellcheck disable=SC2086 # the verb's words
    said=$(cd / && timeout 60 montimer $verb </dev/null 2>&1) || code=$?
    ((code != 124)) || fail "$name: montimer $verb hangs"
    ((code < 126 || code == 143)) || fail "$name: montimer $verb: exit $code: $said"
    [[ $said != *panic* && $said != *goroutine* ]] || fail "$name: montimer $verb: $said"
    [[ $said != *the-secret-of-root* && $said != *root:\** ]] || fail "$name: montimer $verb shows root's file: $said"
    [[ ${#said} -lt 200000 ]] || fail "$name: montimer $verb says ${#said} bytes"
  done
  [[ $(places) == "$before" ]] || fail "$name: changed: $(diff <(echo "$before") <(places))"
  ! grep -qx 0 /tmp/hooked || fail "$name: a hook ran as root"
  rm -rf /srv/app/jobs.yaml
}

step "jobs.yaml"
attack -a "nothing wrong" true
attack "missing" 'rm /srv/app/jobs.yaml'
attack -a "a pipe" 'rm /srv/app/jobs.yaml; runuser -u deploy -- mkfifo /srv/app/jobs.yaml'
attack "1 GB" 'truncate -s 1G /srv/app/jobs.yaml'
attack "/dev/zero" 'ln -sf /dev/zero /srv/app/jobs.yaml'
attack -a "a link to root's file" 'ln -sf /root/secret /srv/app/jobs.yaml'
attack "a linked folder" 'rm /srv/app/jobs.yaml; cp /root/secret /root/jobs.yaml; ln -sfn /root /srv/app/automation'; rm /srv/app/automation
attack "a link to shadow" 'ln -sf /etc/shadow /srv/app/jobs.yaml'
attack "a link to nothing in /etc" 'ln -sf /etc/montimer/new /srv/app/jobs.yaml'
attack "a directory" 'rm /srv/app/jobs.yaml; mkdir /srv/app/jobs.yaml'
attack "a socket" 'rm /srv/app/jobs.yaml; runuser -u deploy -- python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\"/srv/app/jobs.yaml\")"'
attack "unreadable" 'chmod 000 /srv/app/jobs.yaml'
attack "a link out of it, where the sample goes" 'rm -rf /srv/app/jobs.yaml /srv/app/deploy; mkdir /srv/app/deploy; ln -s /etc/profile.d /srv/app/deploy/checks; chown -hR deploy: /srv/app/deploy'
rm -rf /srv/app/deploy
echo 'allow_root: true' >>/etc/montimer/config.yaml
attack "a link to shadow, where root may run tasks" 'ln -sf /etc/shadow /srv/app/jobs.yaml'
attack "a link to root's file, where root may run tasks" 'ln -sf /root/secret /srv/app/jobs.yaml'
sed -i '/allow_root/d' /etc/montimer/config.yaml
attack "escapes" 'printf "\033]0;x\007\033[31mprofiles: [\n" | jobs'
attack "control characters in a name" 'printf "profiles:\n  \"a\\\\nUser=root\": {cron: \"1 * * * *\"}\n" | jobs'
attack "a unit's name" 'printf "profiles:\n  ../../../etc/systemd/system/x: {cron: \"1 * * * *\"}\n" | jobs'
attack "an alias bomb" 'python3 -c "
print(\"a0: &a0 [x,x,x,x,x,x,x,x,x]\")
for i in range(1,12): print(f\"a{i}: &a{i} [\"+\",\".join([f\"*a{i-1}\"]*9)+\"]\")
print(\"profiles: *a11\")" | jobs'

step "the state directory"
attack -a "a link to /root" 'rm -rf /var/lib/montimer; ln -s /root /var/lib/montimer'
attack "a database that is a link" 'ln -s /etc/montimer/made-by-root.db /var/lib/montimer/monitoring.db'
attack "a database that is a pipe" 'runuser -u deploy -- mkfifo /var/lib/montimer/monitoring.db'
attack "a lock folder that is a link" 'ln -s /etc/montimer /var/lib/montimer/lock'
attack "a file" 'rm -rf /var/lib/montimer; touch /var/lib/montimer; chown deploy: /var/lib/montimer'

step "text caches"
# What jobs.yaml and the database name is read and written as the deploy user.
rm -rf /var/lib/montimer
install -d -o deploy -g deploy -m 750 /var/lib/montimer
good
printf 'profiles: {beat: {cron: "0 5 1 1 *", env: {CACHE_FILENAME: /root/secret, NONCE_FILENAME: ../../../etc/shadow, MORPHO_FILENAME: pipe}}}\n' | jobs
runuser -u deploy -- sh -c 'cd /var/lib/montimer && ln -s /root/secret cache-id.txt && ln -s /dev/zero nonces.txt && mkfifo pipe && mkdir directory'
before=$(places)
code=0
said=$(timeout 60 montimer state import --file directory --file /root 2>&1) || code=$?
((code == 1)) && [[ $said == *"failed=7 db="* && $said == *"cache-id.txt: error: "*"permission denied"* ]] || fail "state import: exit $code: $said"
[[ $said != *the-secret-of-root* && $said != *root:\** ]] || fail "state import shows root's file: $said"
for namespace in cache-id.txt nonces.txt pipe directory /root/new ../../../etc/montimer/new new.txt; do
  montimer state set "$namespace" k v
done
montimer state set new.txt $'\x1b]0;x\x07' v
[[ $(montimer state list new.txt) == *'\x1b]0;x\x07 '* ]] || fail "state list: $(montimer state list new.txt)"
code=0
said=$(timeout 60 montimer state export 2>&1) || code=$?
((code == 1)) && [[ $said == *"new.txt: written=2 "* ]] || fail "state export: exit $code: $said"
[[ $(stat -c %U /var/lib/montimer/new.txt) == deploy && $(places) == "$before" ]] || fail "state export: $said, $(diff <(echo "$before") <(places))"
rm -rf /srv/app/jobs.yaml

step "swapped while it is read"
touch /tmp/swap
(
  while [[ -e /tmp/swap ]]; do
    ln -sfn /root/secret /srv/app/jobs.yaml
    printf 'profiles:\n  beat: {cron: "0 5 1 1 *"}\n' | jobs
  done
) 2>/dev/null &
swapper=$!
for _ in {1..10}; do
  said=$(timeout 60 montimer list 2>&1) || (($? != 124)) || fail "hangs"
  [[ $said != *the-secret-of-root* ]] || fail "shows root's file"
done
rm /tmp/swap
wait $swapper

step "the checkout itself"
mv /srv/app /srv/app.good
ln -s /root /srv/app
said=$(timeout 60 montimer compile 2>&1) && fail "compiled from /root"
[[ $said != *the-secret-of-root* ]] || fail "shows root's file"
rm /srv/app
mv /srv/app.good /srv/app
good

step "root opens nothing below the two directories"
# opened_by_root COMMAND...: prints what the command did there while it was root.
# A thread has left root behind when it, or what started it, has set its user.
opened_by_root() {
  strace --seccomp-bpf -f -qq -e trace=%file,%process,setuid,setresuid -o /tmp/trace "$@" >/tmp/said 2>&1 || fail "$* under strace: $(cat /tmp/said)" >&2
  awk '
    NR == FNR && / (clone|clone3|fork|vfork)[ (]|<... (clone|clone3|fork|vfork) resumed>/ && $NF ~ /^[0-9]+$/ { parent[$NF] = $1 }
    NR == FNR && /( set(res)?uid\(|<... set(res)?uid resumed>).* = 0$/ && !user[$1] { user[$1] = FNR }
    NR == FNR || / execve\("/ && !/ execve\("\/(srv\/app|var\/lib\/montimer)/ { next }
    / (newfstatat|statx)\(AT_FDCWD, "\/(srv\/app|var\/lib\/montimer)", / { next } # whether they are there at all
    /"\/(srv\/app|var\/lib\/montimer)/ {
      for (p = $1; p && !(user[p] && user[p] < FNR); p = parent[p]);
      if (!p) print
    }' /tmp/trace /tmp/trace
}
rm -rf /var/lib/montimer
install -d -o deploy -g deploy -m 750 /var/lib/montimer
(cd / && runuser -u deploy -- montimer db init)
[[ -n $(opened_by_root cat /srv/app/jobs.yaml) ]] || fail "the check sees nothing"
for verb in "compile --out /tmp/out2" "compile" "compile --diff" "list" "apply" "notify pending" "state import" "state export" "state list" "render-crontab" "doctor --only checkout-mode --only state-mode --only db-size --only git-dirty --only disk-space"; do
  # shellcheck disable=SC2086 # the verb's words
  opened=$(opened_by_root montimer $verb)
  [[ -z $opened ]] || fail "as root, in montimer $verb: $opened"
  grep -qE ' set(res)?uid\(' /tmp/trace || fail "nothing was done as deploy in montimer $verb"
done

step "what root relies on belongs to root"
for path in /usr/local/bin/montimer-copy /etc/montimer/env /etc/montimer/config.yaml; do
  [[ -e $path ]] || cp /usr/local/bin/montimer "$path"
  chown deploy "$path"
  code=0
  said=$(montimer compile --binary /usr/local/bin/montimer-copy 2>&1) || code=$?
  ((code == 2)) && [[ $said == *"$path belongs to user"* ]] || fail "$path: exit $code: $said"
  chown root "$path"
done
chmod 777 /usr/local/lib/systemd
said=$(montimer compile 2>&1) && fail "wrote below a folder that anyone may write"
[[ $said == *"/usr/local/lib/systemd can be written by others"* ]] || fail "said: $said"
chmod 755 /usr/local/lib/systemd
montimer compile >/dev/null 2>&1 || fail "does not compile any more"

printf 'PASS\n'
