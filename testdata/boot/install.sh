#!/bin/bash
# deploy/install.sh from nothing to the first tick, and back: its dry run lists what
# it does, nothing is half done that a second run does not complete, and root writes
# nothing below what belongs to the deploy user. In other releases readme.sh runs it.
# Long.
# Any release.
# Needs: make git sqlite3 strace
source "${BASH_SOURCE%/*}/lib.sh"

# What else this machine has there is of no concern.
mkdir /fresh
mount --bind /fresh /srv

release /release
installer=/release/install.sh

# The remote: git takes /remotes for the host that no test may reach.
useradd --system author
install -d -o author /remotes /author
printf '[url "/remotes/"]\n\tinsteadOf = https://git.example.org/\n[safe]\n\tdirectory = /remotes/jobs.git\n' >/etc/gitconfig
cat >/author/jobs.yaml <<'YAML'
profiles:
  beat:
    calendar: "*:*:0/2"
    tasks: [{ name: one, script: beat.sh }]
  nap:
    cron: "0 5 1 1 *"
    tasks: [{ name: nap, command: [sleep, "600"] }]
YAML
echo 'echo the first tick' >/author/beat.sh
chown -R author /author
runuser -u author -- bash -euc 'cd /author && git init -q -b main . && git add -A && git -c user.name=a -c user.email=a@b commit -q -m one && git clone -q --bare . /remotes/jobs.git'
args=(--repo https://git.example.org/jobs.git)

# try CODE ARGUMENT...: the installer ends so, and has said what is in said.
try() {
  local wanted=$1 code=0
  shift
  said=$("$installer" "$@" 2>&1) || code=$?
  ((code == wanted)) || fail "install.sh $*: exit $code, not $wanted: $said"
}
says() { [[ $said == *"$1"* ]] || fail "it did not say \"$1\" but: $said"; }
listed() { grep -E '^(create|replace|change|remove|run|install) ' <<<"$said" || true; }

# changed: all files of the system that have changed since the stamp, but for those
# that only packages write.
changed() {
  find /boot /etc /home /media /mnt /opt /srv /usr /var -xdev \( -path /var/cache -o -path /usr/share -o -path /usr/include -o -path /usr/local/go -o -path '/usr/lib/*-linux-gnu' \) -prune -o -newercm /tmp/stamp -print
}
stamp() { touch /tmp/stamp && sleep 0.02; } # the clock of files has steps of some ms

# as_listed: what has changed is what was listed, no more and no less.
as_listed() {
  local paths path entry found files
  files=$(changed)
  paths=$(listed | sed -nE 's/^(create|replace|change|remove) +//; T; s/  \(.*//; p' | tr ' ' '\n')
  while read -r path; do
    found=
    while read -r entry; do
      # shellcheck disable=SC2053 # an entry can be a pattern
      if [[ $path == "${entry%/}" || $entry == */ && $path == "$entry"* || $entry == "$path"/* || $path == "$entry-" || $path == /etc/.pwd.lock || $path == $entry ]]; then found=1; fi
    done <<<"$paths"
    [[ $found ]] || fail "$path was changed, and not listed: $said"
  done <<<"$files"
  while read -r entry; do
    # shellcheck disable=SC2254
    grep -q "^${entry%[/*]}" <<<"$files" || fail "$entry was listed, and not changed: $files"
  done <<<"$paths"
}

# standing: all that the installer has made, but for what git and SQLite write again
# each time.
standing() {
  local files=(/etc/montimer /etc/{sysusers,tmpfiles}.d/montimer.conf /etc/systemd/journald.conf.d/montimer.conf /srv /home/deploy /var/lib/montimer)
  mapfile -t -O "${#files[@]}" files < <(find /usr/local/{bin,share,lib,etc} /etc/needrestart -name '*montimer*' 2>/dev/null)
  find "${files[@]}" -path '*/.git/*' -prune -o ! -name 'monitoring.db-*' -printf '%p %y %u %g %m\n' | sort -u
  find "${files[@]}" -path '*/.git/*' -prune -o -type f ! -name 'monitoring.db*' -print | sort -u | xargs sha256sum
  runuser -u deploy -- git -C /srv/app rev-parse HEAD
  runuser -u deploy -- git -C /srv/app status --porcelain
  find /etc /usr/local/{bin,share} /srv /home /var/lib -maxdepth 6 -name '.*montimer-install*' -print
}

# nothing: what a person does who wants all of it gone, by the commands it names.
nothing() {
  try 0 --uninstall
  sed -n 's/^  \(rm\|userdel\) /\1 /p' <<<"$said" >/tmp/remove.sh
  [[ ! -s /tmp/remove.sh ]] || bash -ex /tmp/remove.sh >/tmp/removed 2>&1 || fail "$(cat /tmp/removed)"
  left=$(find /etc /usr/local/{bin,share,lib/systemd} /srv /home /var/lib \( -name '*montimer*' -o -name deploy -o -path '/srv/*' \) ! -name 'stamp-*' -print)
  [[ -z $left ]] || fail "left: $left"
  ! getent passwd deploy || fail "the user is left"
}

step "a dry run needs no root, changes nothing, and lists what root would do"
stamp
said=$(cd / && runuser -u author -- "$installer" "${args[@]}" --dry-run 2>&1) || fail "$said"
planned=$(listed)
try 0 "${args[@]}" --dry-run
[[ $(listed) == "$planned" && $planned == *"/usr/local/bin/montimer"* ]] || fail "not the same list: $(diff <(listed) <(echo "$planned"))"
[[ -z $(changed) ]] || fail "changed: $(changed)"

step "a file that is not as SHA256SUMS says, and a tarball with another checksum: nothing is placed"
cp -r /release /tmp/forged
echo >>/tmp/forged/share/man/man1/montimer.1
installer=/tmp/forged/install.sh try 4 "${args[@]}"
says "nothing was placed"
tar -czf /tmp/release.tar.gz -C / release
try 4 "${args[@]}" --tarball /tmp/release.tar.gz --sha256 "$(sha256sum </release/install.sh | cut -d' ' -f1)"
says "nothing was placed"
away=("${args[@]}" --tarball https://127.0.0.1:1/release.tar.gz --sha256 "$(sha256sum </tmp/release.tar.gz | cut -d' ' -f1)")
if command -v curl || command -v wget; then
  try 5 "${away[@]}"
  says "could not be downloaded"
else
  try 2 "${away[@]}"
  says "download the release on another machine"
fi
[[ -z $(changed) ]] || fail "changed: $(changed)"

step "the real run does what the dry run listed"
stamp
begin=$EPOCHREALTIME
try 0 "${args[@]}"
took=$((${EPOCHREALTIME/./} - ${begin/./}))
[[ $(listed) == "$planned" ]] || fail "not what was planned: $(diff <(listed) <(echo "$planned"))"
as_listed
says "next: montimer compile && systemctl daemon-reload"
[[ $(systemctl is-enabled montimer.target 2>/dev/null) != enabled && -z $(ls /usr/local/lib/systemd/system/montimer* 2>/dev/null) ]] || fail "it started something"
[[ $(stat -c '%U:%G %a' /etc/montimer/env /var/lib/montimer /home/deploy /srv/app/jobs.yaml | paste -sd,) == "root:deploy 640,deploy:deploy 750,deploy:deploy 750,deploy:deploy 644" ]] || fail "owners: $(stat -c '%n %U:%G %a' /etc/montimer/env /var/lib/montimer /home/deploy /srv/app/jobs.yaml)"
undisturbed=$(standing)
healthy

step "a second run has nothing to do, and changes no file"
stamp
try 0 "${args[@]}"
says "nothing to do"
[[ -z $(listed) && -z $(changed) ]] || fail "it changed: $(listed) $(changed)"
said=$(cd / && runuser -u author -- "$installer" "${args[@]}" --dry-run 2>&1) || fail "$said"
says "not known without root: /var/lib/montimer/monitoring.db"

step "the two commands that it named"
printf 'local: work\n' | runuser -u deploy -- tee /srv/app/local.txt >/dev/null
montimer compile && systemctl daemon-reload
systemctl enable --now montimer.target 2>/dev/null
within 60 logged beat "the first tick"
try 0 "${args[@]}"
says "nothing to do"
healthy

step "uninstall waits for runs, and leaves the data"
systemctl start --no-block montimer-job-nap.service
within 60 pgrep -u deploy -x sleep >/dev/null
"$installer" --uninstall >/tmp/said 2>&1 &
within 60 is montimer.target inactive
within 60 grep -q 'waits for .*montimer-job-nap.service' /tmp/said
wake
wait $! || fail "uninstall: $(cat /tmp/said)"
[[ $(journal montimer-job-nap.service) != *Killing* ]] || fail "a run was killed"
[[ -z $(find /usr/local/{bin,share,lib/systemd} /etc/systemd /etc/sysusers.d /etc/tmpfiles.d -name '*montimer*') ]] || fail "left: $(find /usr/local /etc/systemd -name '*montimer*')"
for path in /etc/montimer/config.yaml /etc/montimer/env /var/lib/montimer/monitoring.db /srv/app/local.txt; do
  [[ -e $path && $(</tmp/said) == *"${path%/*}"* ]] || fail "$path is gone, or was not named: $(cat /tmp/said)"
done
healthy
try 0 --uninstall
says "nothing to do"

step "what is there is kept"
echo 'timezone: Europe/Berlin' >>/etc/montimer/config.yaml
echo 'A=kept' >>/etc/montimer/env
before=$(cat /etc/montimer/config.yaml /etc/montimer/env /srv/app/local.txt)
try 0 "${args[@]}"
says "the checkout /srv/app is kept"
[[ $(cat /etc/montimer/config.yaml /etc/montimer/env /srv/app/local.txt) == "$before" ]] || fail "changed: $(cat /etc/montimer/*)"
try 2 "${args[@]}" --checkout /srv/other
says "/etc/montimer/config.yaml has checkout: /srv/app"
try 2 "${args[@]}" --checkout=
try 0 --repo https://git.example.org/other.git
says "it is a clone of https://git.example.org/jobs.git, not of https://git.example.org/other.git"
sed -i 's/^checkout:/"checkout":/' /etc/montimer/config.yaml
try 2 "${args[@]}"
says "on a line of its own"
sed -i 's/^"checkout":/checkout:/' /etc/montimer/config.yaml
nothing

step "text caches are imported, of a host that has its user and directories"
useradd --system --create-home deploy
install -d -o deploy -g deploy /disk /srv/app
ln -s /disk /srv/cache
cp /author/jobs.yaml /srv/app && chown deploy: /srv/app/jobs.yaml
printf 'aave:42\n' >/srv/cache/cache-id.txt
chown deploy: /srv/cache/cache-id.txt
try 0 --state-dir /srv/cache
says "montimer state import"
[[ $(montimer state get cache-id.txt aave) == 42 && $(stat -Lc %a /srv/cache) == 755 ]] || fail "not imported: $said"
try 0
says "nothing to do"
nothing

step "full disks and no network: each is said, and the next run goes on from there"
mount -t tmpfs -o size=2M tmpfs /usr/local
try 6 "${args[@]}"
says "no space left for the program in /usr/local"
[[ -z $(find /usr/local -type f) ]] || fail "placed: $(find /usr/local)"
umount /usr/local
mv /remotes/jobs.git /remotes/away.git
try 5 "${args[@]}"
says "cannot be read as deploy"
mv /remotes/away.git /remotes/jobs.git
mount -t tmpfs -o size=64k tmpfs /srv
try 6 "${args[@]}"
says "step checkout: no space left on a disk"
umount /srv
try 0 "${args[@]}"
[[ $(listed | wc -l) == 1 && $(standing) == "$undisturbed" ]] || fail "not completed: $(listed) $(diff <(standing) <(echo "$undisturbed"))"

step "another instance, by a release in a directory with files of others"
mkdir -p /tmp/bin /tmp/dl
mv /release "/tmp/dl/a release"
installer="/tmp/dl/a release/install.sh"
{ cat "/tmp/dl/a release/bin/montimer" && echo forged; } >/tmp/bin/montimer
(cd /tmp && sha256sum bin/montimer >SHA256SUMS)
rm /usr/local/bin/montimer
try 2 "${args[@]}" --instance job
says "cannot be the name of an instance"
try 2 --uninstall --instance job
try 0 "${args[@]}" --instance staging
says "next: montimer --instance staging compile"
cmp /usr/local/bin/montimer "/tmp/dl/a release/bin/montimer" || fail "it took another release"
said=$(cd /tmp && bash -s -- "${args[@]}" --instance staging --dry-run <"$installer" 2>&1) || fail "$said"
says "nothing to do"
mv "/tmp/dl/a release" /release
installer=/release/install.sh
[[ -s /etc/montimer/staging.yaml && -e /etc/montimer/staging.env && -e /srv/staging/jobs.yaml && -e /var/lib/montimer-staging/monitoring.db ]] || fail "$said"
try 0 --instance staging
says "nothing to do"
nothing

step "the token is for the deploy user alone, and root writes nothing below its directories"
# written_by_root COMMAND...: what it wrote there while it was root. A thread has left
# root behind when it, or what started it, has set its user.
written_by_root() {
  strace -f --seccomp-bpf -qq -s 4096 -e trace=%file,%process,setuid,setresuid -o /tmp/trace "$@" >/tmp/said 2>&1 || fail "$* under strace: $(cat /tmp/said)" >&2
  awk '
    NR == FNR && / (clone|clone3|fork|vfork)[ (]|<... (clone|clone3|fork|vfork) resumed>/ && $NF ~ /^[0-9]+$/ { parent[$NF] = $1 }
    NR == FNR && /( set(res)?uid\(|<... set(res)?uid resumed>).* = 0$/ && !user[$1] { user[$1] = FNR }
    NR == FNR || !/O_WRONLY|O_RDWR|O_CREAT|O_TRUNC| (mkdir|rmdir|rename|unlink|link|symlink|mknod|truncate|chmod|chown|lchown|fchmodat|fchownat|utime)[a-z0-9]*\(/ { next }
    /"\/(srv\/app|srv\/\.app\.montimer-install|home\/deploy|var\/lib\/montimer)\// {
      for (p = $1; p && !(user[p] && user[p] < FNR); p = parent[p]);
      if (!p) print
    }' /tmp/trace /tmp/trace
}
install -d /srv/app
[[ -n $(written_by_root touch /srv/app/x) ]] || fail "the check sees nothing"
rm -r /srv/app
token=ghp_$(od -An -tx1 -N10 /dev/urandom | tr -d ' \n')
install -m 600 /dev/null /tmp/token
echo "$token" >/tmp/token
stamp
written=$(written_by_root "$installer" "${args[@]}" --token-file /tmp/token)
[[ -z $written ]] || fail "as root: $written"
grep -qE ' set(res)?uid\(' /tmp/trace || fail "nothing was done as deploy"
! grep -E 'execve\(' /tmp/trace | grep -F "$token" || fail "the token was an argument or in the environment"
[[ $(printf 'protocol=https\nhost=git.example.org\n' | runuser -u deploy -- env HOME=/home/deploy git credential fill | grep '^password') == "password=$token" ]] || fail "git does not find the token"
[[ $(stat -c '%U %a' /home/deploy/.git-credentials) == 'deploy 600' ]] || fail "$(ls -l /home/deploy/.git-credentials)"
rm /tmp/trace
[[ -z $(find /etc /usr/local/{bin,share} /srv /home /var /run /tmp -xdev -type f -newercm /tmp/stamp -perm -o+r -exec grep -lF "$token" {} + 2>/dev/null) ]] || fail "others can read the token"
journalctl --sync
[[ $(journalctl --no-pager) != *"$token"* ]] || fail "the token is in the journal"
try 0 "${args[@]}" --token-file /tmp/token
says "nothing to do"
nothing

step "killed at any instant, the next run completes"
# At even instants with all that it had started, at odd ones alone.
instants=$([[ ${MONTIMER_SOAK-} ]] && echo 30 || echo 2)
for ((i = 1; i <= instants; i++)); do
  after=$((took * i / (instants + 1)))
  systemd-run -q --unit installing -p KillMode=process -p StandardOutput=null "$installer" "${args[@]}"
  sleep "$((after / 1000000)).$(printf %06d $((after % 1000000)))"
  if ((i % 2)); then
    pid=$(systemctl show -P MainPID installing)
    ((pid == 0)) || kill -KILL "$pid" 2>/dev/null || true # 0: it has ended
  else
    systemctl kill -s KILL installing 2>/dev/null || true
  fi
  try 0 "${args[@]}"
  printf 'killed after %d ms: %d changes were left\n' $((after / 1000)) "$(listed | wc -l)"
  within 60 resting installing.service
  systemctl reset-failed installing.service 2>/dev/null || true
  [[ $(standing) == "$undisturbed" && ! -e /run/install-montimer ]] || fail "after $after µs: $(diff <(standing) <(echo "$undisturbed")) $(ls /run/install-montimer)"
  runuser -u deploy -- montimer db check >/tmp/checked 2>&1 || fail "after $after µs: $(cat /tmp/checked)"
  nothing
done

step "from nothing to the first tick, where nothing in /run can be executed"
mount -o remount,noexec /run
begin=$EPOCHREALTIME
try 0 --tarball /tmp/release.tar.gz --sha256 "$(sha256sum </tmp/release.tar.gz | cut -d' ' -f1)" "${args[@]}" --enable
within 60 logged beat "the first tick"
printf 'from nothing to the first tick: %d ms\n' $(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
try 0 "${args[@]}" --enable
says "nothing to do"
healthy

printf 'PASS\n'
