"""All that a user of the generated Python client does: the four operations, and what it is told when they are refused.

Use: python drive.py URL SUBSCRIPTION GROUP WORKSPACE INTERPRETER, with the generated package on PYTHONPATH.
Ends with 0 when every assertion holds.
"""
import io
import json
import os
import sys
import tempfile
import time
import urllib.parse
import urllib.request
import zipfile

import openapi_client
from openapi_client.models import RunDefinition

url, subscription, group, workspace, interpreter = sys.argv[1:]
configuration = openapi_client.Configuration(host=url, access_token="dev")
WHERE = (subscription, group, workspace, "generated client")
HISTORY = (
    f"{url}/history/v1.0/subscriptions/{subscription}/resourceGroups/{group}"
    f"/providers/Microsoft.MachineLearningServices/workspaces/{workspace}/runs/"
)


def definition(**configuration):
    python = {"interpreterPath": interpreter, "userManagedDependencies": True}
    return {"configuration": {"script": "main.py", "environment": {"python": python}, **configuration}}


def project(**files):
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_py", ".py"), text)
    return zipped.getvalue()


def get_run(run_id):
    request = urllib.request.Request(HISTORY + urllib.parse.quote(run_id), headers={"Authorization": "Bearer dev"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def wait(run_id, *statuses):
    deadline = time.monotonic() + 60
    while True:
        run = get_run(run_id)
        if run["status"] in statuses:
            return run
        assert time.monotonic() < deadline, (run_id, run["status"], statuses)
        time.sleep(0.05)


def refused(status, code, inner, call):
    """The client knows no model of a refusal: it raises ApiException, and the envelope is in its body."""
    try:
        call()
    except openapi_client.ApiException as error:
        assert error.status == status, (error.status, error.body)
        envelope = openapi_client.ErrorResponse.from_json(error.body)
        assert envelope.error.code == code, error.body
        deepest = envelope.error.inner_error
        while deepest.inner_error is not None:
            deepest = deepest.inner_error
        assert deepest.code == inner, error.body
        assert set(envelope.correlation) == {"operation", "request"}, error.body
        assert envelope.time is not None and envelope.environment and envelope.location, error.body
        return envelope.error
    raise AssertionError(f"not refused: {inner}")


with openapi_client.ApiClient(configuration) as client:
    api = openapi_client.ExecutionApi(client)
    two = project(main_py="import sys\nprint('hello', *sys.argv[1:])\n", slow_py="import time\ntime.sleep(600)\n")

    # startrun with bytes, and with the paths of files.
    first = api.runs_start_run(*WHERE, json.dumps(definition(arguments=["a"])).encode(), two).run_id
    assert first.startswith("generated_client_"), first
    wait(first, "Completed")
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("definition.json", "project.zip")]
        with open(paths[0], "w", encoding="utf-8") as file:
            json.dump(definition(), file)
        with open(paths[1], "wb") as file:
            file.write(two)
        answer = api.runs_start_run(*WHERE, paths[0], paths[1], run_id="by-path")
        assert answer.run_id == "by-path", answer
        again = api.runs_start_run(*WHERE, paths[0], paths[1], run_id="by-path")
        assert again.run_id == "by-path", again
    wait("by-path", "Completed")

    # snapshotrun, with the client's own models.
    snapshot = get_run(first)["properties"]["ContentSnapshotId"]
    model = RunDefinition.from_dict({**definition(arguments=["b"], maxRunDurationSeconds=100), "snapshotId": snapshot})
    assert api.runs_start_snapshot_run(*WHERE, model, run_id="snap").run_id == "snap"
    wait("snap", "Completed")

    # startlocalrun: the client asks for JSON and must be given the zip.
    bundle = api.runs_start_local_run(*WHERE, model, run_id="local")
    with zipfile.ZipFile(io.BytesIO(bytes(bundle))) as archive:
        assert archive.testzip() is None
        assert "azureml-setup/Invocation.sh" in archive.namelist(), archive.namelist()
    assert get_run("local")["status"] == "NotStarted"

    # cancel, of a run and of one that has ended.
    api.runs_start_run(*WHERE, json.dumps(definition(script="slow.py")).encode(), two, run_id="slow")
    wait("slow", "Running")
    assert api.runs_cancel_run_with_uri(*WHERE, "slow").run_id == "slow"
    wait("slow", "Canceled")
    assert api.runs_cancel_run_with_uri(*WHERE, "by-path").run_id == "by-path"
    assert get_run("by-path")["status"] == "Completed"

    # Refusals. The client checks no id and encodes no slash in a query: the service does.
    refused(404, "UserError", "RunNotFound", lambda: api.runs_cancel_run_with_uri(*WHERE, "nobody"))
    refused(400, "ValidationError", "InvalidRunId", lambda: api.runs_cancel_run_with_uri(*WHERE, "a/b"))
    refused(400, "ValidationError", "InvalidRunId", lambda: api.runs_start_snapshot_run(*WHERE, model, run_id="a/b"))
    other = RunDefinition.from_dict({**definition(arguments=["c"]), "snapshotId": snapshot})
    refused(409, "UserError", "RunIdTaken", lambda: api.runs_start_snapshot_run(*WHERE, other, run_id="snap"))
    lost = RunDefinition.from_dict({**definition(), "snapshotId": "00000000-0000-4000-8000-000000000000"})
    refused(404, "UserError", "SnapshotNotFound", lambda: api.runs_start_snapshot_run(*WHERE, lost))
    unknown = json.dumps(definition(target="gpu")).encode()
    error = refused(400, "ValidationError", "UnknownTarget", lambda: api.runs_start_run(*WHERE, unknown, two))
    assert "local" in error.message, error.message
    broken = json.dumps(definition()).encode()
    refused(400, "ValidationError", "BadArchive", lambda: api.runs_start_run(*WHERE, broken, b"no zip"))
    wrong = json.dumps(definition(nodeCount=0, maxRunDurationSeconds=-1)).encode()
    error = refused(400, "ValidationError", "InvalidDefinition", lambda: api.runs_start_run(*WHERE, wrong, two))
    targets = {detail.target for detail in error.details}
    assert targets == {"configuration.nodeCount", "configuration.maxRunDurationSeconds"}, targets

    # A name of an experiment may hold anything that a path segment can.
    odd = api.runs_start_snapshot_run(subscription, group, workspace, "a/b ü?#%", model, run_id="odd")
    assert odd.run_id == "odd"
    assert wait("odd", "Completed")["experimentId"]

with openapi_client.ApiClient(openapi_client.Configuration(host=url, access_token="wrong")) as client:
    api = openapi_client.ExecutionApi(client)
    refused(401, "UserError", "NotAuthenticated", lambda: api.runs_cancel_run_with_uri(*WHERE, "by-path"))
print("four operations, 11 refusals")
