// The batch script of every job: a constant text, no user data in it. It runs the start script and passes on what the job is asked.
import { CLAIM_LOST, RUN_FOLDER, START_FILES, START_SCRIPT_NAME } from "@malachite/core";
import { MARKS } from "../shared/runEnvironment.ts";

/** File name in the run's folder. */
export const JOB_SCRIPT_NAME = "slurm.sh";

/** Files that it leaves in the run's folder. */
export const JOB_FILES = {
  /** Slurm has asked the job to end: over time, preempted, canceled there. Why, its state of the job will say. */
  asked: "slurm-asked",
  /** Slurm has started the job again after the run had begun; this start did nothing. */
  requeued: "slurm-requeued",
} as const;

/** What the driver sends to the script alone: `ask` the run to end, `force` it. */
export const JOB_SIGNALS = { ask: "USR1", force: "USR2" } as const;
/** The same where only all processes of a job can be sent something: by default nobody minds these. */
export const JOB_NUDGES = { ask: "URG", force: "WINCH" } as const;

/** The exit code of a job whose folder its node does not see. */
export const NO_FOLDER = 66;

/**
 * Its use: `slurm.sh FOLDER BIN COMMAND ARGUMENT...`; BIN is the folder of Slurm's commands, or empty.
 *
 * - The start script must outlive the command, to write down how it ended. So it is not Slurm that kills the run when the service
 *   asks for its end: this script does, on its node, by the mark that all processes of the run bear; it spares itself and the start script. When
 *   that does not help, Slurm kills everything.
 * - What a run leaves behind is ended the same way; where Slurm tracks jobs by control groups it does so once more.
 * - A shell lets what it starts beside itself ignore SIGINT and SIGQUIT, and no shell can undo that: `env` or perl does.
 * - The command's variables, PATH among them, are this script's own until the start script is on its way.
 */
export const JOB_SCRIPT = `#!/bin/sh
# Runs a run of Malachite as a job of Slurm. See "Slurm" in the documentation.
mal_got=
trap 'mal_got="$mal_got ask"' ${JOB_SIGNALS.ask} ${JOB_NUDGES.ask}
trap 'mal_got="$mal_got force"' ${JOB_SIGNALS.force} ${JOB_NUDGES.force}
trap 'mal_got="$mal_got told"' TERM
trap : HUP INT

mal_mode=run
if [ "$1" = --sweep ]; then mal_mode=sweep; shift; fi
mal_folder=$1 mal_bin=$2 mal_tools=/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin
shift 2

# The processes of the run on this node, without those in charge of it.
mal_members() {
  for mal_file in $(grep -lzxF "${MARKS.folder}=$mal_folder" /proc/[0-9]*/environ 2>/dev/null); do
    mal_pid=\${mal_file#/proc/}
    mal_pid=\${mal_pid%/environ}
    case $mal_pid in "$$" | "$mal_child") continue ;; esac
    mal_comm=
    read -r mal_comm 2>/dev/null <"/proc/$mal_pid/comm"
    # To srun a signal means the end of what it has started on other nodes, without any grace.
    if [ "$mal_comm" = srun ]; then
      if [ "$1" = ask ]; then continue; fi
      # It is left the time to do so.
      if [ "$mal_tries" -lt 30 ]; then
        if [ "$mal_tries" -eq 0 ]; then kill -TERM "$mal_pid" 2>/dev/null; fi
        printf 'srun '
        continue
      fi
    fi
    printf '%s ' "$mal_pid"
  done
}

mal_ask() {
  for mal_pid in $(mal_members ask); do
    kill -TERM "$mal_pid" 2>/dev/null && mal_heard=1
    # A stopped process acts on it when it is continued.
    kill -CONT "$mal_pid" 2>/dev/null
  done
}

# A process that is forked while all are read may be missed, so none must be found three times.
mal_force() {
  mal_empty=0 mal_tries=0
  while [ "$mal_empty" -lt 3 ]; do
    mal_pids=$(mal_members force)
    mal_tries=$((mal_tries + 1))
    mal_alive= mal_srun=
    for mal_pid in $mal_pids; do
      if [ "$mal_pid" = srun ]; then mal_srun=1 && continue; fi
      kill -STOP "$mal_pid" 2>/dev/null && mal_alive="$mal_alive $mal_pid"
    done
    for mal_pid in $mal_alive; do kill -KILL "$mal_pid" 2>/dev/null; done
    if [ -n "$mal_alive$mal_srun" ]; then mal_empty=0; else mal_empty=$((mal_empty + 1)); fi
    if [ -n "$mal_srun" ]; then sleep 0.1; fi
  done
}

if [ "$mal_mode" = sweep ]; then
  mal_child=$PPID
  mal_force
  exit 0
fi

[ -f "$mal_folder/${START_SCRIPT_NAME}" ] || exit ${NO_FOLDER}
if [ -e "$mal_folder/${START_FILES.claim}" ]; then
  if [ "\${SLURM_RESTART_COUNT:-0}" -gt 0 ]; then : >"$mal_folder/${JOB_FILES.requeued}"; fi
  exit ${CLAIM_LOST}
fi

# Where the kernel counts what it has killed for memory.
mal_counts= mal_tracked=
while IFS=: read -r mal_number mal_name mal_path; do
  case $mal_path in */job_*) mal_tracked=1 ;; *) continue ;; esac
  case $mal_name in
    memory) mal_counts=/sys/fs/cgroup/memory$mal_path/memory.oom_control ;;
    '') if [ -z "$mal_counts" ]; then mal_counts=/sys/fs/cgroup$mal_path/memory.events; fi ;;
  esac
done </proc/self/cgroup

# Who the nodes are, for what starts the processes of a run on them.
if [ "\${SLURM_JOB_NUM_NODES:-1}" -gt 1 ]; then
  MALACHITE_NODES=$(PATH=\${mal_bin:+$mal_bin:}$mal_tools:$PATH; scontrol show hostnames "$SLURM_JOB_NODELIST" | tr '\\n' ' ')
  MALACHITE_SLURM_BIN=$mal_bin
  export MALACHITE_NODES MALACHITE_SLURM_BIN
fi

set -- "$mal_folder/${START_SCRIPT_NAME}" "$mal_folder" --counts "$mal_counts" -- "$@"
if /usr/bin/env --default-signal=INT,QUIT true 2>/dev/null; then
  /usr/bin/env --default-signal=INT,QUIT /bin/sh "$@" &
elif [ -x /usr/bin/perl ]; then
  /usr/bin/perl -e '$SIG{INT} = $SIG{QUIT} = "DEFAULT"; exec @ARGV' /bin/sh "$@" &
else
  /bin/sh "$@" &
fi
mal_child=$!
PATH=\${mal_bin:+$mal_bin:}$mal_tools:$PATH

mal_asked= mal_heard=
while :; do
  if [ -z "$mal_got" ]; then
    wait "$mal_child"
    mal_code=$?
    if [ -z "$mal_got" ]; then break; fi
  fi
  mal_do=$mal_got mal_got=
  for mal_one in $mal_do; do
    case $mal_one in
      told) : >"$mal_folder/${JOB_FILES.asked}" ;;
      ask)
        # It is said more than once, for it may be lost; what a run starts in order to end is not disturbed.
        if [ -z "$mal_heard" ]; then mal_ask; fi
        mal_asked=1
        ;;
      force)
        # What was asked a moment ago may be about to end by that.
        if [ -n "$mal_asked" ]; then sleep 0.2; mal_asked=; fi
        mal_force
        ;;
    esac
  done
  kill -0 "$mal_child" 2>/dev/null || break
done

mal_force
if [ "\${SLURM_JOB_NUM_NODES:-1}" -gt 1 ] && [ -z "$mal_tracked" ]; then
  srun --overlap --nodes="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 --input=none --output=none --error=none --mpi=none \\
    /bin/sh "$mal_folder/${JOB_SCRIPT_NAME}" --sweep "$mal_folder" "$mal_bin" >/dev/null 2>&1
fi

# Slurm's own books shall tell the same end.
mal_end=$(sed -n 's/.*"code":\\([0-9][0-9]*\\).*/\\1/p' "$mal_folder/${RUN_FOLDER.exit}" 2>/dev/null)
exit "\${mal_end:-\${mal_code:-1}}"
`;
