"""What a Malachite service runs on a machine that it reaches over ssh: answers its questions for as long as the connection lasts."""
import os
import platform
import sys

import far_contents
import far_files
import far_gpus
import far_groups
import far_places
import far_processes
import far_runs
import far_usage
import far_watch
import far_wire
from far_wire import Refused


def main():
    wire = far_wire.open_wire()
    here = {}

    def hello(ask, _):
        if not os.path.isdir("/proc/self"):
            raise Refused("system", "this machine has no /proc; runs over ssh need Linux")
        folder = os.path.abspath(os.path.expanduser(ask["folder"]))
        runs = far_runs.Runs(folder, ask["service"])
        runs.prepare()
        here["runs"] = runs
        here["contents"] = far_contents.Contents(os.path.join(folder, "contents"))
        here["watch"] = far_watch.Watch(wire, runs.path)
        return {
            "python": platform.python_version(),
            "executable": os.path.realpath(sys.executable),
            "boot": far_processes.boot_id(),
            "folder": runs.folder,
            "unlimited": far_groups.here().faults,
            "busy": runs.places.busy(),
            "gpus": far_gpus.found(),
        }

    def runs():
        return here["runs"]

    def folder_of(ask):
        return runs().path(ask["key"])

    def read(ask, _):
        if not os.path.isdir(folder_of(ask)):
            return {"absent": True}
        return far_files.read_file(folder_of(ask), ask["path"], ask["from"], ask["most"], ask.get("prefix"))

    def begin(ask, _):
        return runs().start(ask["key"], ask["program"], ask["secrets"], ask["at"], ask.get("limits") or {}, ask.get("node"))

    def end(ask, _):
        runs().end(ask["key"], ask["script"], ask["group"], ask["graceMs"] / 1000.0)

    def place(ask, _):
        far_places.keep(folder_of(ask))
        here["contents"].place(folder_of(ask), ask["entries"])

    def write(ask, payload):
        far_places.keep(folder_of(ask))
        here["contents"].write(folder_of(ask), ask, payload)

    def put(ask, payload):
        far_places.keep(folder_of(ask))
        here["contents"].put(ask["sha"], ask["sender"], ask["from"], payload)
        if ask.get("last"):
            here["contents"].commit(ask["sha"], ask["sender"])

    def sights(ask, _):
        boot = far_processes.boot_id()
        told = []
        for one in ask["runs"]:
            try:
                told.append(runs().sight(one["key"], one["script"], boot))
            except (OSError, Refused) as error:
                # Of the others can be told all the same.
                told.append({"key": one["key"], "error": str(error)})
        return {"runs": told}

    def usage(ask, _):
        return far_usage.usage(runs(), ask["runs"])

    wire.serve(
        {
            "hello": hello,
            "reserve": lambda ask, _: runs().reserve(ask["key"], ask["slots"], ask.get("gpus")),
            "missing": lambda ask, _: {"missing": here["contents"].missing(ask["hashes"])},
            "put": put,
            "write": write,
            "place": place,
            "start": begin,
            "begun": lambda ask, _: {"begun": runs().begun(ask["key"])},
            "discard": lambda ask, _: runs().discard(ask["key"]),
            "sight": sights,
            "usage": usage,
            "tools": lambda ask, _: {"fault": far_runs.fault_of_tools(ask["tools"])},
            "list": lambda ask, _: {"folders": far_files.list_folders(folder_of(ask), ask["folders"], ask["limit"])},
            "read": read,
            "end": end,
            "release": lambda ask, _: runs().release(ask["key"], ask["script"], ask["group"]),
            "follow": lambda ask, _: here["watch"].follow(ask["key"], ask["files"]),
            "forget": lambda ask, _: here["watch"].forget(ask["key"]),
        },
        ("begun", "end", "release", "sight", "tools", "usage"),
    )


if __name__ == "__main__":
    main()
