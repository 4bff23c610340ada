# Completion of montimer(1) for fish; make golden writes it.
function __montimer
    set -l tokens (commandline -opc)
    set -l cur (commandline -ct)
    set -e tokens[1]
    set -l command ""
    set -l flag ""
    set -l prefix ""
    set -l args
    set -l of
    set -l subcommands
    set -l options
    set -l kind
    for word in $tokens
        if test -n "$flag"
            contains -- $flag --instance --jobs --checkout; and set -a of "$flag=$word"
            set flag ""
            continue
        end
        switch $word
            case '--instance=*' '--jobs=*' '--checkout=*'
                set -a of $word
            case --binary --checkout --compare --days --dialect --dir --env-file --file --from --grep --idle --instance --jobs --keep --n --number --only --out --output --profile --reason --run-as --since --skip --state --state-dir --task --timezone --until --url --user --wait -n -o
                set flag $word
            case '-*'
            case '*'
                switch (string trim -- "$command $word")
                    case 'compile' 'apply' 'explain' 'list' 'init' 'import crontab' 'import timers' 'import' 'exec' 'run' 'pause' 'resume' 'sync' 'status' 'history' 'metrics' 'serve' 'logs' 'doctor' 'notify test' 'notify pending' 'notify flush' 'notify drop' 'notify report' 'notify' 'state list' 'state get' 'state set' 'state rm' 'state import' 'state export' 'state' 'db init' 'db check' 'db backup' 'db prune' 'db restore' 'db' 'render-crontab' 'schema' 'version' 'takeover' 'retire'
                        set command (string trim -- "$command $word")
                    case '*'
                        set -a args $word
                end
        end
    end
    if test -z "$flag"; and string match -q -- '--*=*' "$cur"
        set -l parts (string split -m 1 = -- $cur)
        set flag $parts[1]
        set cur $parts[2]
        set prefix "$flag="
    end
    switch "$command"
        case 'compile'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--state-dir	Directory for locks and the database' '--env-file	Environment file of the services' '--out	Directory for the units' '--binary	The montimer binary that the services start' '--check	Only check jobs.yaml' '--diff	Write nothing' '--strict	With --check: treat warnings as errors' '--output	With --check or --diff: text, json, or for --check github' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'apply'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--state-dir	Directory for locks and the database' '--env-file	Environment file of the services' '--out	Directory for the units' '--binary	The montimer binary that the services start' '--no-catch-up	Do not run missed jobs' '--automatic	Unattended: print no text of jobs.yaml, and do not start a stopped target' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'explain'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--profile	Explain the schedule of this profile of jobs.yaml' '--dialect	How to read the expressions: supercronic, crontab' '--timezone	The zone that they are meant in' '--from	Show the runs after this time' '--n	How many runs to show' '--output	text, or json: one object a line' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'list'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--env-file	Environment file of the services' '--output	text, or json: one object a line' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'init'
            set subcommands 
            set options '--settings	Print the settings of a host instead, all as comments, for /etc/montimer/config.yaml' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'import crontab'
            set subcommands 
            set options '--user	The user that tasks will run as' '--timezone	The zone of the old system' '--out	Write the jobs.yaml to a new file, not to standard output' '--force	Replace the file if it exists' '--output	text: the receipts on standard error' '--dialect	Whose crontab it is: crontab' '--system	It has a column for the user, as /etc/crontab and /etc/cron.d have' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'import timers'
            set subcommands 
            set options '--user	The user that tasks will run as' '--timezone	The zone of the old system' '--out	Write the jobs.yaml to a new file, not to standard output' '--force	Replace the file if it exists' '--output	text: the receipts on standard error' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'import'
            set subcommands 'crontab	Turn a crontab into a jobs.yaml, with a receipt for each line' 'timers	Turn timers of systemd and their services into a jobs.yaml, with a receipt for each'
            set options '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'exec'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--state-dir	Directory for locks and the database' '--env-file	Environment file of the services' '--task	Run only this task, even if it or its profile is disabled' '--dry-run	Show what would run, and run nothing' '--notify	Send alerts for this run too: by default a run by hand sends none' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'run'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--state-dir	Directory for locks and the database' '--env-file	Environment file of the services' '--task	Run only this task, even if it or its profile is disabled' '--follow	Show what the run logs until it ends, and exit with its exit code' '--notify	Send alerts for this run too: by default a run by hand sends none' '--dry-run	Show what would run, and run nothing' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'pause'
            set subcommands 
            set options '--until	End of the pause: a time span such as 2h, HH:MM, tomorrow HH:MM, or RFC 3339' '--reason	The reason, shown with the pause' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'resume'
            set subcommands 
            set options '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'sync'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--state-dir	Directory for locks and the database' '--env-file	Environment file of the services' '--repair	Replace a damaged repository by a new fetch' '--url	With --repair: the remote, where .git/config has lost it' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'status'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--state-dir	Directory for locks and the database' '--env-file	Environment file of the services' '--output	text, or json: one object' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'history'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--state-dir	Directory for locks and the database' '--env-file	Environment file of the services' '--failed	Only runs that failed or were lost' '--missed	Only ticks without a run: missed, host_down or unknown' '--state	Only this state: ok, failed, skipped, missed, paused, host_down, running, lost or unknown' '--since	From this time on: a date, a date with a time, or a time span ago' '--until	Before this time' '--task	Only runs that have this task' '--grep	Only runs whose reason or last lines of output match' '--compare	Only compare the alerts with those of the system before montimer, which ran the same jobs.yaml beside it: those that only one of them sent, by tick' '--number	The newest N entries' '--output	text, or json: one object a line' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'metrics'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--state-dir	Directory for locks and the database' '--env-file	Environment file of the services' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'serve'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--state-dir	Directory for locks and the database' '--env-file	Environment file of the services' '--idle	End after so long without a connection, where systemd has passed the sockets and starts it again' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'logs'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--state-dir	Directory for locks and the database' '--env-file	Environment file of the services' '--follow	Go on with what is to come: of a run until it ends, of a profile until ^C or until nobody reads it' '--failed	Of a run, or of the last failed run of a profile: only the tasks that failed, and what montimer and systemd say of the run' '--task	Only this task' '--since	From this time on: a date, a date with a time, or a time span ago' '--until	Before this time' '--number	The newest N entries' '--output	text, or json: one object an entry' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'doctor'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--state-dir	Directory for locks and the database' '--env-file	Environment file of the services' '--out	Directory for the units' '--binary	The montimer binary that the services start' '--only	Only this check' '--skip	Not this check' '--strict	Treat warnings as faults' '--output	text, or json: one object, with the checks that found nothing' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'notify test'
            set subcommands 
            set options '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'notify pending'
            set subcommands 
            set options '--state-dir	Directory for locks and the database' '--run-as	User that tasks run as, or USER:GROUP' '--output	text, or json: one object a line' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'notify flush'
            set subcommands 
            set options '--state-dir	Directory for locks and the database' '--run-as	User that tasks run as, or USER:GROUP' '--env-file	Environment file of the services' '--due	Send only what is due' '--set-aside	Also send the alerts that a takeover has set aside: the old host may have sent them' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'notify drop'
            set subcommands 
            set options '--state-dir	Directory for locks and the database' '--run-as	User that tasks run as, or USER:GROUP' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'notify report'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--state-dir	Directory for locks and the database' '--env-file	Environment file of the services' '--send	Have it sent, once for each period' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'notify'
            set subcommands 'test	Send a test message the way alerts are sent, and show where it went' 'pending	List the alerts that have not been sent yet' 'flush	Send the pending alerts now' 'drop	Remove an alert without sending it' 'report	Show what ran in the last day or week, as notify.report of jobs.yaml has it sent'
            set options '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'state list'
            set subcommands 
            set options '--state-dir	Directory for locks and the database' '--run-as	User that tasks run as, or USER:GROUP' '--output	text, or json: one object a line' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'state get'
            set subcommands 
            set options '--state-dir	Directory for locks and the database' '--run-as	User that tasks run as, or USER:GROUP' '--output	text: the value as it is, but on a terminal without control characters' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'state set'
            set subcommands 
            set options '--state-dir	Directory for locks and the database' '--run-as	User that tasks run as, or USER:GROUP' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'state rm'
            set subcommands 
            set options '--state-dir	Directory for locks and the database' '--run-as	User that tasks run as, or USER:GROUP' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'state import'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--state-dir	Directory for locks and the database' '--env-file	Environment file of the services' '--file	Import this text cache too, to the namespace of its base name' '--overwrite	Replace values that are there' '--dry-run	Count what an import would do, and change nothing' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'state export'
            set subcommands 
            set options '--state-dir	Directory for locks and the database' '--run-as	User that tasks run as, or USER:GROUP' '--dir	Where to write the files' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'state'
            set subcommands 'list	List the namespaces of what tasks keep, or the keys and values of one' 'get	Print a value' 'set	Store a value, and say which one it replaces' 'rm	Remove values, and say what they were' 'import	Import the text caches that tasks used before the database' 'export	Write text caches, for tasks with CACHE_BACKEND=file'
            set options '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'db init'
            set subcommands 
            set options '--state-dir	Directory for locks and the database' '--run-as	User that tasks run as, or USER:GROUP' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'db check'
            set subcommands 
            set options '--state-dir	Directory for locks and the database' '--run-as	User that tasks run as, or USER:GROUP' '--repair	First make what is missing, and move rows that cannot be read to the table montimer_set_aside' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'db backup'
            set subcommands 
            set options '--state-dir	Directory for locks and the database' '--run-as	User that tasks run as, or USER:GROUP' '--keep	Remove older backups of the directory, so that N stay' '--report	Report the first of several failures' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'db prune'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--state-dir	Directory for locks and the database' '--env-file	Environment file of the services' '--days	Keep the alerts of so many days, at least 1' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'db restore'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--state-dir	Directory for locks and the database' '--env-file	Environment file of the services' '--empty	Begin with an empty database' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'db'
            set subcommands 'init	Create the database, update its tables and build the indexes of alert_events' 'check	Check the database for damage and missing parts' 'backup	Copy the database while others use it, and check the copy' 'prune	Remove alerts that are older than a number of days' 'restore	Give the database the content of a backup'
            set options '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'render-crontab'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'schema'
            set subcommands 
            set options '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'version'
            set subcommands 
            set options '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'takeover'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--state-dir	Directory for locks and the database' '--env-file	Environment file of the services' '--out	Directory for the units' '--binary	The montimer binary that the services start' '--from	Name of the old host' '--old-host-is-off	You have made sure that the old host is off: nothing proves it' '--replace-newer	Replace the database of this host although it has a run after the backup' '--dry-run	Only show what would be done' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case 'retire'
            set subcommands 
            set options '--jobs	The jobs.yaml to read' '--checkout	The checkout that tasks run in' '--run-as	User that tasks run as, or USER:GROUP' '--state-dir	Directory for locks and the database' '--env-file	Environment file of the services' '--out	Directory for the units' '--binary	The montimer binary that the services start' '--wait	How long to wait at most for runs under way' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
        case ''
            set subcommands 'compile	Turn jobs.yaml into systemd units' 'apply	Compile, install and activate the units' 'explain	Explain a schedule and show its next runs' 'list	List the profiles and when they run next' 'init	Write a sample jobs.yaml and its checks, to start from' 'import	Turn what ran jobs before into a jobs.yaml, and prove what is the same: crontab, timers' 'exec	Run the tasks of a profile here and now' 'run	Start a run by hand, as the timer does' 'pause	Skip scheduled runs of a profile until a given time' 'resume	End a pause before its time' 'sync	Bring the checkout up to date with its git remote, as a run does' 'status	Show the state of all profiles and whether a person is needed' 'history	Show how each tick ended, or one run' 'metrics	Write the state and counters for Prometheus' 'serve	Answer over HTTP: the page for people, and the API for programs' 'logs	Show what the runs of a profile, or one run, have in the journal' 'doctor	Find what is wrong with the host' 'notify	Alerts: test, pending, flush, drop, report' 'state	What tasks keep from run to run: list, get, set, rm, import, export' 'db	The database: init, check, backup, restore, prune' 'render-crontab	Print the crontab that the old system made of jobs.yaml, to compare or to go back to supercronic' 'schema	Print the JSON Schema of jobs.yaml, for editors' 'version	Print the version' 'takeover	Take over the jobs and the state of another host from its backup' 'retire	Stop the jobs of this host for good, for another host to take them over'
            set options '--help	Show context-sensitive help' '--instance	The installation to work on: that of /etc/montimer/NAME.yaml'
    end
    set -l at $flag
    test -n "$at"; or set at (count $args)
    switch "$command:$at"
        case 'compile:--jobs'
            set kind files
        case 'compile:--checkout'
            set kind dirs
        case 'compile:--run-as'
            set kind users
        case 'compile:--state-dir'
            set kind dirs
        case 'compile:--env-file'
            set kind files
        case 'compile:--out'
            set kind dirs
        case 'compile:--binary'
            set kind files
        case 'compile:--output' 'compile:-o'
            set kind words text json github
        case 'compile:--instance'
            set kind instances
        case 'compile:0'
            set kind files
        case 'apply:--jobs'
            set kind files
        case 'apply:--checkout'
            set kind dirs
        case 'apply:--run-as'
            set kind users
        case 'apply:--state-dir'
            set kind dirs
        case 'apply:--env-file'
            set kind files
        case 'apply:--out'
            set kind dirs
        case 'apply:--binary'
            set kind files
        case 'apply:--instance'
            set kind instances
        case 'explain:--jobs'
            set kind files
        case 'explain:--checkout'
            set kind dirs
        case 'explain:--run-as'
            set kind users
        case 'explain:--profile'
            set kind profiles
        case 'explain:--dialect'
            set kind words supercronic crontab cronie robfig systemd
        case 'explain:--output' 'explain:-o'
            set kind words text json
        case 'explain:--instance'
            set kind instances
        case 'list:--jobs'
            set kind files
        case 'list:--checkout'
            set kind dirs
        case 'list:--run-as'
            set kind users
        case 'list:--env-file'
            set kind files
        case 'list:--output' 'list:-o'
            set kind words text json
        case 'list:--instance'
            set kind instances
        case 'init:--instance'
            set kind instances
        case 'init:0'
            set kind dirs
        case 'import crontab:--user'
            set kind users
        case 'import crontab:--out'
            set kind files
        case 'import crontab:--output' 'import crontab:-o'
            set kind words text json
        case 'import crontab:--dialect'
            set kind words crontab cronie supercronic
        case 'import crontab:--instance'
            set kind instances
        case 'import crontab:0'
            set kind files
        case 'import timers:--user'
            set kind users
        case 'import timers:--out'
            set kind files
        case 'import timers:--output' 'import timers:-o'
            set kind words text json
        case 'import timers:--instance'
            set kind instances
        case 'import timers:0'
            set kind dirs
        case 'import:--instance'
            set kind instances
        case 'exec:--jobs'
            set kind files
        case 'exec:--checkout'
            set kind dirs
        case 'exec:--run-as'
            set kind users
        case 'exec:--state-dir'
            set kind dirs
        case 'exec:--env-file'
            set kind files
        case 'exec:--task'
            set kind tasks
        case 'exec:--instance'
            set kind instances
        case 'exec:0'
            set kind profiles
        case 'run:--jobs'
            set kind files
        case 'run:--checkout'
            set kind dirs
        case 'run:--run-as'
            set kind users
        case 'run:--state-dir'
            set kind dirs
        case 'run:--env-file'
            set kind files
        case 'run:--task'
            set kind tasks
        case 'run:--instance'
            set kind instances
        case 'run:0'
            set kind profiles
        case 'pause:--instance'
            set kind instances
        case 'pause:0'
            set kind profiles
        case 'resume:--instance'
            set kind instances
        case 'resume:0'
            set kind profiles
        case 'sync:--jobs'
            set kind files
        case 'sync:--checkout'
            set kind dirs
        case 'sync:--run-as'
            set kind users
        case 'sync:--state-dir'
            set kind dirs
        case 'sync:--env-file'
            set kind files
        case 'sync:--instance'
            set kind instances
        case 'status:--jobs'
            set kind files
        case 'status:--checkout'
            set kind dirs
        case 'status:--run-as'
            set kind users
        case 'status:--state-dir'
            set kind dirs
        case 'status:--env-file'
            set kind files
        case 'status:--output' 'status:-o'
            set kind words text json
        case 'status:--instance'
            set kind instances
        case 'status:0'
            set kind profiles
        case 'history:--jobs'
            set kind files
        case 'history:--checkout'
            set kind dirs
        case 'history:--run-as'
            set kind users
        case 'history:--state-dir'
            set kind dirs
        case 'history:--env-file'
            set kind files
        case 'history:--state'
            set kind words failed lost missed host_down unknown skipped paused running ok
        case 'history:--task'
            set kind tasks
        case 'history:--compare'
            set kind files
        case 'history:--output' 'history:-o'
            set kind words text json
        case 'history:--instance'
            set kind instances
        case 'history:0'
            set kind profiles runs
        case 'metrics:--jobs'
            set kind files
        case 'metrics:--checkout'
            set kind dirs
        case 'metrics:--run-as'
            set kind users
        case 'metrics:--state-dir'
            set kind dirs
        case 'metrics:--env-file'
            set kind files
        case 'metrics:--instance'
            set kind instances
        case 'metrics:0'
            set kind files
        case 'serve:--jobs'
            set kind files
        case 'serve:--checkout'
            set kind dirs
        case 'serve:--run-as'
            set kind users
        case 'serve:--state-dir'
            set kind dirs
        case 'serve:--env-file'
            set kind files
        case 'serve:--instance'
            set kind instances
        case 'logs:--jobs'
            set kind files
        case 'logs:--checkout'
            set kind dirs
        case 'logs:--run-as'
            set kind users
        case 'logs:--state-dir'
            set kind dirs
        case 'logs:--env-file'
            set kind files
        case 'logs:--task'
            set kind tasks
        case 'logs:--output' 'logs:-o'
            set kind words text json
        case 'logs:--instance'
            set kind instances
        case 'logs:0'
            set kind profiles runs
        case 'doctor:--jobs'
            set kind files
        case 'doctor:--checkout'
            set kind dirs
        case 'doctor:--run-as'
            set kind users
        case 'doctor:--state-dir'
            set kind dirs
        case 'doctor:--env-file'
            set kind files
        case 'doctor:--out'
            set kind dirs
        case 'doctor:--binary'
            set kind files
        case 'doctor:--only'
            set kind words settings run-as unit-missing unit-drifted unit-version unit-edited unit-failed unit-masked unit-refused unit-condition unit-unread unit-path target-stopped target-disabled timer-stopped timer-not-upheld helper-missing helper-stopped helper-failed systemd-version jobs checkout-missing checkout-hidden checkout-owner checkout-mode state-missing state-hidden state-owner state-mode path-hidden path-writable binary-missing binary-version needrestart env-missing env-owner env-mode env-crlf env-export env-comment env-line log-level log-debug test-chat cache-dir alerts-nowhere alerts-topic telegram-address telegram-reach telegram-bot telegram-chat heartbeat-unset heartbeat-url token-shared chat-shared db-owner db-mode db-damaged db-schema db-trigger db-rows db-index db-newer db-size db-log db-locked owner machine-id backup-dir backup-late git-remote git-credentials git-owner git-unsynced git-behind git-dirty venv-stale venv-onchange clock-unsynced clock-change journal-volatile journal-retention disk-space disk-inodes memory serve-port serve-start serve-tokens serve-public
        case 'doctor:--skip'
            set kind words settings run-as unit-missing unit-drifted unit-version unit-edited unit-failed unit-masked unit-refused unit-condition unit-unread unit-path target-stopped target-disabled timer-stopped timer-not-upheld helper-missing helper-stopped helper-failed systemd-version jobs checkout-missing checkout-hidden checkout-owner checkout-mode state-missing state-hidden state-owner state-mode path-hidden path-writable binary-missing binary-version needrestart env-missing env-owner env-mode env-crlf env-export env-comment env-line log-level log-debug test-chat cache-dir alerts-nowhere alerts-topic telegram-address telegram-reach telegram-bot telegram-chat heartbeat-unset heartbeat-url token-shared chat-shared db-owner db-mode db-damaged db-schema db-trigger db-rows db-index db-newer db-size db-log db-locked owner machine-id backup-dir backup-late git-remote git-credentials git-owner git-unsynced git-behind git-dirty venv-stale venv-onchange clock-unsynced clock-change journal-volatile journal-retention disk-space disk-inodes memory serve-port serve-start serve-tokens serve-public
        case 'doctor:--output' 'doctor:-o'
            set kind words text json
        case 'doctor:--instance'
            set kind instances
        case 'notify test:--instance'
            set kind instances
        case 'notify pending:--state-dir'
            set kind dirs
        case 'notify pending:--run-as'
            set kind users
        case 'notify pending:--output' 'notify pending:-o'
            set kind words text json
        case 'notify pending:--instance'
            set kind instances
        case 'notify flush:--state-dir'
            set kind dirs
        case 'notify flush:--run-as'
            set kind users
        case 'notify flush:--env-file'
            set kind files
        case 'notify flush:--instance'
            set kind instances
        case 'notify drop:--state-dir'
            set kind dirs
        case 'notify drop:--run-as'
            set kind users
        case 'notify drop:--instance'
            set kind instances
        case 'notify report:--jobs'
            set kind files
        case 'notify report:--checkout'
            set kind dirs
        case 'notify report:--run-as'
            set kind users
        case 'notify report:--state-dir'
            set kind dirs
        case 'notify report:--env-file'
            set kind files
        case 'notify report:--instance'
            set kind instances
        case 'notify report:0'
            set kind words daily weekly
        case 'notify:--instance'
            set kind instances
        case 'state list:--state-dir'
            set kind dirs
        case 'state list:--run-as'
            set kind users
        case 'state list:--output' 'state list:-o'
            set kind words text json
        case 'state list:--instance'
            set kind instances
        case 'state get:--state-dir'
            set kind dirs
        case 'state get:--run-as'
            set kind users
        case 'state get:--output' 'state get:-o'
            set kind words text json
        case 'state get:--instance'
            set kind instances
        case 'state set:--state-dir'
            set kind dirs
        case 'state set:--run-as'
            set kind users
        case 'state set:--instance'
            set kind instances
        case 'state rm:--state-dir'
            set kind dirs
        case 'state rm:--run-as'
            set kind users
        case 'state rm:--instance'
            set kind instances
        case 'state import:--jobs'
            set kind files
        case 'state import:--checkout'
            set kind dirs
        case 'state import:--run-as'
            set kind users
        case 'state import:--state-dir'
            set kind dirs
        case 'state import:--env-file'
            set kind files
        case 'state import:--file'
            set kind files
        case 'state import:--instance'
            set kind instances
        case 'state export:--state-dir'
            set kind dirs
        case 'state export:--run-as'
            set kind users
        case 'state export:--dir'
            set kind dirs
        case 'state export:--instance'
            set kind instances
        case 'state:--instance'
            set kind instances
        case 'db init:--state-dir'
            set kind dirs
        case 'db init:--run-as'
            set kind users
        case 'db init:--instance'
            set kind instances
        case 'db check:--state-dir'
            set kind dirs
        case 'db check:--run-as'
            set kind users
        case 'db check:--instance'
            set kind instances
        case 'db backup:--state-dir'
            set kind dirs
        case 'db backup:--run-as'
            set kind users
        case 'db backup:--instance'
            set kind instances
        case 'db backup:0'
            set kind files
        case 'db prune:--jobs'
            set kind files
        case 'db prune:--checkout'
            set kind dirs
        case 'db prune:--run-as'
            set kind users
        case 'db prune:--state-dir'
            set kind dirs
        case 'db prune:--env-file'
            set kind files
        case 'db prune:--instance'
            set kind instances
        case 'db restore:--jobs'
            set kind files
        case 'db restore:--checkout'
            set kind dirs
        case 'db restore:--run-as'
            set kind users
        case 'db restore:--state-dir'
            set kind dirs
        case 'db restore:--env-file'
            set kind files
        case 'db restore:--instance'
            set kind instances
        case 'db restore:0'
            set kind files
        case 'db:--instance'
            set kind instances
        case 'render-crontab:--jobs'
            set kind files
        case 'render-crontab:--checkout'
            set kind dirs
        case 'render-crontab:--run-as'
            set kind users
        case 'render-crontab:--instance'
            set kind instances
        case 'schema:--instance'
            set kind instances
        case 'version:--instance'
            set kind instances
        case 'takeover:--jobs'
            set kind files
        case 'takeover:--checkout'
            set kind dirs
        case 'takeover:--run-as'
            set kind users
        case 'takeover:--state-dir'
            set kind dirs
        case 'takeover:--env-file'
            set kind files
        case 'takeover:--out'
            set kind dirs
        case 'takeover:--binary'
            set kind files
        case 'takeover:--instance'
            set kind instances
        case 'takeover:0'
            set kind files
        case 'retire:--jobs'
            set kind files
        case 'retire:--checkout'
            set kind dirs
        case 'retire:--run-as'
            set kind users
        case 'retire:--state-dir'
            set kind dirs
        case 'retire:--env-file'
            set kind files
        case 'retire:--out'
            set kind dirs
        case 'retire:--binary'
            set kind files
        case 'retire:--instance'
            set kind instances
        case 'retire:0'
            set kind files
        case ':--instance'
            set kind instances
    end
    if test -z "$flag"; and begin
            string match -q -- '-*' "$cur"
            or test -z "$kind" -a -z "$subcommands"
        end
        string join \n -- $options
        return
    end
    switch "$kind"
        case 'words *'
            string join \n -- $prefix$kind[2..]
        case files
            string replace -r '^' "$prefix" -- (__fish_complete_path "$cur")
        case dirs
            string replace -r '^' "$prefix" -- (__fish_complete_directories "$cur" '')
        case users
            string replace -r '^' "$prefix" -- (__fish_complete_users)
        case instances
            set -l settings /etc/montimer/*.yaml
            for name in (string replace -r '.*/(.*)\.yaml$' '$1' -- $settings)
                test "$name" = config; or echo "$prefix$name"
            end
        case '?*'
            string match -q -- '*runs' "$kind"; and not string match -qr -- '^[0-9a-f]' "$cur"; and set kind profiles
            for word in $kind
                string replace -r '^' "$prefix" -- (montimer complete $word $args[1] $of 2>/dev/null)
            end
        case '*'
            test -n "$flag"; or string join \n -- $subcommands
    end
end
complete -c montimer -f -a '(__montimer)'
