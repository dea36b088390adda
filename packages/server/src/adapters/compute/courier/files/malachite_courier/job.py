"""What the run is, as the service wrote it down, and with what only this machine knows in the place of its marks."""
import os

from .folder import Wrong

PATH = "/usr/local/bin:/usr/bin:/bin"


class Job:
    def __init__(self, folder):
        data = folder.read_json("job.json")
        if data is None or data.get("version") != 1:
            raise Wrong("The parcel of the run holds no job that this courier reads.")
        self.data = data
        self.key = data["key"]
        self.home = data["home"]
        self.nodes = data["nodes"]
        # Those that have their projects here.
        self.here = list(range(self.nodes))
        # Numbers of open files that show, while the run's processes have them, what it uses on this machine.
        self.inherited = []
        self._values = {data["marks"]["folder"]: folder.path}

    def only(self, node):
        """Of a run whose nodes are machines by themselves: what is of the others is not made here."""
        self.here = [node]
        processes = self.data["group"]["processes"]
        self.data["logs"] = [one["log"] for one in processes if one["node"] == node]

    def know(self, python, python_folder, prefix):
        """What the environment is on this machine."""
        marks = self.data["marks"]
        self._values.update(
            {marks["python"]: python, marks["pythonFolder"]: python_folder, marks["prefix"]: prefix}
        )

    def fill(self, value):
        """The same with the values of the marks, in texts, lists and objects."""
        if isinstance(value, str):
            for mark, text in self._values.items():
                value = value.replace(mark, text)
            return value
        if isinstance(value, list):
            return [self.fill(one) for one in value]
        if isinstance(value, dict):
            return {name: self.fill(one) for name, one in value.items()}
        return value

    def environment(self, secrets, given, kept):
        """What the start script is started with. The plan wins over what is inherited and given but for the names in `kept`, secrets over the plan."""
        env = {"PATH": PATH, "LANG": "C.UTF-8"}
        for name, value in os.environ.items():
            picked = name in self.data["inherited"] or name.startswith("LC_")
            if picked or (self.data["inheritAll"] and not name.startswith("MALACHITE_")):
                env[name] = value
        env.update(given)
        env.update(self.fill(self.data["environment"]))
        env.update((name, given[name]) for name in kept if name in given)
        env.update(secrets)
        return env

    def path(self):
        """The PATH that the run has."""
        return self.fill(self.data["environment"]).get("PATH") or os.environ.get("PATH") or PATH
