"""What the processes of runs use together: as their control group has counted it, else summed up over /proc."""
import os
import re

import far_gpus
import far_groups
import far_processes
from far_wire import Refused

TICK = 1000.0 / os.sysconf("SC_CLK_TCK")


def usage(runs, asked):
    """One that has ended or was never there is left out."""
    known = []
    gpus = far_gpus.looks()
    machine = {
        "cpus": len(os.sched_getaffinity(0)),
        "memoryLimitBytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
    }
    disk, network = disk_of(runs.folder), network_here()
    for one in asked:
        try:
            used = of_tree(runs.path(one["key"]), one["script"], far_groups.checked(one["group"]), machine["memoryLimitBytes"])
        except (OSError, Refused):
            continue
        if used is None:
            continue
        pids, values = used
        told = dict(machine, key=one["key"], **values)
        own = far_gpus.of_run(gpus, pids, runs.places.gpus_of(runs.service, one["key"]))
        for name, value in (("gpus", own or None), ("disk", disk), ("network", network)):
            if value is not None:
                told[name] = value
        known.append(told)
    return {"runs": known}


def of_tree(folder, script, groups, most):
    if script.get("boot") != far_processes.boot_id():
        return None
    if groups:
        pids = far_groups.members(groups[:1])
    else:
        alive = far_processes.is_alive(script, script["boot"])
        pids = far_processes.members(script["pid"] if alive else None, b"MALACHITE_RUN_FOLDER=" + os.fsencode(folder))
    pids = [pid for pid in pids if not far_processes.has_ended(far_processes.read_process(pid))]
    if not pids:
        return None
    each = [of_process(pid) for pid in pids]
    values = {name: total([one.get(name) for one in each]) for name in ("cpuMs", "readBytes", "writtenBytes")}
    counted = cpu_of(groups)
    if counted is not None:
        values["cpuMs"] = counted
    memory = memory_of(groups)
    values["memoryBytes"] = memory if memory is not None else total([share_of(pid) for pid in pids])
    values.update(limits_of(groups, most))
    return pids, {name: value for name, value in values.items() if value is not None}


def of_process(pid):
    """With what its ended children used, as far as it has waited for them."""
    stat = text_of("/proc/%d/stat" % pid)
    fields = stat[stat.rfind(")") + 2 :].split()
    used = {} if len(fields) < 20 else {"cpuMs": sum(int(one) for one in fields[11:15]) * TICK}
    # Another user's process does not tell.
    for line in text_of("/proc/%d/io" % pid).split("\n"):
        name, _, value = line.partition(": ")
        if name in ("read_bytes", "write_bytes"):
            used["readBytes" if name == "read_bytes" else "writtenBytes"] = int(value)
    return used


def share_of(pid):
    """Its share of what several have together, so that forked workers are not counted many times over."""
    found = re.search(r"^Pss:\s+(\d+) kB$", text_of("/proc/%d/smaps_rollup" % pid), re.M)
    found = found or re.search(r"^VmRSS:\s+(\d+) kB$", text_of("/proc/%d/status" % pid), re.M)
    return int(found.group(1)) * 1024 if found else None


def cpu_of(groups):
    for group in groups:
        found = re.search(r"^usage_usec (\d+)$", text_of(group + "/cpu.stat"), re.M)
        if found:
            return int(found.group(1)) / 1000.0
    return None


def memory_of(groups):
    """Without the pages of files that are only remembered: they go when anybody needs the room."""
    for group in groups:
        for name, cached in (("memory.current", "inactive_file"), ("memory.usage_in_bytes", "total_inactive_file")):
            used = text_of(group + "/" + name).strip()
            if used.isdigit():
                found = re.search(r"^%s (\d+)$" % cached, text_of(group + "/memory.stat"), re.M)
                return max(0, int(used) - (int(found.group(1)) if found else 0))
    return None


def limits_of(groups, most):
    limits = {}
    for group in groups:
        quota = text_of(group + "/cpu.max").split()
        if len(quota) < 2:
            quota = [text_of(group + "/cpu.cfs_quota_us").strip(), text_of(group + "/cpu.cfs_period_us").strip()]
        if quota[0].isdigit() and quota[1].isdigit() and int(quota[1]) > 0:
            limits["cpus"] = int(quota[0]) / float(quota[1])
        for name in ("memory.max", "memory.limit_in_bytes"):
            limit = text_of(group + "/" + name).strip()
            if limit.isdigit() and int(limit) < most:
                limits["memoryLimitBytes"] = int(limit)
    return limits


def disk_of(folder):
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    size = found.f_frsize
    return {"usedBytes": (found.f_blocks - found.f_bfree) * size, "availableBytes": found.f_bavail * size}


def network_here():
    """All of the machine, loopback left out."""
    received = sent = 0
    text = text_of("/proc/net/dev")
    for line in text.split("\n"):
        card, colon, numbers = line.partition(":")
        fields = numbers.split()
        if not colon or card.strip() == "lo" or len(fields) < 9:
            continue
        received += int(fields[0])
        sent += int(fields[8])
    return {"receivedBytes": received, "sentBytes": sent} if text else None


def total(values):
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def text_of(path):
    """Empty for what is not there any more, or not told."""
    try:
        with open(path, "rb") as file:
            return file.read().decode("latin-1")
    except OSError:
        # A process that has ended, a controller that the group has not.
        return ""
