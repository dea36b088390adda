// The ways to submit a first run, as texts to copy. Each stands alone: it begins in any folder and ends in a run.
import type { WorkspaceAddress } from "@malachite/client";

export type Way = { readonly name: string; readonly about: string; readonly code: string };

const PROJECT = `mkdir -p hello && cat > hello/train.py <<'END'
import time
for step in range(10):
    print("step", step, flush=True)
    time.sleep(0.5)
END`;

/** `endpoint` is where the service is; `workspace` where the runs are to be. */
export function waysToSubmit(endpoint: string, workspace: WorkspaceAddress): readonly Way[] {
  const { subscriptionId, resourceGroup, workspace: name } = workspace;
  const path = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${name}`;
  return [
    {
      name: "Command line",
      about: "Sends a folder; only files that the service lacks cross the wire.",
      code: `${PROJECT}
export MALACHITE_ENDPOINT=${endpoint} MALACHITE_WORKSPACE=${subscriptionId}/${resourceGroup}/${name}
npx malachite submit hello --follow`,
    },
    {
      name: "Python, with the v1 SDK",
      about: "azureml-core, unmodified. In a shell that knows the service.",
      code: `${PROJECT}
pip install azureml-core
eval "$(npx malachite env --endpoint ${endpoint} --write .)"
python - <<'END'
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace

environment = Environment("here")
environment.python.user_managed_dependencies = True
config = ScriptRunConfig("hello", script="train.py", environment=environment)
run = Experiment(Workspace.from_config(), "hello").submit(config)
run.wait_for_completion(show_output=True)
END`,
    },
    {
      name: "curl",
      about: "The bare contract: a definition and a zip.",
      code: `${PROJECT}
(cd hello && python3 -m zipfile -c ../project.zip train.py)
echo '{"configuration": {"script": "train.py"}}' > definition.json
curl -H "Authorization: Bearer \${MALACHITE_TOKEN:-dev}" \\
  -F 'runDefinitionFile=@definition.json;type=application/json' \\
  -F 'projectZipFile=@project.zip;type=application/zip' \\
  "${endpoint}/execution/v1.0${path}/experiments/hello/startrun"`,
    },
  ];
}
