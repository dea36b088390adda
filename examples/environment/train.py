"""Says which python runs it and which packages it has: all of it comes from the run's own environment."""
import json
import shutil
import sys

import six

told = {
    "python": "%d.%d" % sys.version_info[:2],
    "prefix": sys.prefix,
    "six": six.__version__,
    "pip": shutil.which("pip"),
}
print(json.dumps(told))
with open("outputs/environment.json", "w") as file:
    json.dump(told, file)
