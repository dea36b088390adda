"""Begins one run on its machine, in a process that outlives the connection: makes its folders and its environment with the courier's own
means, and then becomes the start script. What cannot be begun leaves an exit record that says why."""
import json
import os
import sys
import time


def main():
    archive, path = sys.argv[1:3]
    groups = sys.argv[3:]
    sys.path.insert(0, archive)
    from malachite_agent import builds
    from malachite_courier import arrange, environment, run, tools
    from malachite_courier.folder import Busy, Folder, Wrong
    from malachite_courier.job import Job

    started = time.time()
    secrets = json.loads(os.environ.pop("MALACHITE_SECRETS", "{}"))
    node = os.environ.pop("MALACHITE_NODE", "")
    folder = Folder(path)
    try:
        folder.hold()
    except Busy:
        # Another one is at it.
        return 75
    try:
        job = Job(folder)
        if node:
            job.only(int(node))
        tools.use(folder, job)
        arrange.arrange(folder, job)
        environment.make(folder, job, lambda: None)
        arguments, env = run.prepared(folder, job, secrets, [part for group in groups for part in ("--cgroup", group)])
        os.chdir(folder.path)
        os.execve(arguments[0], arguments, env)
    except Wrong as failure:
        run.note_failure(folder, failure, started)
    except builds.Stopped:
        run.note_stopped(folder, started)
    except OSError as error:
        run.note_failure(folder, Wrong("The run could not be started: %s" % error), started)
    return 0


if __name__ == "__main__":
    sys.exit(main())
