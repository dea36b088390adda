"""Workspaces and compute targets, as scripts open, list and make them."""
import os


def flow_open(t):
    """Open a workspace by its names"""
    ws = t.workspace()
    subscription, group, name = t.scope
    assert (ws.subscription_id, ws.resource_group, ws.name) == (subscription, group, name)
    # The service was found by the variables alone: all its addresses are of that one port.
    if hasattr(ws, "service_context"):
        assert ws.service_context._get_run_history_url() == "https://" + t.url.split("://", 1)[1]


def flow_details(t):
    """Details of a workspace"""
    details = t.workspace().get_details()
    assert details["name"] == t.scope[2]
    assert details["type"] == "Microsoft.MachineLearningServices/workspaces"
    assert len(details["workspaceid"]) == 36
    assert details["id"].lower().endswith("/workspaces/" + t.scope[2].lower())


def flow_any_case(t):
    """Names of a workspace in another case are the same workspace"""
    from azureml.core import Workspace

    subscription, group, name = t.scope
    other = Workspace(subscription.upper(), group.upper(), name.upper())
    assert other.get_details()["workspaceid"] == t.workspace().get_details()["workspaceid"]


def flow_config(t):
    """Write a config.json and open the workspace by it"""
    from azureml.core import Workspace

    folder = t.folder({"src/deep/train.py": ""})
    t.workspace().write_config(folder)
    before = os.getcwd()
    os.chdir(os.path.join(folder, "src", "deep"))
    try:
        assert Workspace.from_config().name == t.scope[2]
    finally:
        os.chdir(before)


def flow_get(t):
    """Workspace.get"""
    from azureml.core import Workspace

    subscription, group, name = t.scope
    assert Workspace.get(name, subscription_id=subscription, resource_group=group).name == name


def flow_list(t):
    """List the workspaces of a subscription and of a group"""
    from azureml.core import Workspace

    subscription, group, name = t.scope
    for found in (Workspace.list(subscription), Workspace.list(subscription, resource_group=group)):
        assert [ws.resource_group for ws in found[name]] == [group], found


def flow_create(t):
    """Make a workspace in a new resource group"""
    from azureml.core import Workspace

    name, group = t.name("ws"), t.name("rg")
    made = Workspace.create(
        name, subscription_id=t.scope[0], resource_group=group, location="westeurope", create_resource_group=True
    )
    assert (made.name, made.resource_group) == (name, group)
    assert made.get_details()["workspaceid"] != t.workspace().get_details()["workspaceid"]
    assert [ws.name for ws in Workspace.list(t.scope[0], resource_group=group)[name]] == [name]


def flow_create_exist_ok(t):
    """Make a workspace that is there already"""
    from azureml.core import Workspace
    from azureml.exceptions import WorkspaceException

    subscription, group, name = t.scope
    same = Workspace.create(name, subscription_id=subscription, resource_group=group, exist_ok=True)
    assert same.get_details()["workspaceid"] == t.workspace().get_details()["workspaceid"]
    try:
        Workspace.create(name, subscription_id=subscription, resource_group=group)
    except WorkspaceException as error:
        assert "already exists" in str(error)
    else:
        raise AssertionError("a second workspace of the same name was made")


def flow_unknown(t):
    """A workspace that does not exist is told as such, at once"""
    from azureml.core import Workspace
    from azureml.exceptions import ProjectSystemException

    try:
        Workspace(t.scope[0], t.scope[1], t.name("nobody"))
    except ProjectSystemException as error:
        # The client has words of its own for this answer.
        assert "Workspace not found" in str(error), error
    else:
        raise AssertionError("it was opened")


def flow_unknown_subscription(t):
    """A subscription that does not exist is told, with those there are"""
    from azureml.core import Workspace

    try:
        Workspace("99999999-9999-9999-9999-999999999999", t.scope[1], t.scope[2])
    except Exception as error:  # Its class is another one in each version.
        assert "99999999-9999" in str(error) and t.scope[0] in str(error), error
    else:
        raise AssertionError("it was opened")


def flow_compute_targets(t):
    """Compute targets of the settings, all and by name"""
    from azureml.core.compute import AmlCompute, ComputeTarget

    ws = t.workspace()
    assert "cpu-cluster" in ws.compute_targets, ws.compute_targets
    target = ComputeTarget(ws, "cpu-cluster")
    assert isinstance(target, AmlCompute) and target.name == "cpu-cluster"
    assert target.provisioning_state == "Succeeded"
    assert target.get_status().allocation_state == "Steady"
    assert target.scale_settings.maximum_node_count >= 1


def flow_unknown_compute(t):
    """A compute target that does not exist: the usual try, and what making one says"""
    from azureml.core.compute import AmlCompute, ComputeTarget
    from azureml.core.compute_target import ComputeTargetException

    ws = t.workspace()
    try:
        ComputeTarget(ws, "gpu-cluster")
    except ComputeTargetException as error:
        assert "ComputeTargetNotFound" in str(error), error
    else:
        raise AssertionError("it was found")
    try:
        ComputeTarget.create(ws, "gpu-cluster", AmlCompute.provisioning_configuration(vm_size="STANDARD_NC6", max_nodes=2))
    except ComputeTargetException as error:
        assert "--target" in str(error), error
    else:
        raise AssertionError("it was made")


def flow_delete_refused(t):
    """Deleting a workspace is refused, with what to do instead"""
    ws = t.workspace()
    try:
        ws.delete()
    except Exception as error:  # Its class is another one in each version.
        assert "data folder" in str(error), error
    else:
        raise AssertionError("it was deleted")
    assert ws.get_details()["name"] == t.scope[2]
