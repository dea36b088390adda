"""One measurement of an MLflow tracking server by MLflow's own client; prints the seconds of an act, the median of all, as JSON.

    python load.py KIND COUNT EXPERIMENT_ID   with MLFLOW_TRACKING_URI and MLFLOW_TRACKING_TOKEN
"""
import json
import statistics
import sys
import time

from mlflow.entities import Metric
from mlflow.tracking import MlflowClient

kind, count, experiment = sys.argv[1], int(sys.argv[2]), sys.argv[3]
client = MlflowClient()


def each(act, times):
    act(-1)
    taken = []
    for i in range(times):
        began = time.perf_counter()
        act(i)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def new_run():
    return client.create_run(experiment).info.run_id


if kind == "single":
    run = new_run()
    seconds = each(lambda i: client.log_metric(run, "loss", i * 0.5, step=i + 1), count)
elif kind in ("batch", "names"):
    run = new_run()
    names = 10 if kind == "batch" else 1000

    def batch(i):
        begin = (i + 1) * 1000
        now = int(time.time() * 1000)
        client.log_batch(run, metrics=[Metric("m%d" % (n % names), n * 0.5, now, begin + n) for n in range(1000)])

    seconds = each(batch, count)
elif kind == "parallel":
    # One of several such programs: starts when all are ready, told by a line.
    run = new_run()
    client.log_metric(run, "loss", 0.0, step=0)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    for i in range(count):
        client.log_metric(run, "loss", i * 0.5, step=i + 1)
    seconds = (time.perf_counter() - began) / count
elif kind == "search":
    query = "metrics.loss < 0.5 and params.model = 'm3'"

    def search(_):
        found = client.search_runs([experiment], query, order_by=["metrics.loss ASC"], max_results=100)
        assert len(found) == 100, len(found)

    seconds = each(search, count)
elif kind == "newest":

    def newest(_):
        assert len(client.search_runs([experiment], max_results=100)) == 100

    seconds = each(newest, count)
elif kind == "history-make":
    run = new_run()
    now = int(time.time() * 1000)
    for begin in range(0, 100_000, 1000):
        client.log_batch(run, metrics=[Metric("history", n * 0.5, now + n, n) for n in range(begin, begin + 1000)])
    print(json.dumps({"run": run}))
    sys.exit()
elif kind == "history":
    run = experiment

    def history(_):
        assert len(client.get_metric_history(run, "history")) == 100_000

    seconds = each(history, count)
else:
    raise SystemExit("unknown kind " + kind)
print(json.dumps({"seconds": seconds}))
