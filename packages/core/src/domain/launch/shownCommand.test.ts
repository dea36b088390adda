// A command is shown as the user asked for it; logs are known by their names.
import assert from "node:assert/strict";
import { it } from "node:test";
import { FOLDER_MARK, portMark } from "./launchPlan.ts";
import { attemptOfLog, rankOfLog } from "./logNames.ts";
import { PYTHON_START_NAME } from "./pythonStart.ts";
import { pythonOf, shownArguments } from "./shownCommand.ts";

it("a script is shown without what starts it", () => {
  const argv = ["/env/bin/python", `../${PYTHON_START_NAME}`, "train.py", "--lr", "1"];
  assert.deepEqual(shownArguments(argv), ["/env/bin/python", "train.py", "--lr", "1"]);
  assert.equal(pythonOf({ argv }), "/env/bin/python");
  assert.equal(shownArguments(["/bin/echo", "a"]).join(" "), "/bin/echo a");
  assert.deepEqual(shownArguments(["mpirun", `${FOLDER_MARK}/x`, portMark("a")]), [
    "mpirun",
    "{run folder}/x",
    "{port a}",
  ]);
});
it("a command is shown as bash gets it", () => {
  const argv = [
    "/bin/sh",
    "-c",
    "boilerplate",
    "sh",
    "python train.py | tee x",
    "/env/bin",
    "/env/bin/python",
    "b",
  ];
  assert.deepEqual(shownArguments(argv), ["bash", "-c", "python train.py | tee x"]);
  assert.equal(pythonOf({ argv }), "/env/bin/python");
});
it("ranks and attempts are read from names", () => {
  assert.equal(rankOfLog("user_logs/std_log_process_12.txt"), 12);
  assert.equal(rankOfLog("azureml-logs/70_driver_log_3.txt"), 3);
  assert.equal(rankOfLog("user_logs/std_log.txt"), undefined);
  assert.equal(attemptOfLog("azureml-logs/attempts/2/user_logs/std_log.txt"), 2);
  assert.equal(attemptOfLog("logs/attempts/2/x"), undefined);
});
