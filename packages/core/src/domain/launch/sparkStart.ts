// The Python file by which a PySpark run is started: finds spark-submit, and becomes it. A constant text, no user data in it.

/** File name in the run's folder. */
export const SPARK_START_NAME = "spark.py";

/**
 * Its use: `python spark.py ARGUMENT...`, with the arguments of spark-submit.
 *
 * - spark-submit is that of the pyspark which this python imports, else that of SPARK_HOME, else the first on the PATH.
 * - The driver and the workers use this python, unless PYSPARK_PYTHON says otherwise.
 * - Without spark-submit or without Java, which it needs, the reason is written to `group-exit.json`.
 * - For YARN's cluster mode the python files of the project travel along in a zip.
 * - Also old interpreters read it: no syntax here is newer than Python 3.5.
 */
export const SPARK_START = String.raw`# Starts a script by spark-submit. See "How a run is started" in the documentation.
import importlib.util
import json
import os
import shutil
import sys
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))


def give_up(text):
    sys.stderr.write("malachite: %s\n" % text)
    try:
        with open(os.path.join(HERE, "group-exit.json.new"), "w") as file:
            json.dump({"failure": text}, file)
        os.rename(file.name, os.path.join(HERE, "group-exit.json"))
    except OSError as error:
        sys.stderr.write("malachite: %s\n" % error)
    sys.exit(127)


def find_submit():
    # Asked without the folder of this file, where a project's own pyspark.py would be found first.
    sys.path[:] = [path for path in sys.path if path not in ("", HERE)]
    found = importlib.util.find_spec("pyspark")
    for home in list(found.submodule_search_locations or []) if found else []:
        submit = os.path.join(home, "bin", "spark-submit")
        if os.path.isfile(submit):
            os.environ["SPARK_HOME"] = home
            return submit
    home = os.environ.get("SPARK_HOME")
    if home and os.path.isfile(os.path.join(home, "bin", "spark-submit")):
        return os.path.join(home, "bin", "spark-submit")
    submit = shutil.which("spark-submit")
    if submit is None:
        give_up(
            "There is no spark-submit: %s has no pyspark, SPARK_HOME names none, and none is on the PATH."
            " Install pyspark into the environment." % sys.executable
        )
    return submit


def check_java():
    home = os.environ.get("JAVA_HOME")
    if home:
        if os.access(os.path.join(home, "bin", "java"), os.X_OK):
            return
        give_up("Spark needs Java, and JAVA_HOME is %s, where there is no bin/java." % home)
    if shutil.which("java") is None:
        give_up("Spark needs Java, and there is no java on the PATH. Install a Java 17 runtime, or set JAVA_HOME.")


def pack_project():
    path = os.path.join(HERE, "project.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder, _, files in os.walk("."):
            for name in files:
                if name.endswith(".py"):
                    archive.write(os.path.join(folder, name))
    return path


submit = find_submit()
check_java()
for name in ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"):
    os.environ.setdefault(name, os.environ.get("PYSPARK_PYTHON") or sys.executable)
given = sys.argv[1:]
# Each option has a value; what follows them is the script's.
options = 0
while options < len(given) and given[options].startswith("--"):
    options += 2
mine, rest = given[:options], given[options:]
if "--deploy-mode" in mine and mine[mine.index("--deploy-mode") + 1] == "cluster":
    if "--py-files" not in mine:
        mine += ["--py-files", pack_project()]
    else:
        # Given twice, the last would win.
        at = mine.index("--py-files") + 1
        mine[at] = ",".join([pack_project()] + ([mine[at]] if mine[at] else []))
sys.stdout.flush()
os.execv(submit, [submit] + mine + rest)
`;
