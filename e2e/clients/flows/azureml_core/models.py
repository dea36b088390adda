"""Registered models."""
import inspect
import os

from azureml.core import Experiment
from azureml.core.model import Model


LIST = inspect.signature(Model.list).parameters


def framework(name, version=None):
    """What tells the framework of a model, where the client knows of one."""
    if not hasattr(Model, "Framework"):
        return {}
    told = {"model_framework": getattr(Model.Framework, name)}
    return dict(told, model_framework_version=version) if version else told


def refusal(call):
    try:
        call()
    except Exception as error:
        return str(error)
    raise AssertionError("was not refused")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def from_folder(t, folder, **ask):
    """Registers from a folder: the client takes paths below its current folder alone."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        return Model.register(t.workspace(), **ask)
    finally:
        os.chdir(before)


def made(t, name, **more):
    return from_folder(t, t.folder({"model.bin": b"weights"}), model_path="model.bin", model_name=name, **more)


def flow_register_file(t):
    """Register a model from a local file, get it by name, version and id, and download it"""
    workspace = t.workspace()
    name = t.name("model")
    model = made(
        t,
        name,
        tags={"area": "diabetes"},
        properties={"made_by": "flow"},
        description="Ridge regression",
        **framework("SCIKITLEARN", "1.5")
    )
    assert (model.name, model.version, model.id) == (name, 1, name + ":1"), model.id
    assert made(t, name).version == 2
    assert Model(workspace, name).version == 2
    for again in (Model(workspace, name, version=1), Model(workspace, id=name + ":1")):
        assert again.tags == {"area": "diabetes"} and again.properties == {"made_by": "flow"}
        assert again.description == "Ridge regression"
        assert again.created_time is not None
        if framework("SCIKITLEARN"):
            assert (again.model_framework, again.model_framework_version) == ("ScikitLearn", "1.5")
            assert again.run_id is None
    target = t.folder({})
    path = model.download(target)
    assert path == os.path.join(target, "model.bin"), path
    assert read(path) == b"weights"
    said = refusal(lambda: model.download(target))
    assert "already exists" in said, said
    model.download(target, exist_ok=True)


def flow_register_folder(t):
    """Register a model from a local folder and download it with its folders"""
    folder = t.folder({"net/model.bin": b"1", "net/sub/part one.txt": b"2", "other.txt": b"3"})
    model = from_folder(t, folder, model_path="net", model_name=t.name("model"))
    target = t.folder({})
    path = model.download(target)
    assert path == os.path.join(target, "net"), path
    assert read(os.path.join(path, "model.bin")) == b"1"
    assert read(os.path.join(path, "sub", "part one.txt")) == b"2"
    assert not os.path.exists(os.path.join(target, "other.txt"))


def flow_register_of_run(t):
    """Register a model from a run's outputs and find the run from it"""
    workspace = t.workspace()
    experiment = Experiment(workspace, t.name())
    run = t.start(experiment)
    folder = t.folder({"model.pkl": b"weights", "more/a.txt": b"a", "more/b.txt": b"b"})
    run.upload_file("outputs/model.pkl", os.path.join(folder, "model.pkl"))
    run.upload_folder("outputs/more", os.path.join(folder, "more"))
    name = t.name("model")
    model = run.register_model(name, model_path="outputs/model.pkl", tags={"a": "1"}, properties={"p": "2"})
    assert (model.version, model.run_id, model.experiment_name) == (1, run.id, experiment.name)
    path = model.download(t.folder({}))
    assert os.path.basename(path) == "model.pkl" and read(path) == b"weights"
    whole = run.register_model(name, model_path="outputs/more")
    assert whole.version == 2
    target = whole.download(t.folder({}))
    assert sorted(os.listdir(target)) == ["a.txt", "b.txt"], os.listdir(target)
    assert [one.id for one in Model.list(workspace, run_id=run.id)] == [name + ":2", name + ":1"]
    assert Model(workspace, name).run.id == run.id
    said = refusal(lambda: run.register_model(name, model_path="outputs/none"))
    assert "outputs/none" in said, said
    run.complete()


def flow_list(t):
    """List models by name, tags, properties and framework, all versions or the latest"""
    workspace = t.workspace()
    name = t.name("model")
    other = t.name("model")
    made(t, name, tags={"k": "v"}, **framework("ONNX"))
    made(t, name, tags={"k": "w", "only": "x y=z"}, properties={"p": "q"})
    made(t, other, tags={"k": "v"})

    def ids(**ask):
        return [one.id for one in Model.list(workspace, **ask) if one.name in (name, other)]

    assert ids() == [other + ":1", name + ":2", name + ":1"], ids()
    assert ids(name=name) == [name + ":2", name + ":1"]
    if "latest" in LIST:
        assert ids(latest=True) == [other + ":1", name + ":2"]
    assert ids(tags=[["k", "v"]]) == [other + ":1", name + ":1"]
    assert ids(tags=["only", ["k", "w"]]) == [name + ":2"]
    assert ids(tags=[["only", "x y=z"]]) == [name + ":2"]
    assert ids(properties=["p"]) == [name + ":2"]
    assert ids(properties=[["p", "other"]]) == []
    assert Model(workspace, name, tags=[["k", "v"]]).version == 1
    assert workspace.models[name].version == 2


def flow_many(t):
    """List more models than fit into a page"""
    workspace = t.workspace()
    name = t.name("model")
    first = made(t, name)
    page = {"page_count": 20, "expand": False} if "page_count" in LIST else {}
    count = 25 if page else 105  # Others take pages as large as the service makes them.
    for _ in range(count - 1):
        Model._register_with_asset(workspace, name, first.url[len("aml://asset/") :])
    listed = Model.list(workspace, name=name, **page)
    assert [one.version for one in listed] == list(range(count, 0, -1)), [one.version for one in listed]


def flow_update(t):
    """Change a model's tags, description and properties"""
    workspace = t.workspace()
    name = t.name("model")
    model = made(t, name, tags={"a": "1"}, properties={"p": "1"})
    described = "description" in inspect.signature(Model.update).parameters
    model.update(tags={"b": "2"}, **({"description": "new"} if described else {}))
    again = Model(workspace, name)
    assert again.tags == {"b": "2"}, again.tags
    assert not described or again.description == "new", again.description
    again.add_tags({"c": "3"})
    again.add_properties({"q": "2"})
    assert Model(workspace, name).tags == {"b": "2", "c": "3"}
    assert Model(workspace, name).properties == {"p": "1", "q": "2"}
    again.remove_tags(["b"])
    assert Model(workspace, name).tags == {"c": "3"}
    said = refusal(lambda: again.add_properties({"p": "other"}))
    assert "p" in said
    assert Model(workspace, name).properties == {"p": "1", "q": "2"}


def flow_delete(t):
    """Delete a model; its version number is not used again"""
    workspace = t.workspace()
    name = t.name("model")
    made(t, name)
    second = made(t, name)
    second.delete()
    assert Model(workspace, name).version == 1
    said = refusal(lambda: Model(workspace, id=name + ":2"))
    assert "ModelNotFound" in said or "not found" in said, said
    assert made(t, name).version == 3


def flow_delete_twice(t):
    """Delete a model that is deleted already"""
    model = made(t, t.name("model"))
    model.delete()
    model.delete()


flow_delete_twice.cannot = {"1.0.10": "This client takes the answer that there is no such model (204) for an error."}


def flow_model_path(t):
    """Get the path of a model, from the service into the folder azureml-models"""
    workspace = t.workspace()
    name = t.name("model")
    made(t, name)
    made(t, name)
    before = os.getcwd()
    os.chdir(t.folder({}))
    try:
        path = Model.get_model_path(name, _workspace=workspace)
        assert path.replace(os.sep, "/") == "azureml-models/%s/2/model.bin" % name, path
        assert read(path) == b"weights"
        path = Model.get_model_path(name, version=1, _workspace=workspace)
        assert "/1/" in path.replace(os.sep, "/"), path
    finally:
        os.chdir(before)


def flow_inside_a_run(t):
    """Register a model inside a submitted run and get its path there"""
    workspace = t.workspace()
    experiment = Experiment(workspace, t.name())
    name = t.name("model")
    script = """
import os
from azureml.core import Run
from azureml.core.model import Model
run = Run.get_context()
os.makedirs("outputs", exist_ok=True)
with open("outputs/model.bin", "w") as file:
    file.write("weights")
run.upload_file("outputs/model.bin", "outputs/model.bin")
model = run.register_model("{0}", model_path="outputs/model.bin", tags={{"from": "inside"}})
assert model.version == 1, model.version
path = Model.get_model_path("{0}")
with open(path) as file:
    assert file.read() == "weights"
print("registered", model.id)
""".format(name)
    run = t.submit(experiment, {"main.py": script})
    t.ended(run)
    assert run.get_status() == "Completed"
    model = Model(workspace, name)
    assert (model.version, model.tags) == (1, {"from": "inside"})
    if "run_id" in LIST:
        assert model.run_id == run.id
        assert [one.id for one in Model.list(workspace, run_id=run.id)] == [name + ":1"]


def flow_missing(t):
    """A model that is not there is refused in plain words"""
    workspace = t.workspace()
    name = t.name("model")
    said = refusal(lambda: Model(workspace, name))
    assert "ModelNotFound" in said and name in said, said
    said = refusal(lambda: Model(workspace, id=name))
    assert "ModelNotFound" in said, said
    assert Model.list(workspace, name=name) == []


def flow_no_datasets(t):
    """Datasets are refused at once, in plain words"""
    from azureml.core import Dataset

    workspace = t.workspace()
    said = refusal(lambda: Dataset.get_by_name(workspace, t.name("dataset")))
    assert said
    said = refusal(lambda: dict(workspace.datasets))
    assert said


# Before, models have no run and runs no folders, and there are no datasets.
for flow in (flow_register_of_run, flow_no_datasets):
    flow.since = "1.0.85"
