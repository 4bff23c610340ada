# Completion of montimer(1) for bash; make golden writes it.
_montimer() {
  local cur=${COMP_WORDS[COMP_CWORD]} command="" flag="" words="" kind="" word i
  local -a args=() of=()
  local - # what set -f changes is of this function
  set -f
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $flag && $word != "=" ]]; then
      [[ $flag != @(--instance|--jobs|--checkout) ]] || of+=("$flag=$word")
      flag=""
      continue
    fi
    case $word in
      =) continue ;;
      --binary|--checkout|--compare|--days|--dialect|--dir|--env-file|--file|--from|--grep|--idle|--instance|--jobs|--keep|--n|--number|--only|--out|--output|--profile|--reason|--run-as|--since|--skip|--state|--state-dir|--task|--timezone|--until|--url|--user|--wait|-n|-o) flag=$word ;;
      -*) ;;
      *)
        case "${command:+$command }$word" in
          'compile'|'apply'|'explain'|'list'|'init'|'import crontab'|'import timers'|'import'|'exec'|'run'|'pause'|'resume'|'sync'|'status'|'history'|'metrics'|'serve'|'logs'|'doctor'|'notify test'|'notify pending'|'notify flush'|'notify drop'|'notify report'|'notify'|'state list'|'state get'|'state set'|'state rm'|'state import'|'state export'|'state'|'db init'|'db check'|'db backup'|'db prune'|'db restore'|'db'|'render-crontab'|'schema'|'version'|'takeover'|'retire') command+="${command:+ }$word" ;;
          *) args+=("$word") ;;
        esac ;;
    esac
  done
  [[ $cur != "=" ]] || cur=""
  case $command in
    'compile') words='' options='--jobs --checkout --run-as --state-dir --env-file --out --binary --check --diff --strict --output --instance' ;;
    'apply') words='' options='--jobs --checkout --run-as --state-dir --env-file --out --binary --no-catch-up --automatic --instance' ;;
    'explain') words='' options='--jobs --checkout --run-as --profile --dialect --timezone --from --n --output --instance' ;;
    'list') words='' options='--jobs --checkout --run-as --env-file --output --instance' ;;
    'init') words='' options='--settings --instance' ;;
    'import crontab') words='' options='--user --timezone --out --force --output --dialect --system --instance' ;;
    'import timers') words='' options='--user --timezone --out --force --output --instance' ;;
    'import') words='crontab timers' options='--instance' ;;
    'exec') words='' options='--jobs --checkout --run-as --state-dir --env-file --task --dry-run --notify --instance' ;;
    'run') words='' options='--jobs --checkout --run-as --state-dir --env-file --task --follow --notify --dry-run --instance' ;;
    'pause') words='' options='--until --reason --instance' ;;
    'resume') words='' options='--instance' ;;
    'sync') words='' options='--jobs --checkout --run-as --state-dir --env-file --repair --url --instance' ;;
    'status') words='' options='--jobs --checkout --run-as --state-dir --env-file --output --instance' ;;
    'history') words='' options='--jobs --checkout --run-as --state-dir --env-file --failed --missed --state --since --until --task --grep --compare --number --output --instance' ;;
    'metrics') words='' options='--jobs --checkout --run-as --state-dir --env-file --instance' ;;
    'serve') words='' options='--jobs --checkout --run-as --state-dir --env-file --idle --instance' ;;
    'logs') words='' options='--jobs --checkout --run-as --state-dir --env-file --follow --failed --task --since --until --number --output --instance' ;;
    'doctor') words='' options='--jobs --checkout --run-as --state-dir --env-file --out --binary --only --skip --strict --output --instance' ;;
    'notify test') words='' options='--instance' ;;
    'notify pending') words='' options='--state-dir --run-as --output --instance' ;;
    'notify flush') words='' options='--state-dir --run-as --env-file --due --set-aside --instance' ;;
    'notify drop') words='' options='--state-dir --run-as --instance' ;;
    'notify report') words='' options='--jobs --checkout --run-as --state-dir --env-file --send --instance' ;;
    'notify') words='test pending flush drop report' options='--instance' ;;
    'state list') words='' options='--state-dir --run-as --output --instance' ;;
    'state get') words='' options='--state-dir --run-as --output --instance' ;;
    'state set') words='' options='--state-dir --run-as --instance' ;;
    'state rm') words='' options='--state-dir --run-as --instance' ;;
    'state import') words='' options='--jobs --checkout --run-as --state-dir --env-file --file --overwrite --dry-run --instance' ;;
    'state export') words='' options='--state-dir --run-as --dir --instance' ;;
    'state') words='list get set rm import export' options='--instance' ;;
    'db init') words='' options='--state-dir --run-as --instance' ;;
    'db check') words='' options='--state-dir --run-as --repair --instance' ;;
    'db backup') words='' options='--state-dir --run-as --keep --report --instance' ;;
    'db prune') words='' options='--jobs --checkout --run-as --state-dir --env-file --days --instance' ;;
    'db restore') words='' options='--jobs --checkout --run-as --state-dir --env-file --empty --instance' ;;
    'db') words='init check backup prune restore' options='--instance' ;;
    'render-crontab') words='' options='--jobs --checkout --run-as --instance' ;;
    'schema') words='' options='--instance' ;;
    'version') words='' options='--instance' ;;
    'takeover') words='' options='--jobs --checkout --run-as --state-dir --env-file --out --binary --from --old-host-is-off --replace-newer --dry-run --instance' ;;
    'retire') words='' options='--jobs --checkout --run-as --state-dir --env-file --out --binary --wait --instance' ;;
    '') words='compile apply explain list init import exec run pause resume sync status history metrics serve logs doctor notify state db render-crontab schema version takeover retire' options='--help --instance' ;;
  esac
  case "$command:${flag:-${#args[@]}}" in
    'compile:--jobs') kind='files' ;;
    'compile:--checkout') kind='dirs' ;;
    'compile:--run-as') kind='users' ;;
    'compile:--state-dir') kind='dirs' ;;
    'compile:--env-file') kind='files' ;;
    'compile:--out') kind='dirs' ;;
    'compile:--binary') kind='files' ;;
    'compile:--output'|'compile:-o') kind='words text json github' ;;
    'compile:--instance') kind='instances' ;;
    'compile:0') kind='files' ;;
    'apply:--jobs') kind='files' ;;
    'apply:--checkout') kind='dirs' ;;
    'apply:--run-as') kind='users' ;;
    'apply:--state-dir') kind='dirs' ;;
    'apply:--env-file') kind='files' ;;
    'apply:--out') kind='dirs' ;;
    'apply:--binary') kind='files' ;;
    'apply:--instance') kind='instances' ;;
    'explain:--jobs') kind='files' ;;
    'explain:--checkout') kind='dirs' ;;
    'explain:--run-as') kind='users' ;;
    'explain:--profile') kind='profiles' ;;
    'explain:--dialect') kind='words supercronic crontab cronie robfig systemd' ;;
    'explain:--output'|'explain:-o') kind='words text json' ;;
    'explain:--instance') kind='instances' ;;
    'list:--jobs') kind='files' ;;
    'list:--checkout') kind='dirs' ;;
    'list:--run-as') kind='users' ;;
    'list:--env-file') kind='files' ;;
    'list:--output'|'list:-o') kind='words text json' ;;
    'list:--instance') kind='instances' ;;
    'init:--instance') kind='instances' ;;
    'init:0') kind='dirs' ;;
    'import crontab:--user') kind='users' ;;
    'import crontab:--out') kind='files' ;;
    'import crontab:--output'|'import crontab:-o') kind='words text json' ;;
    'import crontab:--dialect') kind='words crontab cronie supercronic' ;;
    'import crontab:--instance') kind='instances' ;;
    'import crontab:0') kind='files' ;;
    'import timers:--user') kind='users' ;;
    'import timers:--out') kind='files' ;;
    'import timers:--output'|'import timers:-o') kind='words text json' ;;
    'import timers:--instance') kind='instances' ;;
    'import timers:0') kind='dirs' ;;
    'import:--instance') kind='instances' ;;
    'exec:--jobs') kind='files' ;;
    'exec:--checkout') kind='dirs' ;;
    'exec:--run-as') kind='users' ;;
    'exec:--state-dir') kind='dirs' ;;
    'exec:--env-file') kind='files' ;;
    'exec:--task') kind='tasks' ;;
    'exec:--instance') kind='instances' ;;
    'exec:0') kind='profiles' ;;
    'run:--jobs') kind='files' ;;
    'run:--checkout') kind='dirs' ;;
    'run:--run-as') kind='users' ;;
    'run:--state-dir') kind='dirs' ;;
    'run:--env-file') kind='files' ;;
    'run:--task') kind='tasks' ;;
    'run:--instance') kind='instances' ;;
    'run:0') kind='profiles' ;;
    'pause:--instance') kind='instances' ;;
    'pause:0') kind='profiles' ;;
    'resume:--instance') kind='instances' ;;
    'resume:0') kind='profiles' ;;
    'sync:--jobs') kind='files' ;;
    'sync:--checkout') kind='dirs' ;;
    'sync:--run-as') kind='users' ;;
    'sync:--state-dir') kind='dirs' ;;
    'sync:--env-file') kind='files' ;;
    'sync:--instance') kind='instances' ;;
    'status:--jobs') kind='files' ;;
    'status:--checkout') kind='dirs' ;;
    'status:--run-as') kind='users' ;;
    'status:--state-dir') kind='dirs' ;;
    'status:--env-file') kind='files' ;;
    'status:--output'|'status:-o') kind='words text json' ;;
    'status:--instance') kind='instances' ;;
    'status:0') kind='profiles' ;;
    'history:--jobs') kind='files' ;;
    'history:--checkout') kind='dirs' ;;
    'history:--run-as') kind='users' ;;
    'history:--state-dir') kind='dirs' ;;
    'history:--env-file') kind='files' ;;
    'history:--state') kind='words failed lost missed host_down unknown skipped paused running ok' ;;
    'history:--task') kind='tasks' ;;
    'history:--compare') kind='files' ;;
    'history:--output'|'history:-o') kind='words text json' ;;
    'history:--instance') kind='instances' ;;
    'history:0') kind='profiles runs' ;;
    'metrics:--jobs') kind='files' ;;
    'metrics:--checkout') kind='dirs' ;;
    'metrics:--run-as') kind='users' ;;
    'metrics:--state-dir') kind='dirs' ;;
    'metrics:--env-file') kind='files' ;;
    'metrics:--instance') kind='instances' ;;
    'metrics:0') kind='files' ;;
    'serve:--jobs') kind='files' ;;
    'serve:--checkout') kind='dirs' ;;
    'serve:--run-as') kind='users' ;;
    'serve:--state-dir') kind='dirs' ;;
    'serve:--env-file') kind='files' ;;
    'serve:--instance') kind='instances' ;;
    'logs:--jobs') kind='files' ;;
    'logs:--checkout') kind='dirs' ;;
    'logs:--run-as') kind='users' ;;
    'logs:--state-dir') kind='dirs' ;;
    'logs:--env-file') kind='files' ;;
    'logs:--task') kind='tasks' ;;
    'logs:--output'|'logs:-o') kind='words text json' ;;
    'logs:--instance') kind='instances' ;;
    'logs:0') kind='profiles runs' ;;
    'doctor:--jobs') kind='files' ;;
    'doctor:--checkout') kind='dirs' ;;
    'doctor:--run-as') kind='users' ;;
    'doctor:--state-dir') kind='dirs' ;;
    'doctor:--env-file') kind='files' ;;
    'doctor:--out') kind='dirs' ;;
    'doctor:--binary') kind='files' ;;
    'doctor:--only') kind='words settings run-as unit-missing unit-drifted unit-version unit-edited unit-failed unit-masked unit-refused unit-condition unit-unread unit-path target-stopped target-disabled timer-stopped timer-not-upheld helper-missing helper-stopped helper-failed systemd-version jobs checkout-missing checkout-hidden checkout-owner checkout-mode state-missing state-hidden state-owner state-mode path-hidden path-writable binary-missing binary-version needrestart env-missing env-owner env-mode env-crlf env-export env-comment env-line log-level log-debug test-chat cache-dir alerts-nowhere alerts-topic telegram-address telegram-reach telegram-bot telegram-chat heartbeat-unset heartbeat-url token-shared chat-shared db-owner db-mode db-damaged db-schema db-trigger db-rows db-index db-newer db-size db-log db-locked owner machine-id backup-dir backup-late git-remote git-credentials git-owner git-unsynced git-behind git-dirty venv-stale venv-onchange clock-unsynced clock-change journal-volatile journal-retention disk-space disk-inodes memory serve-port serve-start serve-tokens serve-public' ;;
    'doctor:--skip') kind='words settings run-as unit-missing unit-drifted unit-version unit-edited unit-failed unit-masked unit-refused unit-condition unit-unread unit-path target-stopped target-disabled timer-stopped timer-not-upheld helper-missing helper-stopped helper-failed systemd-version jobs checkout-missing checkout-hidden checkout-owner checkout-mode state-missing state-hidden state-owner state-mode path-hidden path-writable binary-missing binary-version needrestart env-missing env-owner env-mode env-crlf env-export env-comment env-line log-level log-debug test-chat cache-dir alerts-nowhere alerts-topic telegram-address telegram-reach telegram-bot telegram-chat heartbeat-unset heartbeat-url token-shared chat-shared db-owner db-mode db-damaged db-schema db-trigger db-rows db-index db-newer db-size db-log db-locked owner machine-id backup-dir backup-late git-remote git-credentials git-owner git-unsynced git-behind git-dirty venv-stale venv-onchange clock-unsynced clock-change journal-volatile journal-retention disk-space disk-inodes memory serve-port serve-start serve-tokens serve-public' ;;
    'doctor:--output'|'doctor:-o') kind='words text json' ;;
    'doctor:--instance') kind='instances' ;;
    'notify test:--instance') kind='instances' ;;
    'notify pending:--state-dir') kind='dirs' ;;
    'notify pending:--run-as') kind='users' ;;
    'notify pending:--output'|'notify pending:-o') kind='words text json' ;;
    'notify pending:--instance') kind='instances' ;;
    'notify flush:--state-dir') kind='dirs' ;;
    'notify flush:--run-as') kind='users' ;;
    'notify flush:--env-file') kind='files' ;;
    'notify flush:--instance') kind='instances' ;;
    'notify drop:--state-dir') kind='dirs' ;;
    'notify drop:--run-as') kind='users' ;;
    'notify drop:--instance') kind='instances' ;;
    'notify report:--jobs') kind='files' ;;
    'notify report:--checkout') kind='dirs' ;;
    'notify report:--run-as') kind='users' ;;
    'notify report:--state-dir') kind='dirs' ;;
    'notify report:--env-file') kind='files' ;;
    'notify report:--instance') kind='instances' ;;
    'notify report:0') kind='words daily weekly' ;;
    'notify:--instance') kind='instances' ;;
    'state list:--state-dir') kind='dirs' ;;
    'state list:--run-as') kind='users' ;;
    'state list:--output'|'state list:-o') kind='words text json' ;;
    'state list:--instance') kind='instances' ;;
    'state get:--state-dir') kind='dirs' ;;
    'state get:--run-as') kind='users' ;;
    'state get:--output'|'state get:-o') kind='words text json' ;;
    'state get:--instance') kind='instances' ;;
    'state set:--state-dir') kind='dirs' ;;
    'state set:--run-as') kind='users' ;;
    'state set:--instance') kind='instances' ;;
    'state rm:--state-dir') kind='dirs' ;;
    'state rm:--run-as') kind='users' ;;
    'state rm:--instance') kind='instances' ;;
    'state import:--jobs') kind='files' ;;
    'state import:--checkout') kind='dirs' ;;
    'state import:--run-as') kind='users' ;;
    'state import:--state-dir') kind='dirs' ;;
    'state import:--env-file') kind='files' ;;
    'state import:--file') kind='files' ;;
    'state import:--instance') kind='instances' ;;
    'state export:--state-dir') kind='dirs' ;;
    'state export:--run-as') kind='users' ;;
    'state export:--dir') kind='dirs' ;;
    'state export:--instance') kind='instances' ;;
    'state:--instance') kind='instances' ;;
    'db init:--state-dir') kind='dirs' ;;
    'db init:--run-as') kind='users' ;;
    'db init:--instance') kind='instances' ;;
    'db check:--state-dir') kind='dirs' ;;
    'db check:--run-as') kind='users' ;;
    'db check:--instance') kind='instances' ;;
    'db backup:--state-dir') kind='dirs' ;;
    'db backup:--run-as') kind='users' ;;
    'db backup:--instance') kind='instances' ;;
    'db backup:0') kind='files' ;;
    'db prune:--jobs') kind='files' ;;
    'db prune:--checkout') kind='dirs' ;;
    'db prune:--run-as') kind='users' ;;
    'db prune:--state-dir') kind='dirs' ;;
    'db prune:--env-file') kind='files' ;;
    'db prune:--instance') kind='instances' ;;
    'db restore:--jobs') kind='files' ;;
    'db restore:--checkout') kind='dirs' ;;
    'db restore:--run-as') kind='users' ;;
    'db restore:--state-dir') kind='dirs' ;;
    'db restore:--env-file') kind='files' ;;
    'db restore:--instance') kind='instances' ;;
    'db restore:0') kind='files' ;;
    'db:--instance') kind='instances' ;;
    'render-crontab:--jobs') kind='files' ;;
    'render-crontab:--checkout') kind='dirs' ;;
    'render-crontab:--run-as') kind='users' ;;
    'render-crontab:--instance') kind='instances' ;;
    'schema:--instance') kind='instances' ;;
    'version:--instance') kind='instances' ;;
    'takeover:--jobs') kind='files' ;;
    'takeover:--checkout') kind='dirs' ;;
    'takeover:--run-as') kind='users' ;;
    'takeover:--state-dir') kind='dirs' ;;
    'takeover:--env-file') kind='files' ;;
    'takeover:--out') kind='dirs' ;;
    'takeover:--binary') kind='files' ;;
    'takeover:--instance') kind='instances' ;;
    'takeover:0') kind='files' ;;
    'retire:--jobs') kind='files' ;;
    'retire:--checkout') kind='dirs' ;;
    'retire:--run-as') kind='users' ;;
    'retire:--state-dir') kind='dirs' ;;
    'retire:--env-file') kind='files' ;;
    'retire:--out') kind='dirs' ;;
    'retire:--binary') kind='files' ;;
    'retire:--instance') kind='instances' ;;
    'retire:0') kind='files' ;;
    ':--instance') kind='instances' ;;
  esac
  if [[ ! $flag && ($cur == -* || ! $kind && ! $words) ]]; then
    kind="" words=$options
  fi
  [[ ! $flag ]] || words=""
  case $kind in
    words\ *) words=${kind#words } ;;
    files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    dirs) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    users) mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
    instances) words=$(set +f; cd /etc/montimer 2>/dev/null && printf '%s\n' [a-z]*.yaml | sed -n '/^\(config\.yaml\|.*[*].*\)$/d; s/\.yaml$//p') ;;
    ?*)
      [[ $kind != *runs || $cur == [0-9a-f]* ]] || kind=profiles
      for word in $kind; do
        words+=" $(montimer complete "$word" "${args[@]:0:1}" "${of[@]}" 2>/dev/null | cut -f 1)"
      done ;;
  esac
  for word in $words; do
    [[ $word != "$cur"* ]] || COMPREPLY+=("$word")
  done
}
complete -F _montimer montimer
