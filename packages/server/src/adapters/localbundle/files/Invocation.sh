#!/bin/sh
# Starts the run that this folder was made for. Needs a POSIX shell and Python 3.6 or newer, nothing else.
# All values of the run are in job.json and are read by agent.py; none is ever part of a shell line.
unset AZUREML_TARGET_TYPE

case $0 in
  */*) setup=${0%/*} ;;
  *) setup=. ;;
esac
setup=$(CDPATH='' cd -- "${setup:-/}" && pwd -P) || {
  echo "malachite: the folder of this script cannot be entered." >&2
  exit 125
}

for python in python3 python; do
  if command -v "$python" >/dev/null 2>&1 &&
    "$python" -I -c 'import sys; sys.exit(sys.version_info < (3, 6))' >/dev/null 2>&1; then
    # -I keeps PYTHONPATH and the like away from the agent; the user's script gets them all the same.
    exec "$python" -I -B "$setup/agent.py" "$@"
  fi
done

echo "malachite: no Python 3.6 or newer was found as python3 or python on the PATH." >&2
exit 125
