// Where this contract and the public descriptions differ on purpose, and why. An entry that explains nothing is an error.
import type { Difference } from "./compare.ts";

export type Known = { readonly kind: Difference["kind"]; readonly where: RegExp; readonly why: string };

export const KNOWN_DIFFERENCES: readonly Known[] = [
  {
    kind: "differs",
    where: /^runHistory\.json: model (?:Run)?Metric\.cells$/,
    why: "Cells hold numbers, texts, booleans and null, which the public text calls objects.",
  },
  {
    kind: "added",
    where:
      /^execution\.json: model (?:RunConfiguration\.(?:command|priority|environmentVariables|docker|pytorch|data|outputData)|MpiConfiguration\.nodeCount|DockerSection\.shmSize)$/,
    why: "The v1 SDK sends these in every definition, and they mean something here.",
  },
  {
    kind: "differs",
    where: /^execution\.json: model RunConfiguration\.communicator$/,
    why: "The v1 SDK says OpenMpi and IntelMpi, as the text of the public description does.",
  },
  {
    kind: "added",
    where: /^execution\.json: POST \S+\/cancel query finalStatus$/,
    why: "finalStatus is in the 2019-05-01 text of the same operation, and clients of that time send it.",
  },
  {
    kind: "added",
    where: /: model (?:ErrorResponse\.componentName|RootError\.additionalInfo)$/,
    why: "The run-history v1.0 contract has these in the same envelope; readers of the older one skip them.",
  },
  {
    kind: "differs",
    where: /: \S+ \S+ path runId$/,
    why: "Run ids have one pattern (execution.json); it is checked wherever a run is named.",
  },
  {
    kind: "differs",
    where: /^runHistory\.json: (?:POST|PATCH|DELETE) \S+ body$/,
    why: "A request without the body that it is about is refused, not answered as if it had done something.",
  },
  {
    kind: "differs",
    where: /: (?:GET|POST|DELETE) \S+ query path$/,
    why: "An operation on one file needs its path; the public text says so in words but does not mark it required.",
  },
  {
    kind: "differs",
    where: /^artifact\.json: POST \S+\/content query index$/,
    why: "index is the byte offset of an appended piece here, and files are larger than 2 GiB.",
  },
  {
    kind: "differs",
    where: /^runHistory\.json: model CreatedFrom\.(?:type|locationType)$/,
    why: "Newer clients send other words than the one that was allowed in 2019; they are kept as sent.",
  },
  {
    kind: "added",
    where: /^runHistory\.json: model (?:Run|CreateRun|RunDetails)\.\w+$/,
    why: "Fields of the run-history v1.0 contract that real clients read or send.",
  },
  {
    kind: "added",
    where: /^runHistory\.json: model (?:BatchEventCommandResult\.successes|ModifyExperiment\.name)$/,
    why: "The run-history v1.0 contract has these; readers of the older one skip them.",
  },
  {
    kind: "added",
    where: /^runHistory\.json: model QueryParams\.viewType$/,
    why: "The run-history v1.0 contract lists archived experiments by it.",
  },
  {
    kind: "added",
    where: /: model Paginated\w+List\.count$/,
    why: "The answer to $count, for which the public description has no place.",
  },
  {
    kind: "differs",
    where: /^datastore\.json: (?:POST|PUT) \S+ body$/,
    why: "A datastore that is registered without saying which is refused.",
  },
  {
    kind: "differs",
    where: /^datastore\.json: model DataStore\.dataStoreType$/,
    why: "Newer clients register kinds that the description of 2019 does not name.",
  },
  {
    kind: "differs",
    where: /^datastore\.json: model \w+\.(?:clientId|tenantId|subscriptionId)$/,
    why: "Registrations are kept and given back as they came, and nothing is done with these ids.",
  },
  {
    kind: "added",
    where: /^datastore\.json: DELETE \S+\/datastores\/\{name\} answer 204$/,
    why: "A removal that found nothing says so, as that of a model does.",
  },
  {
    kind: "added",
    where: /^datastore\.json: GET \S+ query includeSecret$/,
    why: "A caller who needs no secret of the one it gets can say so, as with a list.",
  },
  {
    kind: "added",
    where: /^datastore\.json: model (?:Azure\w+\.\w+|DataStore\.(?:azureMySql|hdfs)Section)$/,
    why: "The v1 SDK sends and reads these in the same sections.",
  },
];
