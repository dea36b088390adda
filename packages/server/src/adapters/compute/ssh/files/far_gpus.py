"""The GPUs of this machine, as nvidia-smi tells of them, and which processes use them."""
import subprocess

# A tool that takes longer is sick; the next look asks again.
WITHIN = 5.0
MEBIBYTE = 1024 * 1024
state = {"absent": False}


def ask(query):
    """Rows of cells; None where there is no such tool or it fails."""
    if state["absent"]:
        return None
    try:
        told = subprocess.run(
            ["nvidia-smi", query, "--format=csv,noheader,nounits"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=WITHIN,
        )
    except FileNotFoundError:
        state["absent"] = True
        return None
    except (OSError, subprocess.SubprocessError):
        return None
    if told.returncode != 0:
        return None
    lines = told.stdout.decode("utf-8", "replace").split("\n")
    return [[cell.strip() for cell in line.split(",")] for line in lines if line.strip()]


def found():
    """Their numbers; None where nothing tells."""
    rows = ask("--query-gpu=index")
    return None if rows is None else [int(row[0]) for row in rows if row[0].isdigit()]


def looks():
    """What each is doing, with the memory that each process has on it. Empty where nothing tells."""
    rows = ask("--query-gpu=index,uuid,utilization.gpu,memory.used,memory.total,power.draw,enforced.power.limit") or []
    processes = ask("--query-compute-apps=gpu_uuid,pid,used_memory") or [] if rows else []
    return [look(row, processes) for row in rows if len(row) == 7 and row[0].isdigit()]


def look(row, processes):
    index, uuid, utilization, used, total, draw, limit = row
    own = {}
    for process in processes:
        if len(process) == 3 and process[0] == uuid and process[1].isdigit():
            own[int(process[1])] = (number(process[2]) or 0) * MEBIBYTE
    return {
        "gpu": int(index),
        "utilizationPercent": number(utilization),
        "used": size(used),
        "total": size(total),
        "powerWatts": number(draw),
        "powerLimitWatts": number(limit),
        "processes": own,
    }


def of_run(all_looks, pids, given):
    """The part of it that is a run's: the GPUs that it was given, or those that its processes are on."""
    told = []
    for one in all_looks:
        own = [one["processes"][pid] for pid in pids if pid in one["processes"]]
        if (not own) if given is None else (one["gpu"] not in given):
            continue
        # One that was given is used by nobody else: where its processes are not told, all of its memory is the run's.
        values = {name: one[name] for name in ("gpu", "utilizationPercent", "powerWatts", "powerLimitWatts")}
        values.update(memoryBytes=sum(own) if own else one["used"], memoryLimitBytes=one["total"])
        told.append({name: value for name, value in values.items() if value is not None})
    return told


def number(cell):
    """What a GPU does not know it writes as [N/A]."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if 0 <= value < 1e15 else None


def size(cell):
    value = number(cell)
    return None if value is None else int(value * MEBIBYTE)
