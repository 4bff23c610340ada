# Completion of montimer(1) for bash; make golden writes it.
_montimer() {
  local words command="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ ${COMP_WORDS[i]} == -* ]] || command+="${COMP_WORDS[i]} "
  done
  case "$command" in
    "compile "*) words="--jobs --checkout --run-as --state-dir --env-file --out --binary --check --diff --strict --output --instance" ;;
    "apply "*) words="--jobs --checkout --run-as --state-dir --env-file --out --binary --no-catch-up --automatic --instance" ;;
    "explain "*) words="--jobs --checkout --run-as --profile --dialect --timezone --from --n --output --instance" ;;
    "list "*) words="--jobs --checkout --run-as --env-file --output --instance" ;;
    "init "*) words="--settings --instance" ;;
    "import crontab "*) words="--user --timezone --out --force --output --dialect --system --instance" ;;
    "import timers "*) words="--user --timezone --out --force --output --instance" ;;
    "import "*) words="crontab timers" ;;
    "exec "*) words="--jobs --checkout --run-as --state-dir --env-file --task --dry-run --notify --instance $(montimer list -o json 2>/dev/null | sed 's/^{"profile":"\([^"]*\)".*/\1/')" ;;
    "run "*) words="--jobs --checkout --run-as --state-dir --env-file --task --follow --notify --dry-run --instance $(montimer list -o json 2>/dev/null | sed 's/^{"profile":"\([^"]*\)".*/\1/')" ;;
    "pause "*) words="--until --reason --instance $(montimer list -o json 2>/dev/null | sed 's/^{"profile":"\([^"]*\)".*/\1/')" ;;
    "resume "*) words="--instance $(montimer list -o json 2>/dev/null | sed 's/^{"profile":"\([^"]*\)".*/\1/')" ;;
    "sync "*) words="--jobs --checkout --run-as --state-dir --env-file --repair --url --instance" ;;
    "status "*) words="--jobs --checkout --run-as --state-dir --env-file --output --instance $(montimer list -o json 2>/dev/null | sed 's/^{"profile":"\([^"]*\)".*/\1/')" ;;
    "history "*) words="--jobs --checkout --run-as --state-dir --env-file --failed --missed --state --since --until --task --grep --compare --number --output --instance $(montimer list -o json 2>/dev/null | sed 's/^{"profile":"\([^"]*\)".*/\1/')" ;;
    "metrics "*) words="--jobs --checkout --run-as --state-dir --env-file --instance" ;;
    "serve "*) words="--jobs --checkout --run-as --state-dir --env-file --idle --instance" ;;
    "logs "*) words="--jobs --checkout --run-as --state-dir --env-file --follow --failed --task --since --until --number --output --instance $(montimer list -o json 2>/dev/null | sed 's/^{"profile":"\([^"]*\)".*/\1/')" ;;
    "doctor "*) words="--jobs --checkout --run-as --state-dir --env-file --out --binary --only --skip --strict --output --instance" ;;
    "notify test "*) words="--instance" ;;
    "notify pending "*) words="--state-dir --run-as --output --instance" ;;
    "notify flush "*) words="--state-dir --run-as --env-file --due --set-aside --instance" ;;
    "notify drop "*) words="--state-dir --run-as --instance" ;;
    "notify report "*) words="--jobs --checkout --run-as --state-dir --env-file --send --instance" ;;
    "notify "*) words="test pending flush drop report" ;;
    "state list "*) words="--state-dir --run-as --output --instance" ;;
    "state get "*) words="--state-dir --run-as --output --instance" ;;
    "state set "*) words="--state-dir --run-as --instance" ;;
    "state rm "*) words="--state-dir --run-as --instance" ;;
    "state import "*) words="--jobs --checkout --run-as --state-dir --env-file --file --overwrite --dry-run --instance" ;;
    "state export "*) words="--state-dir --run-as --dir --instance" ;;
    "state "*) words="list get set rm import export" ;;
    "db init "*) words="--state-dir --run-as --instance" ;;
    "db check "*) words="--state-dir --run-as --repair --instance" ;;
    "db backup "*) words="--state-dir --run-as --keep --report --instance" ;;
    "db prune "*) words="--jobs --checkout --run-as --state-dir --env-file --days --instance" ;;
    "db restore "*) words="--jobs --checkout --run-as --state-dir --env-file --empty --instance" ;;
    "db "*) words="init check backup prune restore" ;;
    "render-crontab "*) words="--jobs --checkout --run-as --instance" ;;
    "schema "*) words="--instance" ;;
    "version "*) words="--instance" ;;
    "takeover "*) words="--jobs --checkout --run-as --state-dir --env-file --out --binary --from --old-host-is-off --replace-newer --dry-run --instance" ;;
    "retire "*) words="--jobs --checkout --run-as --state-dir --env-file --out --binary --wait --instance" ;;
    ""*) words="compile apply explain list init import exec run pause resume sync status history metrics serve logs doctor notify state db render-crontab schema version takeover retire --help --instance" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _montimer montimer
