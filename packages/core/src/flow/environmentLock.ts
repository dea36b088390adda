// The lock of a run's environment, exact versions and hashes of all that it holds, as a file of the run.
import type { NewRun } from "../domain/run/run.ts";
import type { FlowPorts } from "./ports.ts";
import { readText } from "./projectReader.ts";

export const ENVIRONMENT_LOCK = "azureml-logs/environment-lock.txt";

type Owner = Pick<NewRun, "scope" | "dataContainerId">;
type Artifacts = Pick<FlowPorts, "artifacts">;

/** Replaces what is there. */
export async function putLock(
  { scope, dataContainerId }: Owner,
  lock: string,
  { artifacts }: Artifacts,
): Promise<void> {
  const stream = (async function* () {
    yield new TextEncoder().encode(lock);
  })();
  await artifacts.put(scope, dataContainerId, ENVIRONMENT_LOCK, { stream }, { overwrite: true });
}

/** Undefined for a run that has none. Throws TooLarge. */
export async function getLock(
  { scope, dataContainerId }: Owner,
  { artifacts }: Artifacts,
): Promise<string | undefined> {
  if (!(await artifacts.get(scope, dataContainerId, ENVIRONMENT_LOCK))) return undefined;
  return readText(artifacts.read(scope, dataContainerId, ENVIRONMENT_LOCK));
}
