// The service itself, for those who run it: is it alive, does it take work, what is it doing, and who did what.
import Type, { type Static } from "typebox";
import { anyObject, dateTime, integer, model, oneOf, optional } from "../model.ts";
import { operation } from "../operation.ts";
import { source } from "./base.ts";

const service = "/malachite/v1.0/service";

export const SERVICE_STATES = ["starting", "ok", "draining", "stopping"] as const;

export const Health = model("Health", {
  status: oneOf(SERVICE_STATES),
  version: Type.String(),
  pid: integer(),
});

export const ReadinessPart = model("ReadinessPart", {
  name: Type.String({ description: "records, dataFolder, runs or draining." }),
  ok: Type.Boolean(),
  reason: optional(Type.String({ description: "What is wrong, where it is not ok." })),
});
export type ReadinessPart = Static<typeof ReadinessPart>;

export const Readiness = model("Readiness", {
  ready: Type.Boolean(),
  parts: Type.Array(ReadinessPart),
});
export type Readiness = Static<typeof Readiness>;

export const LOG_LEVELS = ["info", "warn", "error", "silent"] as const;

export const ServiceStatus = model("ServiceStatus", {
  status: oneOf(SERVICE_STATES),
  version: Type.String(),
  pid: integer(),
  startedAt: dateTime(),
  logLevel: oneOf(LOG_LEVELS),
  inHand: integer({
    description: "Runs that this server works on: being prepared, at work, or with something owed.",
  }),
});
export type ServiceStatus = Static<typeof ServiceStatus>;

export const ServiceChange = model("ServiceChange", {
  draining: optional(
    Type.Boolean({
      description:
        "True: no further run is started, submitted ones wait, and the service stops when those in hand have ended. False: it goes on.",
    }),
  ),
  logLevel: optional(oneOf(LOG_LEVELS)),
});
export type ServiceChange = Static<typeof ServiceChange>;

/** What a compute target can be. */
export const TARGET_KINDS = ["process", "container", "slurm", "ssh", "kubernetes"] as const;
export type TargetKind = (typeof TARGET_KINDS)[number];

export const TargetAsk = model("TargetAsk", {
  kind: Type.String({ description: `One of ${TARGET_KINDS.join(", ")}.` }),
  options: optional(anyObject({ description: "As in the settings file." })),
  replace: optional(Type.Boolean({ description: "In place of another target of that name." })),
});
export type TargetAsk = Static<typeof TargetAsk>;

export const AddedTarget = model("AddedTarget", {
  name: Type.String(),
  kind: Type.String(),
  file: Type.String({ description: "The settings file that has it now, on the machine of the service." }),
});
export type AddedTarget = Static<typeof AddedTarget>;

export const AuditEntry = model("AuditEntry", {
  no: integer({ format: "int64", description: "Counts the entries of a data folder, from 1." }),
  at: dateTime(),
  operation: Type.String({ description: "Its id in openapi.json." }),
  who: Type.Object(
    {
      name: Type.String(),
      objectId: Type.String(),
      tenantId: Type.String(),
      run: optional(Type.String({ description: "The run whose own token it was." })),
    },
    { description: "Empty texts where the address asks for no token." },
  ),
  from: Type.String({ description: "The address of the caller." }),
  of: anyObject({
    description:
      "What the path named: workspace, run and so on. Of Malachite_CollectGarbage: `dryRun`, whether it only told what would go.",
  }),
  status: integer({ description: "Of the answer." }),
  correlation: Type.String(),
  before: Type.String({ description: "The hash of the entry before." }),
  hash: Type.String({
    description:
      "SHA-256, in hex, of `before` and this entry as JSON, up to `before`: a change of any entry shows in all later ones.",
  }),
});
export type AuditEntry = Static<typeof AuditEntry>;

export const AuditPage = model("AuditPage", {
  values: Type.Array(AuditEntry, { description: "The newest first. A page may be short, also empty." }),
  next: optional(Type.String({ description: "As `after`: the next page. Absent: no older entry is kept." })),
});
export type AuditPage = Static<typeof AuditPage>;

export const GarbageAsk = model("GarbageAsk", {
  dryRun: optional(Type.Boolean({ description: "Only tell what would go." })),
  after: optional(Type.String({ description: "The `next` of the page before." })),
});
export type GarbageAsk = Static<typeof GarbageAsk>;

export const GarbageItem = model("GarbageItem", {
  workspace: Type.String(),
  experimentName: Type.String(),
  runId: Type.String(),
  what: oneOf(["run", "files"], { description: "What goes: the run with all of it, or its files alone." }),
  why: oneOf(["age", "size"]),
  bytes: integer({ format: "int64", description: "Of its files." }),
  keptBy: optional(Type.String({ description: "What refers to it: it stays." })),
});
export type GarbageItem = Static<typeof GarbageItem>;

export const GarbagePage = model("GarbagePage", {
  policies: integer({ description: "How many policies of retention the settings have." }),
  looked: integer({ description: "How many runs this page has looked at." }),
  values: Type.Array(GarbageItem, { description: "May be empty on any page." }),
  finishedBytes: integer({ format: "int64", description: "Of files whose removal had been begun before." }),
  swept: optional(
    Type.Object(
      {
        projects: integer({ description: "Projects that went, or would: no run names them." }),
        files: integer({ description: "Files of contents that went with them." }),
        bytes: integer({
          format: "int64",
          description: "Of these files; what two projects share goes with the last.",
        }),
      },
      { description: "On the last page, where the settings let projects go." },
    ),
  ),
  next: optional(Type.String({ description: "As `after`: the next page. Absent: all runs were looked at." })),
});
export type GarbagePage = Static<typeof GarbagePage>;

export const health = operation({
  id: "Malachite_Health",
  method: "GET",
  path: "/healthz",
  summary: "200 while the process is alive and answers. Asks nothing of stores and engines.",
  source,
  params: Type.Object({}),
  answer: { kind: "json", schema: Health, description: "Alive." },
  authenticated: false,
});
export const readiness = operation({
  id: "Malachite_Readiness",
  method: "GET",
  path: "/readyz",
  summary: "200 when the service takes work, 503 when it does not, with each part and its reason.",
  source,
  params: Type.Object({}),
  answer: { kind: "json", schema: Readiness, description: "Its parts; the same with 503." },
  refusal: { statuses: [503], schema: Readiness },
  authenticated: false,
});
export const getService = operation({
  id: "Malachite_GetService",
  method: "GET",
  path: service,
  summary: "What the service is doing. For operators.",
  source,
  params: Type.Object({}),
  answer: { kind: "json", schema: ServiceStatus, description: "Its state." },
  operatorsOnly: true,
});
export const changeService = operation({
  id: "Malachite_ChangeService",
  method: "PATCH",
  path: service,
  summary: "Drain the service or let it go on; change what it logs. For operators.",
  source,
  params: Type.Object({}),
  body: { kind: "json", schema: ServiceChange, required: true },
  answer: { kind: "json", schema: ServiceStatus, description: "Its state." },
  operatorsOnly: true,
});
export const addTarget = operation({
  id: "Malachite_AddTarget",
  method: "PUT",
  path: `${service}/targets/{name}`,
  summary:
    "Write a compute target into the settings file of this server, which has it at once. May be repeated. For operators.",
  source,
  params: Type.Object({ name: Type.String({ maxLength: 255 }) }),
  body: { kind: "json", schema: TargetAsk, required: true },
  answer: {
    kind: "json",
    schema: AddedTarget,
    description: "It is there; whether it is usable, it is asked.",
  },
  operatorsOnly: true,
});
export const audit = operation({
  id: "Malachite_Audit",
  method: "GET",
  path: `${service}/audit`,
  summary: "Who did what, the newest first. For operators.",
  source,
  params: Type.Object({}),
  query: Type.Object({
    since: optional(dateTime({ description: "Nothing before this." })),
    who: optional(Type.String({ description: "The name or the object id of who did it." })),
    runId: optional(Type.String({ description: "Only what named this run, or came with its token." })),
    operation: optional(Type.String({ description: "Only operations whose id begins with this." })),
    limit: optional(integer({ minimum: 1, maximum: 1000, description: "Default 100." })),
    after: optional(Type.String({ description: "The `next` of the page before." })),
  }),
  answer: { kind: "json", schema: AuditPage, description: "A page." },
  operatorsOnly: true,
});
export const collectGarbage = operation({
  id: "Malachite_CollectGarbage",
  method: "POST",
  path: `${service}/gc`,
  summary: "Remove, a page of runs at a time, what the policies of retention let go. For operators.",
  source,
  params: Type.Object({}),
  body: { kind: "json", schema: GarbageAsk, required: true },
  answer: { kind: "json", schema: GarbagePage, description: "What went, or would go." },
  operatorsOnly: true,
});
