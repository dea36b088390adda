import assert from "node:assert/strict";
import { test } from "node:test";
import { logNames } from "./olderLogNames.ts";

const LOG = "user_logs/std_log.txt";
const OLDER = "azureml-logs/70_driver_log.txt";
const names = (agent: string | undefined, paths = [LOG]) => logNames(agent, paths).map(([name]) => name);

test("older releases are told the log by the name they look for, all others are not", () => {
  for (const agent of [
    "python/3.7 msrest/0.7.1 azureml._restclient/core.1.0.85",
    "msrest/0.6.21 azureml._restclient/core.1.37.0 azureml-sdk-core/1.37.0",
  ]) {
    assert.deepEqual(names(agent), [LOG, OLDER]);
    assert.deepEqual(names(agent, []), []);
    assert.deepEqual(names(agent, [OLDER, LOG]), [OLDER, LOG]);
  }
  for (const agent of [undefined, "curl/8", "azureml._restclient/1.5.0 azureml-sdk-core/1.61.0"]) {
    assert.deepEqual(names(agent), [LOG]);
  }
  assert.deepEqual(logNames("azureml._restclient/core.1.0.85", [LOG])[1], [OLDER, LOG]);
});
