"""Registered environments."""
from azureml.core.conda_dependencies import CondaDependencies

try:
    from azureml.core import Environment
except ImportError:
    Environment = None  # The first versions of the client have no registered environments.


def made(name, *packages):
    environment = Environment(name)
    environment.python.conda_dependencies = CondaDependencies.create(
        python_version="3.8", conda_packages=["numpy"], pip_packages=list(packages)
    )
    environment.environment_variables = {"Kept_As_It_Is": "1"}
    return environment


def flow_register(t):
    """Register an environment: the same content is the same version, another the next"""
    workspace = t.workspace()
    name = t.name("env")
    first = made(name, "a").register(workspace)
    assert (first.name, first.version) == (name, "1"), (first.name, first.version)
    assert made(name, "a").register(workspace).version == "1"
    assert made(name, "b").register(workspace).version == "2"
    again = Environment.get(workspace, name, version="1")
    again.version = None
    assert again.register(workspace).version == "1"
    again.python.user_managed_dependencies = True
    assert again.register(workspace).version == "3"


def flow_get(t):
    """Get an environment by name and version, whole"""
    workspace = t.workspace()
    name = t.name("env")
    sent = made(name, "one==1.0", "two")
    sent.docker.base_image = "example.invalid/base:1"
    sent.python.interpreter_path = "/usr/bin/python3"
    sent.register(workspace)
    made(name, "c").register(workspace)
    got = Environment.get(workspace, name, version="1")
    assert (got.name, got.version) == (name, "1")
    assert got.environment_variables == {"Kept_As_It_Is": "1"}, got.environment_variables
    assert got.docker.base_image == "example.invalid/base:1"
    assert got.python.interpreter_path == "/usr/bin/python3"
    pip = list(got.python.conda_dependencies.pip_packages)
    assert "one==1.0" in pip and "two" in pip, pip
    assert "numpy" in list(got.python.conda_dependencies.conda_packages)
    assert Environment.get(workspace, name).version == "2"


def flow_list(t):
    """List environments, each in its newest version"""
    workspace = t.workspace()
    names = [t.name("env") for _ in range(3)]
    for name in names:
        for package in ("a", "b"):
            made(name, package).register(workspace)
    listed = Environment.list(workspace)
    for name in names:
        assert listed[name].version == "2", listed[name]
    assert set(names) <= set(workspace.environments)


def flow_labels(t):
    """Label a version of an environment and get it by its label"""
    workspace = t.workspace()
    name = t.name("env")
    for package in ("a", "b"):
        made(name, package).register(workspace)
    assert Environment.get(workspace, name, label="latest").version == "2"
    Environment.label(workspace, name, "1", ["prod"])
    assert Environment.get(workspace, name, label="prod").version == "1"
    Environment.label(workspace, name, "2", ["prod"])
    assert Environment.get(workspace, name, label="prod").version == "2"


flow_labels.since = "1.30"


def refusal(call):
    try:
        call()
    except Exception as error:
        return str(error)
    raise AssertionError("was not refused")


def flow_missing(t):
    """An environment that is not there, or is Microsoft's curated one, is refused in plain words"""
    workspace = t.workspace()
    name = t.name("env")
    said = refusal(lambda: Environment.get(workspace, name))
    assert "404" in said and name in said, said
    said = refusal(lambda: Environment.get(workspace, "AzureML-Minimal"))
    assert "404" in said and "Curated" in said, said


def flow_version_is_kept(t):
    """A version of one's own never changes its content"""
    workspace = t.workspace()
    name = t.name("env")
    environment = made(name, "a")
    environment.version = "7"
    assert environment.register(workspace).version == "7"
    other = made(name, "b")
    other.version = "7"
    said = refusal(lambda: other.register(workspace))
    assert "409" in said and "another content" in said, said
    assert made(name, "b").register(workspace).version == "8"


# Before, the client sends no version: each registration gets a number.
flow_version_is_kept.since = "1.47"


def flow_no_images(t):
    """Images of environments are refused in plain words, at once"""
    workspace = t.workspace()
    environment = made(t.name("env"), "a").register(workspace)
    said = refusal(lambda: environment.get_image_details(workspace))
    assert "makes no images" in said, said
    said = refusal(lambda: environment.build(workspace))
    assert "makes no images" in said, said


def flow_run_by_name(t):
    """Submit a run whose configuration only names a registered environment"""
    from azureml.core import Experiment
    from azureml.core.environment import EnvironmentReference

    workspace = t.workspace()
    config = t.run_config()
    environment = config.environment
    environment.name = t.name("env")
    environment.environment_variables = {"FROM_THE_REGISTRY": "yes"}
    environment.register(workspace)
    config.environment = EnvironmentReference(environment.name)
    experiment = Experiment(workspace, t.name())
    run = t.submit(
        experiment,
        {"main.py": "import os\nassert os.environ['FROM_THE_REGISTRY'] == 'yes'\nprint('fine')\n"},
        config=config,
    )
    t.ended(run)
    assert run.get_status() == "Completed"
    used = run.get_environment()
    assert used.name == environment.name, used


for flow in (flow_register, flow_get, flow_list, flow_missing, flow_no_images, flow_run_by_name):
    flow.since = "1.0.85"
