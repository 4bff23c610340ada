# Completion of montimer(1) for bash; make golden writes it.
_montimer() {
  local words command="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ ${COMP_WORDS[i]} == -* ]] || command+="${COMP_WORDS[i]} "
  done
  case "$command" in
    "compile "*) words="--jobs --checkout --state-dir --env-file --run-as --out --binary --check --diff --systemd-version --strict --output" ;;
    "apply "*) words="--jobs --checkout --state-dir --env-file --run-as --out --binary --no-catch-up --automatic" ;;
    "explain "*) words="--jobs --checkout --state-dir --env-file --run-as --out --binary --profile --dialect --timezone --from --n --output" ;;
    "list "*) words="--jobs --checkout --state-dir --env-file --run-as --out --binary --output" ;;
    "init "*) words="" ;;
    "exec "*) words="--jobs --checkout --state-dir --env-file --run-as --out --binary --task --dry-run --notify $(montimer list -o json 2>/dev/null | sed 's/^{"profile":"\([^"]*\)".*/\1/')" ;;
    "run "*) words="--jobs --checkout --state-dir --env-file --run-as --out --binary --task --follow --notify --dry-run $(montimer list -o json 2>/dev/null | sed 's/^{"profile":"\([^"]*\)".*/\1/')" ;;
    "pause "*) words="--until --reason $(montimer list -o json 2>/dev/null | sed 's/^{"profile":"\([^"]*\)".*/\1/')" ;;
    "resume "*) words=" $(montimer list -o json 2>/dev/null | sed 's/^{"profile":"\([^"]*\)".*/\1/')" ;;
    "sync "*) words="--jobs --checkout --state-dir --env-file --run-as --out --binary --repair --url" ;;
    "notify test "*) words="" ;;
    "notify pending "*) words="--jobs --checkout --state-dir --env-file --run-as --out --binary --output" ;;
    "notify flush "*) words="--jobs --checkout --state-dir --env-file --run-as --out --binary --due" ;;
    "notify drop "*) words="--jobs --checkout --state-dir --env-file --run-as --out --binary" ;;
    "notify "*) words="test pending flush drop" ;;
    "db init "*) words="--jobs --checkout --state-dir --env-file --run-as --out --binary" ;;
    "db check "*) words="--jobs --checkout --state-dir --env-file --run-as --out --binary --repair" ;;
    "db "*) words="init check" ;;
    "schema "*) words="" ;;
    "version "*) words="" ;;
    ""*) words="compile apply explain list init exec run pause resume sync notify db schema version --help --instance" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _montimer montimer
