// What each pod of a run of several begins with: a constant text, no user data in it.
import { CONTAINER_FOLDER, POD_NAMES } from "@malachite/core";
import { STOP_FILE } from "./stopHook.ts";

const NO_FOLDER = 66;

/**
 * Its use: `sh -c POD_SCRIPT sh COUNT START_SCRIPT ARGUMENT... -- COMMAND ARGUMENT...`, the same in all pods.
 *
 * - The first pod waits until the others have told where they are, and then becomes the start script: so the run has begun when all its pods
 *   are there, and one that never has room for all ends nothing and writes nothing.
 * - The others become the command with `--pod`, which is the group's program; see groupPods.ts of core.
 * - A folder is listed to see what other pods have written: a network file system looks a name up anew only then.
 */
export const POD_SCRIPT = `cd ${CONTAINER_FOLDER} || exit ${NO_FOLDER}
mal_count=$1
shift
if [ "\${JOB_COMPLETION_INDEX:-0}" -eq 0 ]; then
  while :; do
    mal_here=1
    for mal_file in ${POD_NAMES.folder}/*.json; do if [ -s "$mal_file" ]; then mal_here=$((mal_here + 1)); fi; done
    if [ "$mal_here" -ge "$mal_count" ]; then break; fi
    for mal_file in ${STOP_FILE}*; do if [ -e "$mal_file" ]; then exit 143; fi; done
    sleep 0.2 || exit 143
  done
  exec /bin/sh "$@"
fi
while [ "$1" != -- ]; do shift; done
shift
cd project || exit ${NO_FOLDER}
if [ -n "\${MALACHITE_LD_PRELOAD+x}" ]; then export LD_PRELOAD="$MALACHITE_LD_PRELOAD"; unset MALACHITE_LD_PRELOAD; fi
if [ -n "\${MALACHITE_LD_LIBRARY_PATH+x}" ]; then
  export LD_LIBRARY_PATH="$MALACHITE_LD_LIBRARY_PATH"; unset MALACHITE_LD_LIBRARY_PATH
fi
if [ -n "\${MALACHITE_LD_AUDIT+x}" ]; then export LD_AUDIT="$MALACHITE_LD_AUDIT"; unset MALACHITE_LD_AUDIT; fi
exec "$@" --pod
`;
