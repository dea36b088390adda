// What Azure ML v1 has and this service has not, by address. Its clients are told so at once, in a sentence and with what to do
// instead, where "no such address" would leave them guessing or asking again.
import { MalachiteError } from "@malachite/core";

type Absent = { readonly at: RegExp; readonly what: string; readonly instead: string };

const IN_WORKSPACE = String.raw`/v\d[^/?]*/(?:.*/)?subscriptions/.*?/workspaces/[^/?]+`;
/** All addresses of one service, in whatever version. */
const service = (name: string): RegExp => new RegExp(`^/+(?:${name})/`, "i");
/** Addresses below a workspace, of one service. */
const below = (name: string, rest: string): RegExp =>
  new RegExp(`^/+(?:${name})${IN_WORKSPACE}/+(?:${rest})(?:[/?]|$)`, "i");

const ABSENT: readonly Absent[] = [
  {
    at: service("dataset|data|datacache"),
    what: "Datasets and data assets are not kept by this service.",
    instead:
      "Keep files in a datastore (Datastore.get(ws, name).upload and .download), with the run (run.upload_file), or in a folder that the run is given as an argument.",
  },
  {
    at: service("hyperdrive"),
    what: "HyperDrive sweeps are not run by this service.",
    instead: "Submit one run for each set of values: experiment.submit, or run.submit_child inside of a run.",
  },
  {
    at: service("pipelines|aether|studioservice"),
    what: "Pipelines are not run by this service.",
    instead:
      "Submit the steps as runs one after the other (run.wait_for_completion), or as children of one run (run.submit_child).",
  },
  {
    at: service("jasmine"),
    what: "Automated ML is not done by this service.",
    instead: "Run a script that trains and compares the models, and log their metrics.",
  },
  {
    at: service("rl|rlservice"),
    what: "Reinforcement learning runs are not offered by this service.",
    instead: "Submit a script that does it (ScriptRunConfig).",
  },
  {
    at: below("modelmanagement", "services|onlineEndpoints|batchEndpoints|packages"),
    what: "Models are not deployed by this service: it has no web services, endpoints or packages.",
    instead: "Take the model's files with Model.download and serve them with what you like.",
  },
  {
    at: below("modelmanagement", "images|profiles|operations"),
    what: "Images are not built and models not profiled by this service.",
    instead: "Take the model's files with Model.download.",
  },
  {
    at: below("modelmanagement", "models/[^/?]+/optimize"),
    what: "Models are not optimized by this service.",
    instead: "Do it in a script of a run, and register the result.",
  },
  {
    at: below("credential", "secrets"),
    what: "The workspace has no key vault.",
    instead: "Give a run its secrets through the environment or the files of the machine where it runs.",
  },
  {
    at: /^\/+subscriptions\/[^?]*\/workspaces\/[^/?]+\/+(?:jobs|codes|data|components|environments|models|datastores|schedules|onlineEndpoints|batchEndpoints|featuresets|registries)(?:[/?]|$)/i,
    what: "This is an address of the v2 API, and this service speaks v1.",
    instead: "Use azureml-core, azureml-mlflow or mlflow in place of azure-ai-ml and `az ml`.",
  },
  {
    at: /^\/+subscriptions\/[^?]*\/workspaces\/[^/?]+\/+(?:linkedServices|linkedWorkspaces|connections|privateEndpointConnections|outboundRules)(?:[/?]|$)/i,
    what: "A workspace here is linked with no other service of Azure.",
    instead: "Go on without.",
  },
];

/**
 * The refusal for such an address; undefined for all others. `reason` is for the status line, since some clients of the SDK
 * (datasets) show nothing else of an answer.
 */
export function notOffered(
  url: string,
): { readonly error: MalachiteError; readonly reason: string } | undefined {
  const absent = ABSENT.find(({ at }) => at.test(url));
  if (absent === undefined) return undefined;
  const error = new MalachiteError("NotOffered", `${absent.what} ${absent.instead}`);
  return { error, reason: absent.what };
}
