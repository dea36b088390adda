// What ends the processes of a pod that is deleted: a constant text, run beside them by Kubernetes. No user data in it.
import { CONTAINER_FOLDER, START_FILES } from "@malachite/core";

/** In the run's folder: how many ms the processes may take to end, from when this is read. It may be lowered meanwhile. */
export const STOP_FILE = "stop";
/** Of a pod that someone else takes away: a drained node, a pod that is preempted. */
export const USUAL_GRACE_MS = 20_000;
/** What Kubernetes gives a pod beyond that, before it forces the end itself; then no exit record is written. */
export const GRACE_BEYOND_SECONDS = 15;

/**
 * The start script is the first process of the pod and catches what it is sent; `kill -1` from any other process of the pod reaches all
 * but the first and itself, whatever session they are in and however quickly they are replaced by others. So the start script still
 * writes down how the command ended, and its own end is the end of the pod.
 *
 * Before the start script has begun its work its children are tools of it: they are left alone for two seconds.
 */
export const STOP_HOOK = `cd ${CONTAINER_FOLDER} || exit 0
mal_grace() {
  mal_ms=
  if [ -r ${STOP_FILE} ]; then read -r mal_ms <${STOP_FILE}; fi
  case $mal_ms in '' | *[!0-9]*) mal_ms=${USUAL_GRACE_MS} ;; esac
}
mal_n=0
while [ ! -s ${START_FILES.pids} ] && [ "$mal_n" -lt 20 ]; do sleep 0.1; mal_n=$((mal_n + 1)); done
mal_grace
mal_waited=0
if [ "$mal_ms" -gt 0 ]; then kill -TERM -1; kill -CONT -1; fi
while [ "$mal_waited" -lt "$mal_ms" ]; do
  sleep 0.1
  mal_waited=$((mal_waited + 100))
  mal_grace
done
while [ "$mal_waited" -lt 1000000000 ]; do
  kill -KILL -1
  sleep 0.2
  mal_waited=$((mal_waited + 200))
done
`;
