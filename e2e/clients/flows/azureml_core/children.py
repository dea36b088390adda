"""Runs below runs with azureml-core."""
from azureml.core import Experiment, Run


def started(t):
    return t.start(Experiment(t.workspace(), t.name("family")))


def ids(runs):
    return sorted(run.id for run in runs)


def flow_child(t):
    """`child_run`: a child knows its parent, and the parent its child"""
    parent = started(t)
    child = parent.child_run(name="kid")
    assert child.get_status() == "Running"
    assert child.parent.id == parent.id
    assert child.name.endswith("kid"), child.name
    assert ids(parent.get_children()) == [child.id]
    child.complete()
    parent.complete()
    assert Run(child.experiment, child.id).get_status() == "Completed"


def flow_create_children(t):
    """`create_children` by count, and by the values of a tag"""
    parent = started(t)
    plain = parent.create_children(count=3)
    rates = parent.create_children(tag_key="lr", tag_values=["0.1", "0.2", "0.3"])
    assert len(plain) == 3 and len(rates) == 3
    assert all(child.get_status() == "Running" for child in plain + rates)
    assert sorted(child.get_tags()["lr"] for child in rates) == ["0.1", "0.2", "0.3"]
    assert ids(parent.get_children()) == ids(plain + rates)
    for child in plain + rates:
        child.complete()
    parent.complete()


def flow_many_children(t):
    """As many children as one request carries, twice"""
    parent = started(t)
    made = parent.create_children(count=100) + parent.create_children(count=100)
    assert len(set(child.id for child in made)) == 200
    assert ids(parent.get_children()) == ids(made)
    assert ids(parent.get_children(recursive=True)) == ids(made)
    parent.complete()


def flow_depth(t):
    """Descendants at every depth, from the root and from the middle"""
    root = started(t)
    middle = root.child_run(name="middle")
    leaf = middle.child_run(name="leaf")
    deep = leaf.child_run(name="deep")
    other = root.child_run(name="other")
    assert ids(root.get_children()) == ids([middle, other])
    assert ids(root.get_children(recursive=True)) == ids([middle, leaf, deep, other])
    assert ids(middle.get_children(recursive=True)) == ids([leaf, deep])
    assert ids(deep.get_children(recursive=True)) == []
    assert deep.parent.parent.id == middle.id
    for run in [deep, leaf, middle, other, root]:
        run.complete()


def flow_filters(t):
    """`get_children` by tags, properties, type and status"""
    parent = started(t)
    a, b, c = parent.create_children(count=3)
    a.tag("kind", "one two")
    b.tag("kind", "other")
    b.add_properties({"azureml.runsource": "azureml.scriptrun", "p": "1"})
    c.fail("enough")
    assert ids(parent.get_children(tags={"kind": "one two"})) == [a.id]
    assert ids(parent.get_children(tags="kind")) == ids([a, b])
    assert ids(parent.get_children(properties={"p": "1"})) == [b.id]
    assert ids(parent.get_children(status="Failed")) == [c.id]
    assert ids(parent.get_children(status="Running")) == ids([a, b])
    assert ids(parent.get_children(recursive=True, tags={"kind": "other"})) == [b.id]
    assert ids(parent.get_children(recursive=True, status="Failed")) == [c.id]
    assert ids(parent.get_children(recursive=True, type="azureml.scriptrun")) == [b.id]
    parent.complete()


def flow_with_children(t):
    """`with child:` inside `with parent:`"""
    experiment = Experiment(t.workspace(), t.name("nested"))
    with t.start(experiment) as parent:
        for number in range(3):
            with parent.child_run(name=str(number)) as child:
                child.tag("number", str(number))
    assert Run(experiment, parent.id).get_status() == "Completed"
    children = list(Run(experiment, parent.id).get_children())
    assert sorted(child.get_tags()["number"] for child in children) == ["0", "1", "2"]
    assert all(child.get_status() == "Completed" for child in children)


INSIDE = """
import sys
from azureml.core import Run

run = Run.get_context()
other = Run(run.experiment, sys.argv[1])
run.tag("other", other.get_status())
child = run.child_run(name="kid")
child.tag("made", "inside")
grandchildren = child.create_children(count=2)
for made in grandchildren + [child]:
    made.complete()
run.tag("below", str(len(list(run.get_children(recursive=True)))))
run.tag("seen", str(len(list(run.experiment.get_runs()))))
try:
    other.tag("changed", "yes")
except Exception as error:
    run.tag("refused", type(error).__name__)
"""


def flow_inside(t):
    """A submitted script makes runs below its own, reads the others, and changes none of them"""
    experiment = Experiment(t.workspace(), t.name("inside"))
    other = t.start(experiment)
    run = t.submit(experiment, {"main.py": INSIDE}, arguments=[other.id])
    t.ended(run)
    tags = Run(experiment, run.id).get_tags()
    assert (tags["other"], tags["below"], tags["seen"]) == ("Running", "3", "2"), tags
    assert "refused" in tags, tags
    assert "changed" not in Run(experiment, other.id).get_tags()
    (child,) = list(run.get_children())
    assert child.get_tags()["made"] == "inside" and child.get_status() == "Completed"
    other.complete()


# Before, there is child_run alone, and a child does not know its parent.
for _flow in (flow_child, flow_create_children, flow_many_children, flow_depth, flow_filters, flow_inside):
    _flow.since = "1.0.85"
