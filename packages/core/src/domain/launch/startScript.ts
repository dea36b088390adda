// The one POSIX start script: what an engine runs around the command of a run. A constant text, no user data in it.

import { RUN_FOLDER } from "./launchPlan.ts";

/** File name of the script in the run's folder. */
export const START_SCRIPT_NAME = "start.sh";

/** Files that the script makes in the run's folder, besides those of RUN_FOLDER. */
export const START_FILES = {
  /** A folder; whoever makes it runs the command, everybody else goes away. */
  claim: "claim",
  /** JSON: pid, startTime, boot and startedAt of the script's own process. Not parsable means not yet written. */
  pids: "pids",
} as const;

/** Variables by which the start script is told of the setup file of a target; the command sees none of them. */
export const SETUP_VARIABLES = {
  /** Its path: the script reads it before the command begins. */
  file: "MALACHITE_SETUP",
  /** What the PATH begins with all the same, whatever the file does. */
  path: "MALACHITE_TOOL_PATH",
  /** Names of variables, with blanks between them, that the file does not change. */
  given: "MALACHITE_GIVEN",
} as const;

/** What it says goes here, in the run's folder; its last line is told when it fails. */
const SETUP_LOG = "setup.out";

/** Exit code of a start script that lost the claim, and so touched nothing. */
export const CLAIM_LOST = 75;

/**
 * Its use: `sh start.sh FOLDER [--at MS] [--cgroup DIR]... [--cgroups DIR] [--counts FILE] -- COMMAND ARGUMENT...`
 *
 * - claims FOLDER by `mkdir FOLDER/claim`; ends with CLAIM_LOST when that is taken;
 * - writes FOLDER/pids; puts the command, not itself, into the given control groups, three at most, and (where setsid exists) into a session
 *   of its own; runs it in FOLDER/project with stdin from /dev/null and both streams appended to FOLDER/user_logs/std_log.txt,
 *   or to the log of the first process where a group is started;
 * - waits, and writes FOLDER/exit.json by rename as its last act. Times in it are milliseconds since 1970 UTC.
 *
 * `--at` is the instant of the start, told by the caller: it saves a process of its own for `date`.
 * `--cgroups` is where the tree of control groups is shown to a container, which is in its own group already: it is only read.
 * `--counts` is a file in which the kernel counts what it kills for memory, of a group that an engine has put the script into.
 * MALACHITE_SETUP names a file that is read before the command begins, in the process of the command; see SETUP_VARIABLES.
 * LD_PRELOAD, LD_LIBRARY_PATH and LD_AUDIT for the command come as MALACHITE_LD_*, so that they cannot break the script itself.
 *
 * Why it looks as it does:
 * - Shells tell exit code 137 and SIGKILL apart only by the message ("Killed") they print on their own stderr. So the command
 *   runs in the foreground, with its stderr elsewhere, and the script's own stderr is a file that is looked at afterwards.
 *   For SIGINT and SIGPIPE shells print nothing: those are told as the codes 130 and 141.
 * - TERM and the like are caught, not ignored: a caught signal is back to its default in the command.
 * - The exit record and that file are filled with blanks at the start and overwritten in place, so that a run which fills the
 *   disk still leaves its exit record.
 * - `exec` in a shell whose EXIT trap still runs afterwards has failed: so a command that cannot be started is known for certain.
 * - Variables begin with `mal_`: assigning a name that the run's environment holds would change it for the command.
 * - `kill 0` in the command must not end the script: hence the session of its own.
 */
export const START_SCRIPT = `#!/bin/sh
# Starts the command of a run and writes down how it ended. See "How a run is started" in the documentation.

# Reads the setup file of the target. What the definition gives the run goes before what the file sets; a function has no arguments that
# such a file could take for its own.
mal_read_setup() {
  mal_given=\${${SETUP_VARIABLES.given}-} mal_tools=\${${SETUP_VARIABLES.path}-}
  unset ${SETUP_VARIABLES.file} ${SETUP_VARIABLES.given} ${SETUP_VARIABLES.path}
  for mal_name in $mal_given; do eval "mal_was_$mal_name=\\$$mal_name"; done
  mal_stage=setup
  # The file may set a trap of its own, and end the shell.
  printf %s setup >"$mal_folder/exit.why"
  . "$mal_setup" >"$mal_folder/${SETUP_LOG}" 2>&1 || exit 125
  set +eu
  unset IFS
  case $mal_tools:$PATH: in
    :* | "$mal_tools:$mal_tools":*) ;;
    *) PATH=$mal_tools:$PATH ;;
  esac
  for mal_name in $mal_given; do eval "export $mal_name=\\"\\$mal_was_$mal_name\\"; unset mal_was_$mal_name"; done
  cd "$mal_folder/project" || exit 125
  unset OLDPWD
  : >"$mal_folder/exit.why"
  trap 'printf %s "$mal_stage" >"$mal_folder/exit.why"' EXIT
}

# The command's side: runs in a process of its own and becomes the command.
mal_inside() {
  mal_folder=$1 mal_group=$2 mal_group2=$3 mal_group3=$4 PATH=$5
  shift 5
  trap 'printf %s "$mal_stage" >"$mal_folder/exit.why"' EXIT
  mal_stage=log
  mal_log=${RUN_FOLDER.log}
  if [ -f "$mal_folder/${RUN_FOLDER.group}" ]; then mal_log=${RUN_FOLDER.logOf(0)}; fi
  exec </dev/null >>"$mal_folder/$mal_log" 2>&1
  mal_stage=group
  if [ -n "$mal_group" ]; then printf 0 >"$mal_group/cgroup.procs" || exit 125; fi
  if [ -n "$mal_group2" ]; then printf 0 >"$mal_group2/cgroup.procs" || exit 125; fi
  if [ -n "$mal_group3" ]; then printf 0 >"$mal_group3/cgroup.procs" || exit 125; fi
  mal_stage=folder
  cd "$mal_folder/project" || exit 125
  unset OLDPWD
  mal_setup=\${${SETUP_VARIABLES.file}-}
  if [ -n "$mal_setup" ]; then mal_read_setup; fi
  if [ -n "\${MALACHITE_LD_PRELOAD+x}" ]; then export LD_PRELOAD="$MALACHITE_LD_PRELOAD"; unset MALACHITE_LD_PRELOAD; fi
  if [ -n "\${MALACHITE_LD_LIBRARY_PATH+x}" ]; then
    export LD_LIBRARY_PATH="$MALACHITE_LD_LIBRARY_PATH"; unset MALACHITE_LD_LIBRARY_PATH
  fi
  if [ -n "\${MALACHITE_LD_AUDIT+x}" ]; then export LD_AUDIT="$MALACHITE_LD_AUDIT"; unset MALACHITE_LD_AUDIT; fi
  mal_stage=command
  # bash forgets its traps when exec fails, but can be told to go on instead (not in a subshell, hence a script of its own).
  if command -v shopt >/dev/null; then shopt -s execfail; fi
  exec "$@"
  mal_code=$?
  printf %s "$mal_stage" >"$mal_folder/exit.why"
  exit "$mal_code"
}

if [ "$1" = --inside ]; then
  shift
  mal_inside "$@"
  exit 125
fi

mal_folder=$1 mal_at= mal_group= mal_group2= mal_group3= mal_groups= mal_counts=
shift
while [ "$1" != -- ]; do
  case $1 in
    --at) mal_at=$2 ;;
    --cgroup)
      if [ -z "$mal_group" ]; then mal_group=$2; elif [ -z "$mal_group2" ]; then mal_group2=$2; else mal_group3=$2; fi
      ;;
    --cgroups) mal_groups=$2 ;;
    --counts) mal_counts=$2 ;;
    *) exit 64 ;;
  esac
  shift 2 || exit 64
done
shift

# The tools of the script come from the system, whatever PATH the run asks for.
mal_path=\${PATH-/usr/bin:/bin}
PATH=/usr/bin:/bin:/usr/sbin:/sbin:$mal_path
export PATH

mkdir "$mal_folder/claim" 2>/dev/null || exit ${CLAIM_LOST}
trap : HUP INT QUIT TERM USR1 USR2 ALRM

# Uptime in hundredths of a second, without starting a process; 0 where there is no /proc.
mal_uptime() {
  mal_up=0
  if [ -r /proc/uptime ] && read -r mal_up mal_rest </proc/uptime; then
    mal_rest=\${mal_up#*.}
    mal_up=$((\${mal_up%.*} * 100 + \${mal_rest#0}))
  fi
}

# Milliseconds since 1970.
mal_clock() {
  mal_ms=$(date +%s%3N)
  case $mal_ms in *[!0-9]*) mal_ms=$(date +%s)000 ;; esac
}

# How many processes of the groups were killed for memory.
mal_count_killed() {
  mal_killed=0
  for mal_file in "$mal_group/memory.events" "$mal_group/memory.oom_control" \\
    "$mal_group2/memory.events" "$mal_group2/memory.oom_control" \\
    "$mal_groups/memory.events" "$mal_groups/memory/memory.oom_control" "$mal_counts"; do
    case $mal_file in /memory*) continue ;; esac
    [ -r "$mal_file" ] || continue
    while read -r mal_name mal_value; do
      if [ "$mal_name" = oom_kill ]; then mal_killed=$((mal_killed + mal_value)); fi
    done <"$mal_file"
  done
}

if [ -z "$mal_at" ]; then mal_clock; mal_at=$mal_ms; fi
mal_uptime
mal_up_before=$mal_up
mal_count_killed
mal_killed_before=$mal_killed

# Fields of /proc/PID/stat behind the name, which may hold blanks and brackets: the 20th of them is the start time.
mal_start_time() {
  mal_started=
  if [ -r "/proc/$$/stat" ] && read -r mal_line <"/proc/$$/stat"; then
    # shellcheck disable=SC2086
    set -- \${mal_line##*) }
    mal_started=\${20}
  fi
}
mal_start_time
mal_boot=
if [ -r /proc/sys/kernel/random/boot_id ]; then read -r mal_boot </proc/sys/kernel/random/boot_id; fi
printf '{"pid":%s,"startTime":"%s","boot":"%s","startedAt":%s}\\n' "$$" "$mal_started" "$mal_boot" "$mal_at" \\
  >"$mal_folder/pids"
printf '%400s\\n' '' >"$mal_folder/exit.new"
printf '%200s\\n' '' >"$mal_folder/exit.err"
exec </dev/null >/dev/null 2<>"$mal_folder/exit.err"

if command -v setsid >/dev/null; then
  (exec setsid sh "$0" --inside "$mal_folder" "$mal_group" "$mal_group2" "$mal_group3" "$mal_path" "$@")
else
  (exec sh "$0" --inside "$mal_folder" "$mal_group" "$mal_group2" "$mal_group3" "$mal_path" "$@")
fi
mal_code=$?

mal_uptime
if [ "$mal_up" -gt 0 ]; then
  mal_ended=$((mal_at + (mal_up - mal_up_before) * 10))
else
  mal_clock
  mal_ended=$mal_ms
fi
mal_said=
read -r mal_said <"$mal_folder/exit.err"
mal_signal=
if [ -n "$mal_said" ] && [ "$mal_code" -gt 128 ]; then
  # Through a file and not $(…): a process of its own could be hit by what is sent to the run.
  kill -l $((mal_code - 128)) 1<>"$mal_folder/exit.err"
  read -r mal_signal <"$mal_folder/exit.err"
  mal_signal=\${mal_signal#SIG}
  case $mal_signal in '' | *[!A-Z0-9+-]*) mal_signal=$((mal_code - 128)) ;; esac
fi
mal_more=
if [ "$mal_code" -ne 0 ]; then
  mal_count_killed
  if [ "$mal_killed" -gt "$mal_killed_before" ]; then mal_more=',"outOfMemory":true'; fi
fi
if [ -z "$mal_signal" ] && [ -s "$mal_folder/exit.why" ]; then
  mal_why=
  read -r mal_why <"$mal_folder/exit.why"
  case $mal_why:$mal_code in
    command:127) mal_why="The command was not found." ;;
    command:*) mal_why="The command was found but could not be executed." ;;
    log:*) mal_why="The log file could not be opened." ;;
    group:*) mal_why="The control group of the run could not be joined." ;;
    setup:*)
      mal_why=$(grep -v '^[[:space:]]*$' "$mal_folder/${SETUP_LOG}" 2>/dev/null | tail -n 1 | tr -d '\\000-\\037"\\\\' | cut -c 1-300)
      if [ -z "$mal_why" ]; then mal_why="it ended with $mal_code"; fi
      mal_why="The setup file of the compute target failed: \${mal_why%.}."
      mal_more=$mal_more',"stage":"environment"'
      ;;
    folder:*) mal_why="The project folder could not be entered." ;;
    *) mal_why="The command could not be started." ;;
  esac
  mal_more="$mal_more,\\"failure\\":\\"$mal_why\\""
fi
if [ -n "$mal_signal" ]; then
  mal_end="\\"code\\":null,\\"signal\\":\\"SIG$mal_signal\\""
else
  mal_end="\\"code\\":$mal_code"
fi
printf '{"version":1,%s,"startedAt":%s,"endedAt":%s%s}' "$mal_end" "$mal_at" "$mal_ended" "$mal_more" \\
  1<>"$mal_folder/exit.new"
exec mv -f "$mal_folder/exit.new" "$mal_folder/exit.json"
`;
