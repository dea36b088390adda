"""The first steps of every script."""


def flow_interactive(t):
    """An interactive run: start, log, tag, complete"""
    from azureml.core import Experiment

    run = Experiment(t.workspace(), t.name()).start_logging()
    run.tag("kind", "first")
    run.complete()
    assert run.get_status() == "Completed", run.get_status()
    assert run.get_tags()["kind"] == "first"
