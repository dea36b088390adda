"""Experiments with azureml-core."""
from azureml.core import Experiment


def flow_get_or_create(t):
    """`Experiment(workspace, name)` makes an experiment once and finds it again"""
    ws = t.workspace()
    name = t.name("made")
    first = Experiment(ws, name)
    assert first.id and first.name == name, first
    assert first.archived_time is None
    assert Experiment(ws, name).id == first.id
    assert ws.experiments[name].id == first.id


def flow_list(t):
    """`Experiment.list`, all and by name"""
    ws = t.workspace()
    names = [t.name("listed") for _ in range(3)]
    for name in names:
        Experiment(ws, name)
    listed = [experiment.name for experiment in Experiment.list(ws)]
    assert all(name in listed for name in names), listed
    found = [experiment.name for experiment in Experiment.list(ws, experiment_name=names[1])]
    assert found == [names[1]], found


def flow_tags(t):
    """Tags of an experiment are merged, found by, and removed"""
    ws = t.workspace()
    name = t.name("tagged")
    mark = t.name("mark")
    experiment = Experiment(ws, name)
    experiment.set_tags({"team": "a b", "mark": mark})
    experiment.tag("path/of", "x.y")
    experiment.tag("alone")
    experiment.refresh()
    assert experiment.tags["team"] == "a b" and experiment.tags["path/of"] == "x.y", experiment.tags
    assert not experiment.tags["alone"]
    experiment.remove_tags(["team", "nowhere"])
    experiment.refresh()
    assert "team" not in experiment.tags and experiment.tags["mark"] == mark, experiment.tags
    assert [e.name for e in Experiment.list(ws, tags={"mark": mark})] == [name]
    assert name in [e.name for e in Experiment.list(ws, tags="alone")]
    assert name not in [e.name for e in Experiment.list(ws, tags="team")]


def flow_archive(t):
    """An archived experiment is listed only where it is asked for, and comes back"""
    from azureml.core.experiment import ViewType

    ws = t.workspace()
    name = t.name("archived")
    experiment = Experiment(ws, name)
    experiment.archive()
    assert experiment.archived_time is not None

    def listed(**view):
        return name in [e.name for e in Experiment.list(ws, **view)]

    assert not listed()
    assert listed(view_type=ViewType.All) and listed(view_type=ViewType.ArchivedOnly)
    assert not listed(view_type=ViewType.ActiveOnly)
    assert Experiment(ws, name).archived_time is not None
    experiment.reactivate()
    assert experiment.archived_time is None
    assert listed() and not listed(view_type=ViewType.ArchivedOnly)


def flow_delete(t):
    """`Experiment.delete` removes an experiment without runs, and refuses one that has some"""
    ws = t.workspace()
    name = t.name("deleted")
    empty = Experiment(ws, name)
    Experiment.delete(ws, empty.id)
    assert name not in [e.name for e in Experiment.list(ws)]
    assert Experiment(ws, name).id != empty.id

    full = Experiment(ws, t.name("full"))
    t.start(full).complete()
    try:
        Experiment.delete(ws, full.id)
    except Exception as error:
        assert "has runs" in str(error), error
    else:
        raise AssertionError("an experiment with runs was deleted")
    assert Experiment(ws, full.name).id == full.id


flow_delete.since = "1.18"

# Before, an experiment has a name alone, and is there with its first run.
for _flow in (flow_get_or_create, flow_list, flow_tags, flow_archive):
    _flow.since = "1.0.85"
