"""Lists of runs with azureml-core: every filter that the client can make."""
import datetime

from azureml.core import Experiment, Run


def experiment_of(t):
    return Experiment(t.workspace(), t.name("queried"))


def ids(runs):
    return [run.id for run in runs]


def flow_newest_first(t):
    """`get_runs` lists newest first, without children unless they are asked for"""
    experiment = experiment_of(t)
    runs = [t.start(experiment) for _ in range(3)]
    child = runs[0].child_run(name="kid")
    assert ids(experiment.get_runs()) == ids(reversed(runs))
    assert ids(experiment.get_runs(include_children=True))[0] == child.id
    assert len(ids(experiment.get_runs(include_children=True))) == 4
    for run in [child] + runs:
        run.complete()


def flow_by_tags(t):
    """`get_runs` by tags, whatever is in their keys and values"""
    experiment = experiment_of(t)
    odd = {
        "plain": "v",
        "a b": "x y",
        "path/to": "it's",
        "dotted.key": 'say "hi" now',
        "back": "C:\\dir\\",
        "empty": "",
        "brackets": "f(x) and (y)",
        "words": "a and b or not c eq d",
        "\u00e9": "\u00fc\U0001F600",
        "quote'd": "1",
    }
    for key, value in odd.items():
        run = t.start(experiment)
        run.tag(key, value)
        run.complete()
        assert ids(experiment.get_runs(tags={key: value})) == [run.id], (key, value)
        assert ids(experiment.get_runs(tags=key)) == [run.id], key
        assert ids(experiment.get_runs(tags={key: value + "?"})) == [], key
    alone = t.start(experiment)
    alone.tag("alone")
    assert ids(experiment.get_runs(tags="alone")) == [alone.id]
    alone.set_tags({"one": "1", "two": "2"})
    assert ids(experiment.get_runs(tags={"one": "1", "two": "2"})) == [alone.id]
    assert ids(experiment.get_runs(tags={"one": "1", "two": "1"})) == []
    alone.complete()


def flow_by_properties_and_type(t):
    """`get_runs` by properties and by the type of run"""
    experiment = experiment_of(t)
    plain = t.start(experiment)
    script = t.start(experiment)
    script.add_properties({"azureml.runsource": "azureml.scriptrun", "odd/key": "a b"})
    assert ids(experiment.get_runs(properties={"odd/key": "a b"})) == [script.id]
    assert ids(experiment.get_runs(properties="odd/key")) == [script.id]
    if not t.first:  # Those mean another property of the run by it.
        assert ids(experiment.get_runs(type="azureml.scriptrun")) == [script.id]
    assert ids(experiment.get_runs(type="hyperdrive")) == []
    plain.complete()
    script.complete()


def flow_by_status(t):
    """`Run.list` by status"""
    experiment = experiment_of(t)
    running = t.start(experiment)
    failed = t.start(experiment)
    failed.fail()
    assert ids(Run.list(experiment, status="Running")) == [running.id]
    assert ids(Run.list(experiment, status="Failed")) == [failed.id]
    assert ids(Run.list(experiment, status="Completed")) == []
    running.complete()
    assert ids(Run.list(experiment, status="Completed")) == [running.id]
    assert ids(Run.list(experiment, status="Completed", tags="none")) == []


def flow_by_compute(t):
    """The runs of a compute target"""
    ws = t.workspace()
    experiment = Experiment(ws, t.name("computed"))
    run = t.start(experiment)
    run.tag("mark", experiment.name)
    target = type("Target", (), {"name": run.get_details()["target"], "workspace": ws})()
    found = list(Run.list_by_compute(target, tags={"mark": experiment.name}))
    assert len(found) == 1, found
    run.complete()
    assert list(Run.list_by_compute(target, tags={"mark": experiment.name}, status="Running")) == []


flow_by_compute.since = "1.0.85"


def flow_by_time(t):
    """The filters that the client makes of instants, states, targets and ids"""
    from azureml._restclient.experiment_client import ExperimentClient

    experiment = experiment_of(t)
    run = t.start(experiment)
    client = ExperimentClient(experiment.workspace.service_context, experiment.name)

    def found(**filters):
        return [dto.run_id for dto in client.get_runs(**filters)]

    now = datetime.datetime.utcnow()
    day = datetime.timedelta(days=1)
    assert found(created_after=now - day) == [run.id]
    assert found(created_after=now + day) == []
    assert found(created_after=(now - day).replace(tzinfo=datetime.timezone.utc)) == [run.id]
    assert found(status="Running", include_children=False) == [run.id]
    assert found(status="Failed", include_children=False) == []
    assert found(target_name="nowhere") == []
    assert [dto.run_id for dto in client.get_runs_by_run_ids([run.id, "nobody"])] == [run.id]
    run.complete()


def flow_by_kind(t):
    """The filters that the client makes of orchestrators and traits"""
    from azureml._restclient.experiment_client import ExperimentClient

    experiment = experiment_of(t)
    run = t.start(experiment)
    client = ExperimentClient(experiment.workspace.service_context, experiment.name)

    def found(**filters):
        return [dto.run_id for dto in client.get_runs(**filters)]

    assert found(orchestrator="External") == [run.id]
    assert found(orchestrator="Pipeline") == []
    assert found(status="Running", trait="unspecified", include_children=False) == [run.id]
    assert found(status="Running", trait="other", include_children=False) == []
    run.complete()


flow_by_kind.since = "1.30"


def flow_pages(t):
    """A list of more runs than a page holds is whole, also while runs arrive"""
    from azureml._restclient.experiment_client import ExperimentClient

    experiment = experiment_of(t)
    parent = t.start(experiment)
    children = parent.create_children(count=23)
    client = ExperimentClient(experiment.workspace.service_context, experiment.name)
    listed = []
    for number, dto in enumerate(client.get_runs(page_size=5)):
        listed.append(dto.run_id)
        if number in (3, 11):
            t.start(experiment).complete()
    assert sorted(listed) == sorted([parent.id] + [child.id for child in children]), listed
    parent.complete()


# Before, runs are listed by their experiment alone, and made one by one.
for _flow in (flow_by_time, flow_pages):
    _flow.since = "1.0.85"
