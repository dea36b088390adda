"""What a user of the v1 SDK does with data, against a real service: each function is a test of sdk.test.ts. See clients/run_flow.py
for the tools that they are given.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "clients"))

import run_flow  # noqa: E402

EXAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "data")


def submit(t, files, config, script="main.py", arguments=None):
    from azureml.core import Experiment

    run = t.submit(Experiment(t.workspace(), t.name()), files, script=script, arguments=arguments, config=config)
    t.ended(run)
    return run


def log(run):
    return run.get_details_with_logs()["logFiles"]


def blobs(t, datastore, prefix):
    """What lies in a datastore below a prefix, by path."""
    target = t.folder({})
    datastore.download(target, prefix=prefix, show_progress=False)
    found = {}
    for at, _, names in os.walk(target):
        for name in names:
            path = os.path.join(at, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, os.path.join(target, prefix))] = file.read().decode("utf-8")
    return found


def put(t, datastore, files):
    place = t.name("in")
    datastore.upload(t.folder(files), target_path=place, show_progress=False)
    return place


SHOW = """
import os, sys
print("argument", sys.argv[1] if len(sys.argv) > 1 else None)
where = os.environ[sys.argv[2]] if len(sys.argv) > 2 else sys.argv[1]
print("same", where == sys.argv[1])
for at, folders, names in os.walk(where, followlinks=True):
    for name in sorted(names):
        print("file", os.path.relpath(os.path.join(at, name), where), repr(open(os.path.join(at, name)).read()))
if os.path.isfile(where):
    print("is a file", repr(open(where).read()))
"""


def flow_download(t):
    datastore = t.workspace().get_default_datastore()
    place = put(t, datastore, {"a.txt": "one", "deep er/b ü%20.txt": "two", "empty": ""})
    reference = datastore.path(place).as_download()
    config = t.run_config()
    config.data_references["x"] = reference.to_config()
    run = submit(t, {"main.py": SHOW}, config, arguments=["$AZUREML_DATAREFERENCE_x", "AZUREML_DATAREFERENCE_x"])
    assert run.get_status() == "Completed", run.get_details_with_logs()
    said = log(run)["user_logs/std_log.txt"]
    for line in ("same True", "file a.txt 'one'", "file deep er/b ü%20.txt 'two'", "file empty ''"):
        assert line in said, said
    assert said.split("argument ")[1].splitlines()[0].endswith("/project/workspaceblobstore/" + place), said
    told = log(run)["azureml-logs/65_job_prep.txt"]
    assert "x: 3 files, 6 bytes." in told, told


def flow_download_of_a_file(t):
    datastore = t.workspace().get_default_datastore()
    place = put(t, datastore, {"a.txt": "one", "b.txt": "two"})
    reference = datastore.path(place + "/b.txt").as_download(path_on_compute="here/../there")
    config = t.run_config()
    config.data_references["x"] = reference.to_config()
    script = SHOW + "print(os.listdir('workspaceblobstore/there/' + %r))" % place
    run = submit(t, {"main.py": script}, config, arguments=[str(reference).replace(reference.data_reference_name, "x")])
    said = log(run)["user_logs/std_log.txt"]
    assert "is a file 'two'" in said and "['b.txt']" in said, said


def flow_mount(t):
    datastore = t.workspace().get_default_datastore()
    place = put(t, datastore, {"a.txt": "one"})
    reference = datastore.path(place).as_mount()
    config = t.run_config()
    config.data_references["m"] = reference.to_config()
    script = SHOW + "os.makedirs(where + '/new/x'); open(where + '/new/x/made.txt', 'w').write('by the run')"
    run = submit(t, {"main.py": script}, config, arguments=["$AZUREML_DATAREFERENCE_m", "AZUREML_DATAREFERENCE_m"])
    assert run.get_status() == "Completed", log(run)
    assert "file a.txt 'one'" in log(run)["user_logs/std_log.txt"]
    assert blobs(t, datastore, place) == {"a.txt": "one", "new/x/made.txt": "by the run"}


def flow_azure_mount(t):
    from azureml.core import Datastore
    from azureml.core.runconfig import Data, DataLocation, DataPath
    from azureml.data import OutputFileDatasetConfig

    account, key, endpoint = (os.environ["DATA_" + name] for name in ("ACCOUNT", "KEY", "ENDPOINT"))
    store = Datastore.register_azure_blob_container(
        t.workspace(), t.name("azure"), os.environ["DATA_CONTAINER"], account, account_key=key, endpoint=endpoint,
        protocol="http", skip_validation=True,
    )
    config = t.run_config()
    config.data_references["m"] = store.path("texts").as_mount().to_config()
    config.data["kept"] = Data(
        DataLocation(data_path=DataPath(store.name, "texts/one.txt")), mechanism="mount", environment_variable_name="kept"
    )
    out = OutputFileDatasetConfig("out", destination=(store, "made/{run-id}"))
    script = SHOW + """
out = sys.argv[3]
os.makedirs(out + "/deep er")
held = open(out + "/deep er/ü 'a'.txt", "w")
held.write("by the run")
open(out + "/b.txt", "w").write("first")
open(out + "/b.txt", "a").write(", more")
print("kept", repr(open(os.environ["kept"]).readline()))
try:
    open(os.environ["kept"], "a")
except OSError as error:
    print("refused", error.strerror)
held.flush()
os._exit(0)
"""
    script = script.replace("import os, sys", "import functools, os, sys\nprint = functools.partial(print, flush=True)", 1)
    run = submit(t, {"main.py": script}, config, arguments=["$AZUREML_DATAREFERENCE_m", "AZUREML_DATAREFERENCE_m", out])
    assert run.get_status() == "Completed", log(run)
    said = log(run)["user_logs/std_log.txt"]
    for line in (
        "file one.txt 'the cat and the dog\\n'", "file more/two.txt 'the owl\\n'", "kept 'the cat and the dog\\n'",
        "refused Read-only file system",
    ):
        assert line in said, said
    assert not run.get_details().get("warnings"), run.get_details()
    assert key not in str(run.get_details_with_logs()) and "sig=" not in str(run.get_details_with_logs())

    config = t.run_config()
    config.data_references["i"] = store.path("made/" + run.id).as_download().to_config()
    run = submit(t, {"main.py": SHOW}, config, arguments=["$AZUREML_DATAREFERENCE_i"])
    said = log(run)["user_logs/std_log.txt"]
    assert "file deep er/ü 'a'.txt 'by the run'" in said and "file b.txt 'first, more'" in said, said


UPLOAD = """
import os, sys
os.makedirs("results/sub", exist_ok=True)
open("results/one.txt", "w").write("1")
open("results/sub/two ü.txt", "w").write("2")
os.symlink("/etc/hostname", "results/leads-out")
if len(sys.argv) > 1:
    sys.exit(int(sys.argv[1]))
"""


def flow_upload(t):
    datastore = t.workspace().get_default_datastore()
    place = t.name("out")
    config = t.run_config()
    config.data_references["u"] = datastore.path(place).as_upload(path_on_compute="results").to_config()
    run = submit(t, {"main.py": UPLOAD}, config)
    assert run.get_status() == "Completed", log(run)
    assert blobs(t, datastore, place) == {"one.txt": "1", "sub/two ü.txt": "2"}
    assert "u: 2 files, 2 bytes." in log(run)["azureml-logs/75_job_post.txt"]


def flow_upload_after_a_failure(t):
    datastore = t.workspace().get_default_datastore()
    place = put(t, datastore, {"one.txt": "was there"})
    config = t.run_config()
    config.data_references["u"] = datastore.path(place).as_upload(path_on_compute="results").to_config()
    run = submit(t, {"main.py": UPLOAD}, config, arguments=["3"])
    assert run.get_status() == "Failed"
    assert run.properties["malachite.exitCode"] == "3", run.properties
    assert blobs(t, datastore, place) == {"one.txt": "was there", "sub/two ü.txt": "2"}
    warnings = [warning["message"] for warning in run.get_details()["warnings"]]
    assert any("one.txt' was not sent to the datastore 'workspaceblobstore'" in text for text in warnings), warnings


def flow_outputs(t):
    from azureml.data import OutputFileDatasetConfig

    datastore = t.workspace().get_default_datastore()
    place = t.name("out")
    up = OutputFileDatasetConfig("up", destination=(datastore, place + "/{run-id}/{output-name}")).as_upload(
        overwrite=True, source_globs=["*.txt"]
    )
    plain = OutputFileDatasetConfig("plain")
    script = """
import os, sys
up, plain = sys.argv[1], sys.argv[3]
assert os.environ["up"] == up and os.environ["UP"] == up and os.environ["AZUREML_DATAREFERENCE_up"] == up, up
os.makedirs(up + "/deep")
open(up + "/deep/a.txt", "w").write("a")
open(up + "/b.bin", "w").write("b")
open(plain + "/c.txt", "w").write("c")
"""
    run = submit(t, {"main.py": script}, t.run_config(), arguments=[up, "--", plain])
    assert run.get_status() == "Completed", log(run)
    assert blobs(t, datastore, "%s/%s/up" % (place, run.id)) == {"deep/a.txt": "a"}
    assert blobs(t, datastore, "dataset/%s/plain" % run.id) == {"c.txt": "c"}


def flow_inputs(t):
    from azureml.core.runconfig import Data, DataLocation, DataPath, Uri

    datastore = t.workspace().get_default_datastore()
    place = put(t, datastore, {"a.txt": "one"})
    config = t.run_config()
    location = DataLocation(data_path=DataPath(datastore.name, place))
    config.data["texts"] = Data(location, mechanism="download", environment_variable_name="texts", path_on_compute="in/texts")
    script = SHOW + "assert os.environ['TEXTS'] == where and where.endswith('/project/in/texts'), where"
    run = submit(t, {"main.py": script}, config, arguments=["DatasetConsumptionConfig:texts", "texts"])
    assert run.get_status() == "Completed", log(run)
    assert "file a.txt 'one'" in log(run)["user_logs/std_log.txt"]

    config = t.run_config()
    uri = Uri(os.environ["DATA_URI"], True)
    uri._initialized = True
    config.data["page"] = Data(DataLocation(uri=uri), mechanism="download", environment_variable_name="page")
    run = submit(t, {"main.py": SHOW}, config, arguments=["DatasetConsumptionConfig:page"])
    assert run.get_status() == "Completed", log(run)
    assert "is a file 'from the web'" in log(run)["user_logs/std_log.txt"], log(run)


def flow_azure(t):
    from azureml.core import Datastore

    account, key, endpoint = (os.environ["DATA_" + name] for name in ("ACCOUNT", "KEY", "ENDPOINT"))
    store = Datastore.register_azure_blob_container(
        t.workspace(), t.name("azure"), os.environ["DATA_CONTAINER"], account, account_key=key, endpoint=endpoint,
        protocol="http", skip_validation=True,
    )
    config = t.run_config()
    config.data_references["i"] = store.path("texts").as_download().to_config()
    config.data_references["o"] = store.path("counts").as_upload(path_on_compute="counted").to_config()
    with open(os.path.join(EXAMPLE, "count.py")) as file:
        files = {"count.py": file.read()}
    run = submit(
        t, files, config, script="count.py", arguments=["--texts", "$AZUREML_DATAREFERENCE_i", "--counts", "counted"]
    )
    assert run.get_status() == "Completed", log(run)
    assert "2 files, 7 words" in log(run)["user_logs/std_log.txt"]
    assert "o: 1 files" in log(run)["azureml-logs/75_job_post.txt"], log(run)

    wrong = Datastore.register_azure_blob_container(
        t.workspace(), t.name("azure"), os.environ["DATA_CONTAINER"], account, account_key="d3Jvbmc=", endpoint=endpoint,
        protocol="http", skip_validation=True,
    )
    config = t.run_config()
    config.data_references["i"] = wrong.path("texts").as_download().to_config()
    run = submit(t, {"main.py": SHOW}, config)
    assert run.get_status() == "Failed"
    assert "the key is wrong" in run.get_details()["error"]["error"]["message"], run.get_details()["error"]
    assert "d3Jvbmc" not in str(run.get_details()), "the key is shown"


def flow_example(t):
    import shutil
    import subprocess

    folder = os.path.join(t.folder({}), "data")
    shutil.copytree(EXAMPLE, folder)
    environment = dict(os.environ, MALACHITE_TARGET="cpu-cluster")
    said = subprocess.run(
        [sys.executable, "-W", "ignore", os.path.join(folder, "submit.py")], env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, universal_newlines=True,
    )
    assert said.returncode == 0, said.stdout
    found = [os.path.join(at, name) for at, _, names in os.walk(os.path.join(folder, "result")) for name in names]
    assert len(found) == 1, (found, said.stdout)
    with open(found[0]) as file:
        assert file.read().startswith("the\t3\n"), said.stdout


def refused(t, change):
    config = t.run_config()
    change(config)
    try:
        submit(t, {"main.py": ""}, config)
    except Exception as error:
        return str(error)
    raise AssertionError("was not refused")


def flow_refusals(t):
    from azureml.core import Datastore
    from azureml.core.runconfig import DataReferenceConfiguration, Data, DataLocation, Dataset, Uri

    store = Datastore.register_azure_blob_container(t.workspace(), t.name("azure"), "c", "account", sas_token="?sig=x", skip_validation=True)
    share = Datastore.register_azure_file_share(t.workspace(), t.name("share"), "c", "account", account_key="a2V5", skip_validation=True)

    def page():
        uri = Uri(os.environ["DATA_URI"], True)
        uri._initialized = True
        return uri

    def reference(**words):
        return lambda config: config.data_references.update(x=DataReferenceConfiguration(**words))

    for change, words in (
        (reference(datastore_name="nowhere", mode="download"), ("dataReferences.x.dataStoreName", "no datastore 'nowhere'")),
        (
            lambda config: config.data.update(x=Data(DataLocation(uri=page()), mechanism="mount")),
            ("data.x.mechanism", "the web is not mounted here"),
        ),
        (reference(datastore_name=share.name, mode="download"), ("dataReferences.x", "AzureFile")),
        (reference(datastore_name="workspaceblobstore", path_on_datastore="../x"), ("pathOnDataStore", "inside the datastore")),
        (reference(datastore_name="workspaceblobstore", path_on_compute="/etc/x"), ("pathOnCompute", "dataRoot")),
        (
            lambda config: config.data.update(x=Data(DataLocation(dataset=Dataset("id-1")), mechanism="mount")),
            ("data.x.dataLocation.dataset", "Datasets are not served"),
        ),
    ):
        said = refused(t, change)
        for word in words:
            assert word in said, (word, said)


if __name__ == "__main__":
    name = sys.argv[1]
    error = run_flow.run(globals()["flow_" + name], run_flow.Tools("data", run_flow.parts(run_flow.version_of("azureml_core"))), 170)
    if error:
        print(error, file=sys.stderr)
        sys.exit(1)
