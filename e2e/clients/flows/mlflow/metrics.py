"""Histories of metrics with plain mlflow."""
import math
import time

from mlflow.entities import Metric
from mlflow.tracking import MlflowClient


def flow_history(t):
    """get_metric_history: every value in order, steps and times; the newest value is that of the largest step"""
    for kind in ("http", "https"):
        client = MlflowClient(t.tracking_uri(kind))
        run = client.create_run("0").info.run_id
        for step, value in ((0, 1.0), (2, 0.25), (1, 0.5)):
            client.log_metric(run, "loss", value, timestamp=1_700_000_000_000 + step, step=step)
        history = client.get_metric_history(run, "loss")
        assert [(m.step, m.value, m.timestamp) for m in history] == [
            (0, 1.0, 1_700_000_000_000),
            (1, 0.5, 1_700_000_000_001),
            (2, 0.25, 1_700_000_000_002),
        ], history
        assert client.get_run(run).data.metrics == {"loss": 0.25}
        assert client.get_metric_history(run, "other") == []
        # The same value sent once more, as after an answer that was lost, is the same value.
        client.log_metric(run, "loss", 0.5, timestamp=1_700_000_000_001, step=1)
        assert len(client.get_metric_history(run, "loss")) == 3


def flow_numbers(t):
    """NaN, the infinities, negative steps, very small and very large numbers"""
    client = MlflowClient(t.tracking_uri("http"))
    run = client.create_run("0").info.run_id
    values = {"nan": float("nan"), "inf": float("inf"), "ninf": float("-inf"), "tiny": 5e-324, "huge": 1.7976931348623157e308}
    for name, value in values.items():
        client.log_metric(run, name, value, step=-3)
    got = client.get_run(run).data.metrics
    assert math.isnan(got.pop("nan"))
    assert got == {name: value for name, value in values.items() if name != "nan"}, got
    assert client.get_metric_history(run, "inf")[0].value == float("inf")
    assert client.get_metric_history(run, "tiny")[0].step == -3


def flow_long_history(t):
    """A metric of 20,000 values: logged in batches, read whole"""
    client = MlflowClient(t.tracking_uri("http"))
    run = client.create_run("0").info.run_id
    now = int(time.time() * 1000)
    for start in range(0, 20_000, 1_000):
        client.log_batch(run, metrics=[Metric("m", i, now + i, i) for i in range(start, start + 1_000)])
    history = client.get_metric_history(run, "m")
    assert len(history) == 20_000
    assert [m.value for m in history] == [float(i) for i in range(20_000)]
