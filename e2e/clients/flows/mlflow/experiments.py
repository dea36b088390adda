"""Experiments with plain mlflow."""
import mlflow
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient


def clients(t):
    for kind in ("http", "https"):
        yield MlflowClient(t.tracking_uri(kind))


def refused(code, call, *args, **more):
    try:
        call(*args, **more)
    except MlflowException as error:
        assert error.error_code == code, error
        return str(error)
    raise AssertionError("was not refused")


def flow_create_and_get(t):
    """Experiments: create, get by id and by name, tags; a name that is taken; http and https"""
    for client in clients(t):
        name = t.name()
        made = client.create_experiment(name, tags={"team": "a"})
        found = client.get_experiment(made)
        assert (found.name, found.tags["team"], found.lifecycle_stage) == (name, "a", "active"), found
        assert found.creation_time and found.artifact_location
        assert client.get_experiment_by_name(name).experiment_id == made
        assert client.get_experiment_by_name(name + "-not") is None
        refused("RESOURCE_DOES_NOT_EXIST", client.get_experiment, "12345")
        refused("RESOURCE_ALREADY_EXISTS", client.create_experiment, name)
        refused("INVALID_PARAMETER_VALUE", client.create_experiment, t.name(), artifact_location="s3://bucket/x")
        client.set_experiment_tag(made, "team", "b")
        assert client.get_experiment(made).tags["team"] == "b"
        client.rename_experiment(made, name + "-new")
        assert client.get_experiment(made).name == name + "-new"


def flow_default(t):
    """A run without an experiment belongs to the one named Default, whose id is 0"""
    for client in clients(t):
        found = client.get_experiment("0")
        assert (found.experiment_id, found.name) == ("0", "Default"), found
        assert client.get_experiment_by_name("Default").experiment_id == "0"
        run = client.create_run("0")
        assert client.get_run(run.info.run_id).info.experiment_id == "0"
        refused("INVALID_PARAMETER_VALUE", client.delete_experiment, "0")


def flow_delete_and_restore(t):
    """Experiments: delete, restore; nothing is logged to a deleted one"""
    for client in clients(t):
        name = t.name()
        made = client.create_experiment(name)
        client.delete_experiment(made)
        assert client.get_experiment(made).lifecycle_stage == "deleted"
        said = refused("INVALID_PARAMETER_VALUE", client.create_run, made)
        assert "active" in said, said
        refused("RESOURCE_ALREADY_EXISTS", client.create_experiment, name)
        assert made not in [e.experiment_id for e in client.search_experiments(max_results=1000)]
        deleted = client.search_experiments(view_type=ViewType.DELETED_ONLY, filter_string="name = '%s'" % name)
        assert [e.experiment_id for e in deleted] == [made]
        client.restore_experiment(made)
        assert client.get_experiment(made).lifecycle_stage == "active"
        assert client.create_run(made).info.experiment_id == made


def flow_search(t):
    """search_experiments: filters, orders, pages"""
    for client in clients(t):
        mark = t.name("m")
        ids = [client.create_experiment("%s-%d" % (mark, i), tags={"n": str(i)}) for i in range(5)]
        found = client.search_experiments(filter_string="name LIKE '%s%%'" % mark, order_by=["name DESC"])
        assert [e.experiment_id for e in found] == ids[::-1]
        found = client.search_experiments(filter_string="name LIKE '%s%%' AND tags.n = '3'" % mark)
        assert [e.experiment_id for e in found] == [ids[3]]
        found = client.search_experiments(filter_string="name ILIKE '%s%%'" % mark.upper())
        assert [e.experiment_id for e in found] == ids[::-1], "the newest come first"
        seen, token = [], None
        while True:
            page = client.search_experiments(
                filter_string="name LIKE '%s%%'" % mark, order_by=["name"], max_results=2, page_token=token
            )
            seen += [e.experiment_id for e in page]
            token = page.token
            if not token:
                break
        assert seen == ids
        said = refused("INVALID_PARAMETER_VALUE", client.search_experiments, filter_string="colour = 'red'")
        assert "position 1" in said, said
