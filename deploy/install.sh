#!/bin/bash
# Sets up montimer on a host: install.sh --help.
#
# Each step has two functions: look_STEP says what differs from what is wanted, by a
# line for each change, and make_STEP changes it. A dry run only looks, the real run
# does both and looks again, so that what is listed and what is done are the same.
# A step that was interrupted is found by its looks, or by its mark in $marks.
#
# Root writes nothing below a directory of the deploy user: what is to be done there
# is done as that user. Each file is written beside its place and renamed.

# shellcheck disable=SC2317,SC2016 # steps are called by their names; other shells have scripts too
set -euo pipefail

usage() {
  cat <<'TEXT'
install.sh --repo URL [OPTION...]  set up this host, or finish what is missing
install.sh --dry-run ...           list all changes, make none; needs no root
install.sh --uninstall             remove montimer and its units; leave all data

  --repo URL          repository with jobs.yaml (https, ssh or a path); needed
                      unless the checkout is there
  --branch NAME       its branch (main)
  --checkout DIR      where its clone goes (/srv/app)
  --user NAME         the user that runs the tasks; is made if missing (deploy)
  --state-dir DIR     database and what tasks keep (/var/lib/montimer)
  --token-file FILE   token for a private repository by https; so does the
                      variable GITHUB_TOKEN for github.com. It goes to the
                      user's ~/.git-credentials. For ssh the user gets a key,
                      which is shown when the repository cannot be read
  --journal-max SIZE  keep the journal on disk, up to SIZE (500M); '' leaves
                      journald as it is
  --instance NAME     set up another instance: /etc/montimer/NAME.yaml
  --enable            also compile the units and start the timers
  --prefix DIR        where the program goes (/usr/local)
  --tarball FILE|URL  take the program from this release, which must match
  --sha256 SUM|URL    this checksum, or its line in the SHA256SUMS at that URL
  -n, --dry-run       list all changes and make none
  -h, --help          show this text

Beside a SHA256SUMS (an unpacked release) it checks all files, and places them
below the prefix; else it takes the montimer that is installed. Files, users,
settings and a checkout that are there are kept. It starts nothing without
--enable. It can be run again at any time, also after it was interrupted.

Exit codes: 0 done, or nothing to do; 1 a step failed; 2 wrong usage, or this
host is not fit; 4 a checksum is wrong, nothing was placed; 5 the network, or
the repository cannot be read; 6 no space left; 75 another one is running.
TEXT
}

# die CODE MESSAGE ends with an error.
die() {
  printf 'install.sh: %s\n' "$2" >&2
  exit "$1"
}
note() { printf 'note: %s\n' "$*"; }

# printable removes what could control a terminal: text of others passes it.
printable() { LC_ALL=C tr -cd '\11\12\40-\176'; }

# What is done in this run, and what was begun: no instance has a directory called so.
readonly marks=/run/install-montimer
readonly script=${BASH_SOURCE[0]-}
# No instance has one of these names (instance.go): its units would be those of others.
readonly reserved="alarm api apply backup failure job outbox report request sync tmp unrecorded all config env montimer pause target"

# --- facts -----------------------------------------------------------------------

# setting KEY: a setting of the top level in config.yaml, if it is on one line.
setting() {
  [[ ! -r $config ]] || sed -nE "s/^$1:[[:space:]]+//p" "$config" | sed -E "s/[[:space:]]+#.*//; s/^([\"'])(.*)\1[[:space:]]*\$/\2/; s/[[:space:]]+\$//"
}

# choose VARIABLE KEY DEFAULT: an option wins over its default; config.yaml, where it
# is there, has to agree with it.
choose() {
  local -n value=$1
  local there
  there=$(setting "$2")
  if [[ ! $there && -r $config ]] && grep -qE "^([{].*)?[\"']?$2[\"']?[[:space:]]*:" "$config"; then
    die 2 "$config has $2 in a form that this script cannot read: write \"$2: VALUE\" on a line of its own"
  fi
  [[ $2 != run_as ]] || there=${there%%:*}
  if [[ $there && $value && $there != "$value" ]]; then
    die 2 "$config has $2: $there, not $value: change it there, or leave out the option"
  fi
  value=${value:-${there:-$3}}
}

# trusted DIR: only root can change it and what it is in, as far as it exists.
trusted() {
  local at owner mode kind_of paths=(/)
  for at in "$1" "$(realpath -m -- "$1")"; do
    for (( ; ${#at} > 0; )); do
      paths+=("$at")
      at=${at%/*}
    done
  done
  while read -r owner mode kind_of; do
    if ((owner != 0)) || [[ $kind_of != symbolic* ]] && (((8#$mode & 8#022) != 0 && (8#$mode & 8#1000) == 0)); then return 1; fi
  done < <(stat -c '%u %a %F' -- "${paths[@]}" 2>/dev/null)
}

owner_of() { stat -Lc %U -- "$1"; }
exists_user() { [[ $known ]]; }
home_of() {
  known=1
  home=$(getent passwd "$user" | cut -d: -f6) || known='' home=/home/$user
  group=$(id -gn "$user" 2>/dev/null) || group=$user
}

# as_user COMMAND...: as the deploy user, without root's terminal and environment.
as_user() {
  become
  "${cmd[@]}" "$@"
}
# become puts into cmd what makes the words after it a command of the deploy user.
become() {
  cmd=()
  ((EUID != 0)) || cmd=(setsid --wait runuser -u "$user" --)
  cmd+=(env -i HOME="$home" USER="$user" LOGNAME="$user" PATH="$PATH" LC_ALL=C.UTF-8 \
    GIT_TERMINAL_PROMPT=0 SSH_ASKPASS_REQUIRE=never \
    GIT_SSH_COMMAND='ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o ConnectTimeout=20 -o ServerAliveInterval=20')
}

# can_look PATH: whether what only the deploy user or root may see can be looked at;
# says so if not.
can_look() {
  if ((EUID == 0)) || ! exists_user || [[ $(id -un) == "$user" ]]; then return 0; fi
  unknown+=("$1")
  return 1
}

# --- changes ---------------------------------------------------------------------

# change WORD WHAT [WHY]: a line of the list. A path with a slash at its end is one
# with all that is below it.
change() { changes+=("$(printf '%-8s %s%s' "$1" "$2" "${3:+  ($3)}")"); }

word() { if [[ -e $1 ]]; then echo replace; else echo create; fi; }

# put MODE GROUP FILE [SUM]: writes standard input to a file of root's, at once.
put() {
  local mode=$1 owner=$2 file=$3 sum=${4-} new
  trusted "${file%/*}" || die 2 "${file%/*} can be changed by others than root: choose another path"
  mkdir -p "${file%/*}"
  new=${file%/*}/.${file##*/}.montimer-install
  rm -f "$new"
  (umask 077 && cat >"$new")
  [[ ! $sum || $(sha256sum <"$new") == "$sum  -" ]] || die 4 "$file: the source has changed since it was checked: nothing was placed there"
  chown "root:$owner" "$new"
  chmod "$mode" "$new"
  sync "$new"
  mv -fT "$new" "$file"
  sync "${file%/*}"
}

# want_file FILE WHY: a file that is kept as it is if it is there.
want_file() { [[ -e $1 || -L $1 ]] || change create "$1" "$2"; }

readonly ours="# Written by montimer's install.sh"
is_ours() { [[ -f $1 && $(head -n 1 "$1") == "$ours"* ]]; }

# --- steps -----------------------------------------------------------------------

look_packages() {
  missing=()
  command -v git >/dev/null || missing+=(git)
  [[ $repo != https:* || -s /etc/ssl/certs/ca-certificates.crt ]] || missing+=(ca-certificates)
  [[ $kind != ssh ]] || command -v ssh-keygen >/dev/null || missing+=(openssh-client)
  ((${#missing[@]} == 0)) || change install "${missing[*]}" "Debian packages, with what they need"
}
make_packages() {
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -q && apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$run/apt" 2>&1 9>&- || {
    tail -n 5 "$run/apt" >&2
    ! grep -q 'No space left' "$run/apt" || exit 6
    die 5 "apt-get could not install ${missing[*]}: correct its sources or the network, and run this again"
  }
}

# differing finds the files of the release that are not in place: checksum, mode,
# place and source of each.
differing() {
  local sum name mode from to key
  local -A there=() found=() wanted=()
  while read -r sum name; do
    name=${name#\*}
    name=${name#./}
    from=$tree/$name mode=644
    # Not by -x: nothing on a file system with noexec passes that, as /run often is.
    [[ $name != bin/* && $name != *.sh ]] || mode=755
    case $name in
    install.sh) continue ;; # in share/montimer too
    etc/*)
      to=/$name
      [[ ! -e $to ]] || continue # the administrator's
      ;;
    *) to=$prefix/$name ;;
    esac
    wanted[$to]="$sum $mode $from"
  done <"$tree/SHA256SUMS"
  while IFS='|' read -r key to; do there[$to]=$key; done < <(stat -c '%a:%u:%F|%n' -- "${!wanted[@]}" 2>/dev/null)
  while read -r sum to; do found[$to]=$sum; done < <(sha256sum -- "${!wanted[@]}" 2>/dev/null)
  program=()
  while read -r to; do
    read -r sum mode from <<<"${wanted[$to]}"
    [[ ${there[$to]-} == "$mode:0:regular file" && ${found[$to]-} == "$sum" ]] || program+=("$sum $mode $to $from")
  done < <(printf '%s\n' "${!wanted[@]}" | sort)
}
look_program() {
  local sum mode from to
  [[ $tree ]] || return 0
  differing
  for to in "${program[@]}"; do
    read -r sum mode to from <<<"$to"
    change "$(word "$to")" "$to"
  done
}
make_program() {
  local sum mode from to bytes free at=$prefix
  bytes=$(printf '%s\n' "${program[@]}" | cut -d' ' -f4- | xargs -r -d '\n' stat -c %s | awk '{ n += $1 } END { print n + 1048576 }')
  until [[ -d $at ]]; do at=${at%/*}; done
  free=$(df -B1 --output=avail "${at:-/}" | tail -n 1)
  ((free > bytes)) || die 6 "no space left for the program in $prefix: it needs $((bytes / 1048576 + 1)) MiB, $((free / 1048576)) MiB are free"
  for to in "${program[@]}"; do
    read -r sum mode to from <<<"$to"
    put "$mode" root "$to" "$sum" <"$from"
  done
}

look_user() {
  exists_user && return
  change create "/etc/sysusers.d/$name.conf" "the user $user"
  change change "/etc/passwd /etc/shadow /etc/group /etc/gshadow" "the user $user, by systemd-sysusers"
}
make_user() {
  put 644 root "/etc/sysusers.d/$name.conf" <<<"$ours: the user that runs the tasks.
u $user - \"montimer\" $home"
  systemd-sysusers "/etc/sysusers.d/$name.conf"
}

# wants_directory DIR WHY: a line for it, if it is missing or half made.
wants_directory() {
  if [[ ! -e $1 ]]; then
    change create "$1/" "$2"
  elif [[ ! -d $1 ]]; then
    die 2 "$1 is not a directory: remove it, or choose another path"
  elif [[ $(owner_of "$1") != "$user" ]]; then
    [[ $(owner_of "$1") == root && -z $(ls -A "$1") ]] || die 2 "$1 belongs to $(owner_of "$1"), not to $user: chown $user: $1, or choose another path"
    change change "$1" "$2"
  fi
}
made_user() { is_ours "/etc/sysusers.d/$name.conf" && grep -q "^u $user " "/etc/sysusers.d/$name.conf"; }
look_directories() {
  if made_user || ! exists_user; then
    wants_directory "$home" "home of $user, mode 0750"
  fi
  if trusted "${real_state%/*}" || can_look "$state_dir"; then
    wants_directory "$state_dir" "state directory of $user, mode 0750"
  fi
  ((${#changes[@]} == 0)) || [[ $(tmpfiles) == "$(cat "/etc/tmpfiles.d/$name.conf" 2>/dev/null)" ]] ||
    change "$(word "/etc/tmpfiles.d/$name.conf")" "/etc/tmpfiles.d/$name.conf" "the mode of these directories"
}
# tmpfiles prints what keeps the directories that can belong to root's tree.
tmpfiles() {
  echo "$ours: directories of $user."
  if made_user || ! exists_user; then echo "d $home 0750 $user $group -"; fi
  ! trusted "${real_state%/*}" || echo "d $real_state 0750 $user $group -"
}
make_directories() {
  tmpfiles | put 644 root "/etc/tmpfiles.d/$name.conf"
  systemd-tmpfiles --create "/etc/tmpfiles.d/$name.conf"
  trusted "${real_state%/*}" || as_user install -d -m 750 "$state_dir"
}

look_settings() {
  want_file "$config" "settings: checkout, run_as; all others are comments"
  want_file "$env" "environment of the services, for tokens; mode 0640, group $group"
}
make_settings() {
  local branch_too=()
  [[ -e $config ]] || {
    [[ $branch == main ]] || branch_too=(-e "s|^#sync:.*|sync:|" -e "s|^#  branch:.*|  branch: $branch|")
    [[ $state_dir == "/var/lib/$name" ]] || branch_too+=(-e "s|^#state_dir:.*|state_dir: $state_dir|")
    montimer init --settings | sed -e "s|^#checkout:.*|checkout: $checkout|" -e "s|^#run_as:.*|run_as: $user|" "${branch_too[@]}" >"$run/settings"
    grep -qx "checkout: $checkout" "$run/settings" || die 1 "montimer init --settings has no checkout: this install.sh is of another version than $binary"
    put 644 root "$config" <"$run/settings"
  }
  [[ -e $env ]] || put 640 "$group" "$env" <<'TEXT'
# Environment of the services, NAME=VALUE (systemd.exec(5), EnvironmentFile=).
# A change takes effect with the next run. To send a test: montimer notify test
#TELEGRAM_BOT_TOKEN_DEFAULT=
#TELEGRAM_CHAT_ID_DEFAULT=
TEXT
}

readonly journald=/etc/systemd/journald.conf.d/montimer.conf
look_journald() {
  [[ $journal_max ]] || return 0
  want_file "$journald" "the journal stays on disk, up to $journal_max"
  if ((${#changes[@]} > 0)) || unfinished journald; then
    change run "systemctl restart systemd-journald" "moves the journal to /var/log/journal/"
  fi
}
make_journald() {
  [[ -e $journald ]] || put 644 root "$journald" <<<"$ours.
[Journal]
Storage=persistent
SystemMaxUse=$journal_max"
  systemctl restart systemd-journald
}

readonly index=montimer_alert_events_ # what the names of its indexes begin with
look_database() {
  if [[ ! -d $state_dir ]]; then
    change create "$state_dir/monitoring.db" "montimer db init"
  elif ! can_look "$state_dir/monitoring.db"; then
    return 0
  elif ! as_user test -e "$state_dir/monitoring.db"; then
    change create "$state_dir/monitoring.db" "montimer db init"
  elif unfinished database || ! as_user grep -qsaF "$index" "$state_dir/monitoring.db" "$state_dir/monitoring.db-wal"; then
    change change "$state_dir/monitoring.db" "montimer db init"
  fi
}
make_database() { as_user "$binary" "${instance_flags[@]}" db init; }

# credential is the line of ~/.git-credentials.
credential() { printf '%s://%s:%s@%s\n' https "${login:-x-access-token}" "$token" "$server"; }
# It only reads: the services cannot write to home directories.
readonly helper='!f() { test "$1" != get || git credential-store get; }; f'
look_token() {
  [[ $token ]] || return 0
  if ! exists_user; then
    change create "$home/.git-credentials" "the token for $server, mode 0600"
    change create "$home/.gitconfig" "reads it for https://$server"
    return 0
  fi
  can_look "$home/.git-credentials" || return 0
  credential | as_user grep -qsxFf - "$home/.git-credentials" || change "$(as_user_word "$home/.git-credentials")" "$home/.git-credentials" "the token for $server, mode 0600"
  [[ $(as_user git config --global "credential.https://$server.helper" 2>/dev/null) == "$helper" ]] || change "$(as_user_word "$home/.gitconfig")" "$home/.gitconfig" "reads it for https://$server"
}
as_user_word() { if as_user test -e "$1"; then echo change; else echo create; fi; }
make_token() {
  credential | as_user bash -c '
    set -euo pipefail
    umask 077 && cd && rm -f .git-credentials.new .gitconfig.lock
    { cat && { [[ ! -e .git-credentials ]] || grep -vE "^https://[^@]*@$1\$" .git-credentials || true; }; } >.git-credentials.new
    sync .git-credentials.new && mv -fT .git-credentials.new .git-credentials
    git config --global "credential.https://$1.helper" "$2"' - "$server" "$helper"
}

look_key() {
  [[ $kind == ssh ]] || return 0
  if ! exists_user; then
    change create "$home/.ssh/" "a key for the repository"
  elif can_look "$home/.ssh"; then
    as_user bash -c 'cd && compgen -G ".ssh/id_*.pub" || test -e .ssh/config' >/dev/null || change create "$home/.ssh/" "a key for the repository"
  fi
}
make_key() {
  as_user bash -c '
    set -euo pipefail
    umask 077 && cd && mkdir -p .ssh && rm -f .ssh/.new .ssh/.new.pub
    ssh-keygen -q -t ed25519 -N "" -C "$1" -f .ssh/.new
    mv -fT .ssh/.new .ssh/id_ed25519 && mv -fT .ssh/.new.pub .ssh/id_ed25519.pub' - "$user@$(uname -n)"
}

# beside is where the checkout is made; only then it gets its name.
beside() { echo "${checkout%/*}/.${checkout##*/}.montimer-install"; }
# in_parent COMMAND...: changes entries of the directory that the checkout is in.
in_parent() { if trusted "${checkout%/*}"; then "$@"; else as_user "$@"; fi; }
has_checkout() { [[ -n $(ls -A "$checkout" 2>/dev/null) ]]; }
look_checkout() {
  if [[ -d $checkout && ! -r $checkout ]]; then
    can_look "$checkout" || return 0
  elif has_checkout; then
    return 0
  elif [[ -e $checkout || -L $checkout ]] && [[ ! -d $checkout ]]; then
    die 2 "$checkout is not a directory: remove it, or choose another path"
  fi
  if [[ $kind == ssh ]] && { ! exists_user || can_look "$home/.ssh" && ! as_user bash -c 'ssh-keygen -F "$1" >/dev/null 2>&1' - "$server"; }; then
    change change "$home/.ssh/known_hosts" "takes the key of $server at the first contact"
  fi
  change create "$checkout/" "clone of $repo, branch $branch, as $user"
}
make_checkout() {
  local new out code=0 pid
  new=$(beside)
  [[ ! -d $checkout ]] || ! mountpoint -q "$checkout" || die 2 "$checkout is a mount point: clone there by hand, as $user, and run this again"
  if [[ -d $new ]]; then # of an interrupted run; what is in it is the user's
    as_user find "$new" -mindepth 1 -delete
    in_parent rmdir "$new"
  fi
  in_parent mkdir -p "${checkout%/*}"
  if trusted "${checkout%/*}"; then
    mkdir "$new"
    chown "$user:$group" "$new"
  else
    as_user mkdir "$new"
  fi
  become
  "${cmd[@]}" git -c gc.auto=0 -c http.lowSpeedLimit=1000 -c http.lowSpeedTime=60 \
    clone -q --branch "$branch" -- "$repo" "$new" >"$run/clone" 2>&1 </dev/null &
  pid=$! # of a session of its own
  trap 'kill -TERM -- "-$pid"; exit 130' INT TERM
  wait "$pid" || code=$?
  if ((code != 0)); then
    out=$(printable <"$run/clone")
    printf '%s\n' "$out" >&2
    case $out in
    *'No space left'* | *'Disk quota'*) exit 6 ;;
    *'Remote branch'*'not found'*) die 2 "the repository has no branch $branch: choose one with --branch" ;;
    esac
    [[ $kind != ssh ]] || printf 'the key of %s, for the repository to accept (read-only):\n%s\n' "$user" "$(as_user bash -c 'cat ~/.ssh/id_*.pub' 2>/dev/null | printable)" >&2
    [[ $kind != https ]] || printf 'for a private repository: --token-file FILE\n' >&2
    die 5 "$repo cannot be read as $user: correct that, and run this again"
  fi
  as_user sync -f "$new"
  in_parent mv -T "$new" "$checkout"
}

# caches reports whether the state directory has text caches, which the database may
# lack: only then the database is read.
caches() { as_user bash -c 'compgen -G "$1/*.txt" >/dev/null' - "$state_dir"; }
look_caches() {
  local said
  if [[ ! -d $state_dir ]] || ! can_look "$state_dir/*.txt" || ! caches; then return 0; fi
  if [[ -x $binary ]] && as_user test -e "$state_dir/monitoring.db"; then
    said=$(montimer state import --dry-run 2>/dev/null | tail -n 1) || true
    [[ $said != files=*" imported=0 "* ]] || return 0
  fi
  change change "$state_dir/monitoring.db" "montimer state import, of the text caches in $state_dir"
}
make_caches() {
  local code=0
  montimer state import >"$run/import" 2>&1 || code=$?
  printable <"$run/import" >&2
  # 1: some lines are not fit, each of which it has named; all others are imported.
  ((code <= 1)) || exit 1
}

look_enable() {
  [[ $enable ]] || return 0
  if unfinished enable || ! systemctl is-enabled -q "$name.target" 2>/dev/null || ! systemctl is-active -q "$name.target"; then
    change create "$units/$name*" "montimer compile, systemctl daemon-reload"
    change run "systemctl enable --now $name.target" "starts the timers"
  fi
}
make_enable() {
  montimer compile >"$run/compile" 2>&1 || {
    printable <"$run/compile" >&2
    exit 1
  }
  systemctl daemon-reload
  systemctl enable --now -q "$name.target"
}

montimer() { "$binary" "${instance_flags[@]}" "$@"; }

# --- steps of --uninstall --------------------------------------------------------

# unit_files prints the units, of this instance if one was named, else of all.
unit_files() {
  local dir file
  for dir in /etc /usr/local/lib /usr/lib; do
    for file in "$dir/systemd/system/$name".target "$dir/systemd/system/$name"-*; do
      [[ ! -f $file || -L $file ]] || ! grep -q '^# Generated by montimer' "$file" || printf '%s\n' "$file"
    done
  done
}
# unit_names prints their names, of those that match.
unit_names() { unit_files | sed 's|.*/||' | sort -u | grep -E -- "${1:-.}" || true; }
running() {
  unit_names '\.service$' | sed 's/@\.service$/@*.service/' | xargs -r -d '\n' systemctl list-units --plain --no-legend --state=activating,active,deactivating | cut -d' ' -f1
}
look_units() {
  local file targets
  while read -r file; do change remove "$file"; done < <(unit_files)
  ((${#changes[@]} > 0)) || return 0
  targets=$(unit_names '\.target$' | paste -sd' ')
  change run "${targets:+systemctl disable --now $targets; }systemctl daemon-reload" "stops the timers; runs under way are waited for"
}
make_units() {
  local list before=
  unit_names '\.target$' | xargs -r systemctl disable --now -q
  unit_names '-(tmp|api)\.service$' | xargs -r systemctl stop
  while list=$(running | paste -sd' ') && [[ $list ]]; do
    [[ $list == "$before" ]] || note "waits for $list to end"
    before=$list
    sleep 1
  done
  unit_files | xargs -r -d '\n' rm -f
  systemctl daemon-reload
  systemctl reset-failed "$name*" 2>/dev/null || true
}

placed() {
  local file
  [[ ! $instance ]] || return 0
  for file in "$prefix"/bin/montimer "$prefix"/share/man/man[157]/{montimer,montimer-config,montimer-units,jobs.yaml}.[157] \
    "$prefix"/share/{bash-completion/completions/montimer,zsh/site-functions/_montimer,zsh/vendor-completions/_montimer,fish/completions/montimer.fish,fish/vendor_completions.d/montimer.fish} \
    "$prefix"/share/montimer "$prefix"/share/doc/montimer /etc/needrestart/conf.d/*montimer*; do
    [[ ! -e $file ]] || of_package "$file" || printf '%s\n' "$file"
  done
}
of_package() { command -v dpkg-query >/dev/null && dpkg-query -S "$1" >/dev/null 2>&1; }
look_placed() {
  local file
  while read -r file; do
    [[ ! -d $file ]] || file+=/
    change remove "$file"
  done < <(placed)
}
make_placed() { placed | xargs -r -d '\n' rm -rf; }

dropins() {
  local file
  for file in /etc/sysusers.d/"$name"{,-*}.conf /etc/tmpfiles.d/"$name"{,-*}.conf; do
    ! is_ours "$file" || printf '%s\n' "$file"
  done
  [[ $instance ]] || ! is_ours "$journald" || printf '%s\n' "$journald"
}
look_dropins() {
  local file
  while read -r file; do change remove "$file"; done < <(dropins)
  if unfinished dropins || [[ $(dropins) == *journald* ]]; then
    change run "systemctl restart systemd-journald"
  fi
}
make_dropins() {
  dropins | xargs -r -d '\n' rm -f
  systemctl restart systemd-journald
}

# left says which data is left, and the commands that remove it.
left() {
  local file at
  local -A data=()
  ! of_package /usr/bin/montimer || note "the program is of a package: apt remove montimer"
  for config in /etc/montimer/{"${instance:-config}",*}.yaml; do
    if [[ ! -e $config || $instance && $config != "/etc/montimer/$instance.yaml" ]]; then continue; fi
    at=montimer-$(basename "$config" .yaml)
    at=${at%-config}
    for file in "$(setting checkout)" "$(setting state_dir)" "/var/lib/$at" "/var/cache/$at"; do
      [[ ! -e $file ]] || data[$file]=1
    done
    user=$(setting run_as)
    user=${user%%:*}
    home_of
  done
  if [[ $instance ]]; then
    for file in "/etc/montimer/$instance".{yaml,env,pause}; do [[ ! -e $file ]] || data[$file]=1; done
  elif [[ -e /etc/montimer ]]; then
    data[/etc/montimer]=1
  fi
  ((${#data[@]} > 0)) || return 0
  note "left are settings, secrets and data; these commands remove them for good:"
  printf '  rm -rf %s\n' "$(printf '%q\n' "${!data[@]}" | sort | paste -sd' ')"
  [[ ! $user || $instance ]] || ! exists_user || printf '  userdel --remove %s\n' "$user"
}

# --- the run ---------------------------------------------------------------------

# unfinished STEP: it was begun since the boot, and has not ended.
unfinished() { [[ -e $marks/$1 && ! $done_now ]]; }

# walk STEP...: looks at each step, and makes it unless this is a dry run.
walk() {
  local step code line
  home_of
  for step; do
    changes=() done_now=
    "look_$step"
    if ((${#changes[@]} == 0)); then
      [[ $dry ]] || rm -f "$marks/$step"
      continue
    fi
    count=$((count + ${#changes[@]}))
    printf '%s\n' "${changes[@]}"
    [[ ! $dry ]] || continue
    : >"$marks/$step"
    set +e
    (
      set -e
      "make_$step"
    ) 2>"$run/errors"
    code=$?
    set -e
    printable <"$run/errors" >&2
    ((code == 0)) || failed "$step" "$code"
    changes=() done_now=1
    [[ $step != user ]] || home_of
    "look_$step"
    for line in "${changes[@]}"; do printf 'still to do: %s\n' "$line" >&2; done
    ((${#changes[@]} == 0)) || die 1 "step $step: not all was done; run this again"
    rm "$marks/$step"
  done
}

# failed STEP CODE ends the run.
failed() {
  if grep -qiE 'no space left|disk is full|quota exceeded' "$run/errors"; then set -- "$1" 6; fi
  case $2 in
  2 | 4 | 5 | 130) exit "$2" ;;
  6) die 6 "step $1: no space left on a disk (df -h shows which): free some, and run this again" ;;
  esac
  die 1 "step $1 failed: correct what is said above, and run this again"
}

# fetch takes the release of --tarball, checked.
fetch() {
  local file=$tarball sums=$sha256
  if [[ $sha256 == https://* ]]; then
    download "$sha256" "$run/sums"
    sums=$(awk -v name="${tarball##*/}" '$2 == name || $2 == "*" name { print $1 }' "$run/sums")
    [[ $sums ]] || die 4 "$sha256 has no line for ${tarball##*/}: nothing was placed"
  fi
  [[ $sums =~ ^[0-9a-f]{64}$ ]] || die 2 "--sha256 $sums: write the 64 digits of the checksum, or the https address of SHA256SUMS"
  if [[ $tarball == https://* ]]; then
    file=$run/release.tar.gz
    download "$tarball" "$file"
  fi
  [[ -r $file ]] || die 2 "$file cannot be read"
  [[ $(sha256sum <"$file") == "$sums  -" ]] || die 4 "$tarball does not have the checksum $sums: nothing was placed"
  mkdir "$run/release"
  tar -xzf "$file" -C "$run/release" --no-same-owner || die 1 "$tarball cannot be unpacked"
  tree=$(echo "$run"/release/*)
  [[ -f $tree/SHA256SUMS ]] || die 4 "$tarball has no SHA256SUMS: it is no release of montimer; nothing was placed"
}
download() {
  if command -v curl >/dev/null; then
    curl -qfsSL --retry 2 --connect-timeout 20 --speed-limit 1000 --speed-time 60 --proto '=https' --proto-redir '=https' -o "$2" -- "$1"
  elif command -v wget >/dev/null; then
    wget -q --no-config --https-only --tries 3 --timeout 60 -O "$2" -- "$1"
  else
    die 2 "neither curl nor wget is installed: download the release on another machine, and give its path"
  fi || die 5 "$1 could not be downloaded: nothing was changed; run this again"
}

# check_tree refuses a release whose files are not those of its SHA256SUMS.
check_tree() {
  local machine
  grep -qE '^[0-9a-f]{64} [ *](\./)?bin/montimer$' "$tree/SHA256SUMS" || die 4 "$tree/SHA256SUMS has no line for bin/montimer: nothing was placed"
  ! grep -E -v -- '^[0-9a-f]{64} [ *](\./)?([A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*$' "$tree/SHA256SUMS" >&2 || die 4 "$tree/SHA256SUMS has lines that are no checksums: nothing was placed"
  (cd "$tree" && sha256sum --quiet --strict -c SHA256SUMS) >&2 || die 4 "$tree has been changed or is incomplete (above): nothing was placed"
  machine=$(od -An -j18 -N2 -tx1 "$tree/bin/montimer" | tr -d ' ')
  case $(uname -m)/$machine in
  x86_64/3e00 | aarch64/b700) ;;
  *) die 2 "$tree is a release for another kind of processor than $(uname -m): download the right one" ;;
  esac
}

# find_program finds the release to place, or the program that is installed.
find_program() {
  local top
  if [[ $tarball ]]; then
    [[ $sha256 ]] || die 2 "--tarball needs --sha256 SUM, from the page of the release"
    fetch
  else
    for top in "$here" "${here%/share/montimer}"; do
      [[ ! -f $top/SHA256SUMS || ! -f $top/bin/montimer ]] || tree=$(cd "$top" && pwd -P)
    done
  fi
  if [[ $tree ]]; then
    check_tree
    ! of_package /usr/bin/montimer || die 2 "montimer is installed as a package: apt install ./montimer_VERSION_ARCH.deb upgrades it, and /usr/share/montimer/install.sh sets up the host"
    prefix=${prefix:-/usr/local}
  elif [[ $here == */share/montimer ]]; then
    prefix=${prefix:-${here%/share/montimer}}
  fi
  prefix=${prefix:-/usr/local}
  binary=$prefix/bin/montimer
  trusted "$prefix" || die 2 "$prefix can be changed by others than root: choose another one with --prefix"
  [[ $tree || -x $binary ]] || die 2 "$binary is not there: download a release, or make build && make install in a clone of montimer"
}

# check_host refuses what no step can correct.
check_host() {
  local version
  [[ -d /run/systemd/system ]] || die 2 "this host does not run systemd, which montimer needs"
  version=$(systemctl --version | sed -nE '1s/^systemd ([0-9]+).*/\1/p')
  ((version >= 252)) || die 2 "this host has systemd $version: montimer needs 252 or later (Debian 12, Ubuntu 24.04)"
}

# check_paths refuses values that the files which are written could not hold.
check_paths() {
  local path
  [[ $user =~ ^[a-z_][a-z0-9_-]{0,30}$ ]] || die 2 "--user $user: write lower-case letters, digits, - and _"
  [[ $user != root ]] || die 2 "--user root: tasks do not run as root: name another user"
  for path in "$checkout" "$state_dir" "$prefix" "$env"; do
    [[ $path =~ ^(/[A-Za-z0-9._@+-]+)+$ && $path/ != */../* && $path/ != */./* ]] || die 2 "$path: write an absolute path of letters, digits and ._@+-"
  done
  [[ $branch =~ ^[A-Za-z0-9_][A-Za-z0-9._/-]*$ ]] || die 2 "--branch $branch is not the name of a branch"
  [[ $journal_max =~ ^([1-9][0-9]*[KMGT]?)?$ ]] || die 2 "--journal-max $journal_max: write a size such as 500M, or '' to leave journald as it is"
  [[ $repo != *[[:space:]]* && $repo != -* ]] || die 2 "--repo: $repo is not the address of a repository"
}

# check_repo finds out how the repository is reached, and takes the token.
check_repo() {
  local rest
  case $repo in
  https://*) [[ ! $repo =~ ^https://[^/]*:[^/]*@ ]] || die 2 "--repo has a password, which every user of this host could see: write it to a file, and give --token-file FILE"
    kind=https ;;
  http://* | git://*) die 2 "--repo $repo is not encrypted: anybody on the way could change what runs here; use https or ssh" ;;
  ssh://*) kind=ssh ;;
  *://*) kind=path ;;
  *) [[ ! $repo =~ ^[^/]+: ]] || kind=ssh ;;
  esac
  rest=${repo#*://}
  server=${rest%%/*}
  [[ $server != *@* ]] || login=${server%@*} server=${server##*@}
  [[ $kind != ssh ]] || server=${server%%:*}
  if [[ $token_file ]]; then
    [[ $kind == https ]] || die 2 "--token-file is for repositories by https"
    [[ -r $token_file ]] || die 2 "--token-file $token_file cannot be read"
    token=$(<"$token_file")
  elif [[ $kind != https || $server != github.com ]]; then
    token=
  fi
  [[ $token =~ ^[A-Za-z0-9_.~-]*$ ]] || die 2 "the token has characters that no token has: write it alone on one line"
}

main() {
  # Not for the programs that are started.
  token=${GITHUB_TOKEN-}
  unset GITHUB_TOKEN BASH_ENV ENV CDPATH TMPDIR "${!GIT_@}" "${!MONTIMER_@}"
  export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
  umask 022

  repo='' branch='' checkout='' user='' token_file='' state_dir='' journal_max=500M tarball='' sha256='' prefix='' instance='' enable='' dry='' uninstall=''
  kind=path login='' server='' tree='' home='' group='' count=0 unknown=() changes=() done_now='' missing=() cmd=() program=() known='' option=''
  while (($# > 0)); do
    case $1 in --*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;; esac
    case $1 in
    --repo | --branch | --checkout | --user | --token-file | --state-dir | --journal-max | --tarball | --sha256 | --prefix | --instance)
      [[ ${2-} && $2 != / || ${2+set} && $1 == --journal-max ]] || die 2 "$1 needs a value: install.sh --help"
      option=${1#--}
      printf -v "${option//-/_}" %s "$2"
      shift
      ;;
    --enable) enable=1 ;;
    -n | --dry-run) dry=1 ;;
    --uninstall) uninstall=1 ;;
    -h | --help)
      usage
      return
      ;;
    *) die 2 "unknown option $1: install.sh --help" ;;
    esac
    shift
  done

  # What was given from the current directory, which is left.
  here=/ # of a pipe; files of the current directory are not to be taken for a release
  [[ ! $script ]] || here=$(cd -- "$(dirname -- "$script")" && pwd -P)
  [[ ! $token_file ]] || token_file=$(realpath -m -- "$token_file")
  [[ ! $tarball || $tarball == https://* ]] || tarball=$(realpath -m -- "$tarball")
  [[ $repo != . && $repo != ./* && $repo != ../* ]] || repo=$(realpath -m -- "$repo")
  [[ $instance != default ]] || instance=
  [[ $instance =~ ^([a-z][a-z0-9]{0,31})?$ ]] || die 2 "--instance $instance: write a lower-case letter, then lower-case letters and digits"
  [[ ! $instance || " $reserved " != *" $instance "* ]] || die 2 "--instance $instance cannot be the name of an instance: units or files of montimer are called that; choose another name"
  name=montimer${instance:+-$instance} instance_flags=(${instance:+--instance="$instance"})
  config=/etc/montimer/${instance:-config}.yaml
  check_host
  [[ $dry ]] || ((EUID == 0)) || die 2 "run this as root, or with --dry-run as any user"

  # What this run needs of its own: in /run, and gone after it.
  if ((EUID == 0)); then
    exec 9>/run/install-montimer.lock
    # What a killed run had started still holds it.
    flock -w 120 9 || die 75 "another install.sh is running: try again when it has ended"
    run=$marks/now
    rm -rf "$run"
    mkdir -p "$run"
  else
    run=$(mktemp -d)
  fi
  trap 'rm -rf "$run"; rmdir "$marks" 2>/dev/null || true' EXIT
  trap 'exit 130' INT TERM
  cd /

  if [[ $uninstall ]]; then
    prefix=${prefix:-/usr/local} user=
    walk units placed dropins
    say_end
    left
    return
  fi

  checkout=${checkout%/} state_dir=${state_dir%/} prefix=${prefix%/}
  choose checkout checkout "/srv/${instance:-app}"
  choose user run_as deploy
  user=${user%%:*}
  choose state_dir state_dir "/var/lib/$name"
  real_state=$(realpath -m -- "$state_dir") # it can be a link to another disk
  env=$(setting env_file)
  env=${env:-/etc/montimer/${instance:+$instance.}env}
  units=$(setting unit_dir)
  units=${units:-/usr/local/lib/systemd/system}
  branch=${branch:-main}
  check_repo
  find_program
  check_paths
  had_checkout=
  ! has_checkout || had_checkout=1
  [[ $repo || $had_checkout ]] || die 2 "there is no checkout $checkout: give --repo URL (install.sh --help)"
  walk packages program user directories settings journald database token key checkout caches enable
  say_end
  [[ ! $had_checkout ]] || say_checkout
  if [[ ! $dry ]] && ! systemctl is-enabled -q "$name.target" 2>/dev/null; then
    printf 'next: %s && systemctl daemon-reload\n' "$(type -P montimer >/dev/null && echo montimer || echo "$binary") ${instance:+--instance $instance }compile"
    printf 'next: systemctl enable --now %s.target\n' "$name"
  fi
}

# say_checkout says that the checkout is kept, and whether it is another repository's.
say_checkout() {
  local origin
  note "the checkout $checkout is kept as it is: montimer sync brings it up to date"
  [[ $repo ]] && exists_user && [[ $EUID == 0 || $(id -un) == "$user" ]] || return 0
  origin=$(as_user git -C "$checkout" config --get remote.origin.url 2>/dev/null | printable | sed 's|//[^/@]*@|//|') || true
  [[ $origin == "$(printf '%s\n' "$repo" | sed 's|//[^/@]*@|//|')" ]] ||
    note "it is a clone of ${origin:-no repository}, not of $repo: to have that, move $checkout away, and run this again"
}

# say_end says what this run came to.
say_end() {
  ((${#unknown[@]} == 0)) || note "not known without root: ${unknown[*]}"
  if ((count == 0)); then
    note "nothing to do"
  elif [[ $dry ]]; then
    note "a dry run: nothing was changed"
  fi
}

main "$@"
exit
