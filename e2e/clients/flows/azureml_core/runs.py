"""Interactive runs with azureml-core: made, described, ended."""
from azureml.core import Experiment, Run


def started(t, **more):
    return t.start(Experiment(t.workspace(), t.name("runs")), **more)


def again(run):
    """The run as the service has it now."""
    return Run(run.experiment, run.id)


def flow_start_and_complete(t):
    """`start_logging`, `complete`: the run is Running, then Completed, with its times"""
    run = started(t)
    assert run.get_status() == "Running"
    assert run.number == 1, run.number
    assert getattr(run, "parent", None) is None
    run.complete()
    assert run.get_status() == "Completed"
    details = again(run).get_details()
    assert details["runId"] == run.id and details["status"] == "Completed", details
    assert details["startTimeUtc"] <= details["endTimeUtc"], details
    assert details["logFiles"] == {} or isinstance(details["logFiles"], dict)
    # A second end that says the same is no mistake.
    run.complete()
    assert run.get_status() == "Completed"


def flow_names(t):
    """Name, display name and description are kept"""
    run = started(t, display_name="At first")
    assert again(run).display_name == "At first", again(run).display_name
    run.display_name = "Shown"
    run.description = "What it is for, in *markdown*.\nTwo lines."
    assert run.display_name == "Shown"
    other = again(run)
    assert (other.display_name, other.description) == ("Shown", "What it is for, in *markdown*.\nTwo lines.")
    assert other.name.startswith("run_") or other.name, other.name
    run.complete()


flow_names.since = "1.30"


def flow_tags(t):
    """Tags are set, merged, changed and removed, whatever is in them"""
    run = started(t)
    odd = {"a b": "x y", "path/to.it": 'say "hi" it\'s', "\u00e9": "\u00fc\U0001F600", "long": "x" * 100000}
    run.tag("alone")
    run.tag("k", "v")
    run.tag("n", 3)
    run.set_tags(odd)
    run.tag("k", "w")
    tags = again(run).get_tags()
    assert tags["k"] == "w" and tags["n"] == "3" and not tags["alone"], tags.keys()
    for key, value in odd.items():
        assert tags[key] == value, key
    if hasattr(run, "remove_tags"):
        run.remove_tags(["k", "a b", "nowhere"])
        tags = again(run).get_tags()
        assert "k" not in tags and "a b" not in tags and "n" in tags, tags.keys()
    run.complete()


def flow_properties(t):
    """Properties are added and never change: the same again is fine, another value is refused"""
    run = started(t)
    run.add_properties({"author": "me", "azureml.odd/key": "1"})
    run.add_properties({"author": "me", "more": "2"})
    assert again(run).get_properties()["azureml.odd/key"] == "1"
    try:
        run.add_properties({"author": "you"})
    except Exception as error:
        assert "author" in str(error) or t.first and "Bad Request" in str(error), error
    else:
        raise AssertionError("a property was changed")
    properties = again(run).get_properties()
    assert (properties["author"], properties["more"]) == ("me", "2"), properties
    run.complete()


def flow_fail(t):
    """`fail` ends the run as Failed, with the message and the code that were given"""
    run = started(t)
    run.fail(error_details="It broke: \u00e9", error_code="MyCode")
    assert run.get_status() == "Failed"
    error = again(run).get_details()["error"]["error"]
    assert error["message"] == "It broke: \u00e9" and error["code"] == "MyCode", error


def flow_cancel(t):
    """`cancel` ends an interactive run as Canceled, and disturbs none that has ended"""
    run = started(t)
    run.cancel()
    assert run.get_status() == "Canceled"
    done = started(t)
    done.complete()
    try:
        again(done).cancel()
    except Exception as error:
        assert "Completed" in str(error), error
    assert again(done).get_status() == "Completed"


def flow_with_block(t):
    """`with run:` completes, and tells what was raised in it"""
    experiment = Experiment(t.workspace(), t.name("with"))
    with t.start(experiment) as run:
        run.tag("inside", "yes")
    assert again(run).get_status() == "Completed"
    try:
        with t.start(experiment) as broken:
            raise ValueError("no such thing")
    except ValueError:
        pass
    assert again(broken).get_status() == "Failed"
    error = again(broken).get_details()["error"]["error"]
    # The first releases tell no more than that it failed.
    assert t.first or "ValueError" in error["message"] and "no such thing" in error["message"], error


def flow_get(t):
    """`Run.get`, `workspace.get_run`, `Run(experiment, id)`; an unknown run is told as such"""
    ws = t.workspace()
    run = started(t)
    assert Run.get(ws, run.id).id == run.id
    assert ws.get_run(run.id).experiment.name == run.experiment.name
    assert again(run).get_status() == "Running"
    try:
        Run.get(ws, "nobody")
    except Exception as error:
        assert "nobody" in str(error), error
    else:
        raise AssertionError("a run that nobody made was found")
    run.complete()


flow_get.since = "1.19"


def flow_own_id(t):
    """A run under an id of the caller's own"""
    name = t.name("own")
    run = started(t, run_id=name)
    assert run.id == name and again(run).get_status() == "Running"
    run.complete()


def flow_warning_and_heartbeat(t):
    """Warnings and heartbeats of a run; the token that it may use"""
    run = started(t)
    client = run._client.run
    client.post_event_warning("data", "Some rows were left out.")
    client.post_event_warning("data", "Some rows were left out.")
    client.post_event_heartbeat(120)
    warnings = again(run).get_details()["warnings"]
    assert [(w["source"], w["message"]) for w in warnings] == [("data", "Some rows were left out.")], warnings
    assert again(run).get_status() == "Running"
    token = client.get_token()
    assert token.token.count(".") == 2 and token.expiry_time_utc is not None, token
    run.complete()


def flow_silent_run(t):
    """A run whose heartbeats stop is NotResponding, and comes back with the next one"""
    run = started(t)
    client = run._client.run
    client.post_event_heartbeat(1)
    t.until("the run to be NotResponding", lambda: again(run).get_status() == "NotResponding", 15)
    client.post_event_heartbeat(120)
    assert again(run).get_status() == "Running"
    run.complete()
    assert again(run).get_status() == "Completed"


def flow_get_context_outside(t):
    """`Run.get_context()` outside a run is an offline run that talks to nobody"""
    context = Run.get_context()
    assert context.id.startswith("OfflineRun"), context.id
    context.log("a", 1)
    if not t.first:
        context.tag("b", "c")
    context.complete()


# Before, a run fails without words, warns of nothing, and only a submitted one is cancelled.
for _flow in (flow_fail, flow_cancel, flow_warning_and_heartbeat):
    _flow.since = "1.0.85"
