"""Environments that the service builds for a run."""
import io
import os
import sys
import tarfile

from azureml.core.conda_dependencies import CondaDependencies

# A package whose build takes some seconds, as real ones do, so that a client that looks now and then sees it at work.
BACKEND = '''
import time, zipfile
def get_requires_for_build_wheel(config_settings=None): return []
def build_wheel(folder, config_settings=None, metadata_directory=None):
    time.sleep(8)
    name, info = "unhurried-1.0-py3-none-any.whl", "unhurried-1.0.dist-info/"
    with zipfile.ZipFile(folder + "/" + name, "w") as wheel:
        wheel.writestr("unhurried.py", "WORDS = 'no haste'\\n")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: unhurried\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "unhurried.py,,\\n" + "".join(info + f + ",,\\n" for f in ("METADATA", "WHEEL", "RECORD")))
    return name
'''
FILES = {
    "PKG-INFO": "Metadata-Version: 2.2\nName: unhurried\nVersion: 1.0\n",
    "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    '[project]\nname = "unhurried"\nversion = "1.0"\n',
    "backend.py": BACKEND,
}


def packages(t):
    """A folder with that package."""
    folder = t.folder({"nothing": ""})
    with tarfile.open(os.path.join(folder, "unhurried-1.0.tar.gz"), "w:gz") as archive:
        for path, text in FILES.items():
            item = tarfile.TarInfo("unhurried-1.0/" + path)
            item.size = len(text)
            archive.addfile(item, io.BytesIO(text.encode("utf-8")))
    return folder


def built(t, *lines):
    """A run configuration whose environment is built, of the python that this machine calls python3."""
    config = t.run_config()
    python = config.environment.python
    python.user_managed_dependencies = False
    python.interpreter_path = "python"
    dependencies = CondaDependencies()
    dependencies._conda_dependencies["dependencies"] = ["python>=3.8", {"pip": list(lines)}]
    python.conda_dependencies = dependencies
    return config


def experiment(t):
    from azureml.core import Experiment

    return Experiment(t.workspace(), t.name())


def flow_build(t):
    """An environment of condaDependencies is built, its log is shown while it is, and the script runs in it"""
    config = built(t, "--no-index", "--find-links " + packages(t), "unhurried")
    run = t.submit(experiment(t), {"main.py": "import unhurried\nprint('there was', unhurried.WORDS)\n"}, config=config)
    shown, kept = io.StringIO(), sys.stdout
    sys.stdout = shown
    try:
        run.wait_for_completion(show_output=True)
    finally:
        sys.stdout = kept
    assert run.get_status() == "Completed", run.get_details()
    logs = run.get_details()["logFiles"]
    assert "azureml-logs/20_image_build_log.txt" in logs, sorted(logs)
    assert "Creating virtual environment" in shown.getvalue(), shown.getvalue()
    assert "there was no haste" in shown.getvalue(), shown.getvalue()


def flow_build_here(t):
    """The environment of a local run is built on the machine that submits, and the script runs in it"""
    config = built(t, "--no-index", "--find-links " + packages(t), "unhurried")
    config.target = "local"
    script = "import sys, unhurried\nprint('there was', unhurried.WORDS, 'in', sys.prefix)\n"
    run = t.submit(experiment(t), {"main.py": script}, config=config)
    details = t.ended(run)
    assert details["status"] == "Completed", details
    folder = t.folder({"nothing": ""})
    run.download_file("azureml-logs/70_driver_log.txt", os.path.join(folder, "log"))
    with open(os.path.join(folder, "log")) as log:
        text = log.read()
    assert "there was no haste in" in text and ".cache/malachite/environments" in text.replace(os.sep, "/"), text
    assert "azureml-logs/20_image_build_log.txt" in details["logFiles"], sorted(details["logFiles"])


def flow_broken(t):
    """A build that fails is a failed run, and its error has the tool's words"""
    config = built(t, "--no-index", "--find-links " + packages(t), "no-such-package==1")
    details = t.ended(t.submit(experiment(t), {"main.py": ""}, config=config))
    assert details["status"] == "Failed", details
    assert "no-such-package==1" in str(details["error"]), details["error"]
