"""What of MLflow this service does not offer: refused at once, in words."""
import time

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient


def flow_traces(t):
    """Traces are refused quickly and never break the code that is traced"""
    mlflow.set_tracking_uri(t.tracking_uri("http"))
    mlflow.set_experiment(t.name())

    @mlflow.trace
    def add(a, b):
        return a + b

    began = time.time()
    assert add(1, 2) == 3
    mlflow.flush_trace_async_logging()
    assert time.time() - began < 15
    try:
        mlflow.search_traces([mlflow.get_experiment_by_name("Default").experiment_id])
    except MlflowException as error:
        assert "traces" in str(error), error
    else:
        raise AssertionError("was not refused")


flow_traces.since = "3.0"


def flow_authorisation(t):
    """A wrong token is refused at once, and so is none"""
    import os

    uri = t.tracking_uri("http")
    kept = os.environ.pop("MLFLOW_TRACKING_TOKEN")
    try:
        for token in (None, "wrong"):
            if token:
                os.environ["MLFLOW_TRACKING_TOKEN"] = token
            try:
                MlflowClient(uri).get_experiment("0")
            except MlflowException as error:
                assert error.error_code == "UNAUTHENTICATED", error
            else:
                raise AssertionError("was let in")
    finally:
        os.environ["MLFLOW_TRACKING_TOKEN"] = kept
