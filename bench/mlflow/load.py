"""Drives an MLflow tracking server by MLflow's own client. Each line it reads is a question, {"kind", "count", "of"}; for each it
prints the seconds of one act, the median of all, or null when the server has not answered within the client's patience.

    python load.py   with MLFLOW_TRACKING_URI, MLFLOW_TRACKING_TOKEN and MLFLOW_HTTP_REQUEST_TIMEOUT
"""
import json
import statistics
import sys
import time

from mlflow.entities import Metric
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from requests.exceptions import Timeout

client = MlflowClient()
run = None


def each(act, times):
    taken = []
    for i in range(times):
        began = time.perf_counter()
        act(i)
        taken.append(time.perf_counter() - began)
    return {"seconds": statistics.median(taken)}


def new_run(experiment):
    return client.create_run(experiment).info.run_id


def single(experiment, count):
    run = new_run(experiment)
    client.log_metric(run, "loss", 0.0, step=0)
    return each(lambda i: client.log_metric(run, "loss", i * 0.5, step=i + 1), count)


def batches(names):
    def of(experiment, count):
        run = new_run(experiment)

        def batch(i):
            begin = (i + 1) * 1000
            now = int(time.time() * 1000)
            client.log_batch(run, metrics=[Metric("m%d" % (n % names), n * 0.5, now, begin + n) for n in range(1000)])

        batch(-1)
        return each(batch, count)

    return of


def prepare(experiment, _):
    global run
    run = new_run(experiment)
    client.log_metric(run, "loss", 0.0, step=0)
    return {}


def parallel(_, count):
    """One of several such programs, each with a run that it has prepared."""
    return each(lambda i: client.log_metric(run, "loss", i * 0.5, step=i + 1), count)


def search(experiment, count):
    query = "metrics.loss < 0.5 and params.model = 'm3'"

    def act(_):
        found = client.search_runs([experiment], query, order_by=["metrics.loss ASC"], max_results=100)
        assert len(found) == 100, len(found)

    return each(act, count)


def newest(experiment, count):
    def act(_):
        assert len(client.search_runs([experiment], max_results=100)) == 100

    return each(act, count)


def make_history(experiment, count):
    made = new_run(experiment)
    now = int(time.time() * 1000)
    for begin in range(0, count, 1000):
        client.log_batch(made, metrics=[Metric("history", n * 0.5, now + n, n) for n in range(begin, begin + 1000)])
    return {"run": made}


def history(of, count):
    def act(_):
        assert len(client.get_metric_history(of, "history")) == 100_000

    return each(act, count)


KINDS = {
    "single": single,
    "batch": batches(10),
    "names": batches(1000),
    "prepare": prepare,
    "parallel": parallel,
    "search": search,
    "newest": newest,
    "makeHistory": make_history,
    "history": history,
}
for line in sys.stdin:
    ask = json.loads(line)
    try:
        answer = KINDS[ask["kind"]](ask["of"], ask["count"])
    except MlflowException as error:
        if not isinstance(error.__cause__, Timeout):
            raise
        answer = {"seconds": None}
    print(json.dumps(answer), flush=True)
