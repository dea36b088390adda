// Speaks to a Slurm through its slurmrestd. It knows no names in its questions, so all jobs of the cluster are listed and ours are picked.
import { readFile } from "node:fs/promises";
import { constants } from "node:os";
import { isMalachiteError, type MalachiteError } from "@malachite/core";
import { JOB_NUDGES } from "./jobScript.ts";
import { listedIn } from "./listedIn.ts";
import { faultOfPartitions, longestOf, type PartitionSeen } from "./partitions.ts";
import { createRestLink, isNoWay, unavailable } from "./restLink.ts";
import {
  errorsIn,
  jobFrom,
  NEWEST,
  type NodeSeen,
  nodeFrom,
  OLDEST,
  partitionFrom,
  type RestError,
  submitBody,
  versionsIn,
} from "./restWords.ts";
import type { RestAddress, SlurmCluster } from "./slurmTarget.ts";
import { NOT_HEARD, NOT_HEARD_NUMBERS, passes, SlurmRefused, type SlurmVoice } from "./slurmVoice.ts";
import type { SlurmJob } from "./slurmWords.ts";

export type SlurmRestOptions = {
  /** The service's own SLURM_JWT. */
  readonly token: string | undefined;
  /** Whose jobs they are, unless a target says it. */
  readonly user: string;
  /** How long one answer may take; 30 seconds unless told. */
  readonly deadlineMs?: number;
};

const DEADLINE_MS = 30_000;
/** What older versions say where they know no number: nothing is known then. */
const UNSPECIFIED = -1;

/** By their numbers: Slurm does not know the names of all signals. */
const NUDGES = {
  ask: constants.signals[`SIG${JOB_NUDGES.ask}`],
  force: constants.signals[`SIG${JOB_NUDGES.force}`],
} as const;

export function createSlurmRest({ deadlineMs = DEADLINE_MS, ...options }: SlurmRestOptions): SlurmVoice {
  const link = createRestLink({ ...options, deadlineMs });
  /** By address, until it turns out not to be spoken there any more. */
  const versions = new Map<string, number>();

  async function versionOf(address: RestAddress): Promise<number> {
    const known = address.version ?? versions.get(address.url);
    if (known !== undefined) return known;
    const { status, value } = await link.json(address, "GET", "/openapi/v3");
    const { best, all } = versionsIn(value);
    if (best === undefined) {
      const spoken =
        all.length === 0 ? `none (status ${status})` : all.map((one) => `v0.0.${one}`).join(", ");
      throw unavailable(
        `slurmrestd at ${address.url} speaks ${spoken}; one from v0.0.${OLDEST} to v0.0.${NEWEST} is needed.`,
      );
    }
    versions.set(address.url, best);
    return best;
  }

  /** Where a question goes. */
  const pathOf = async (address: RestAddress, path: string): Promise<string> =>
    `/slurm/v0.0.${await versionOf(address)}${path}`;

  /** Throws EngineUnavailable where it does not know the way: it was exchanged for another version, which the next question finds. */
  function assertWay(address: RestAddress, status: number): void {
    if (!isNoWay(status)) return;
    versions.delete(address.url);
    const named = address.version === undefined ? "" : `, v0.0.${address.version}`;
    const help =
      named === "" ? "" : " Leave the option restVersion out, and the newest that it knows is taken.";
    throw unavailable(
      `slurmrestd at ${address.url} does not know the version it was asked in${named}.${help}`,
    );
  }

  async function failed(
    what: string,
    address: RestAddress,
    status: number,
    errors: readonly RestError[],
  ): Promise<MalachiteError> {
    const why = `slurmrestd at ${address.url} could not ${what}: ${told(errors) || "no reason given"} (status ${status}).`;
    if (!maybeToken(errors)) return unavailable(why);
    const expired = await link.expired(address);
    return unavailable(
      `${why} Older versions say so of a token that is not valid any more${expired === undefined ? "." : `: ${expired}`}`,
    );
  }

  /** What is of use of each element of a list, one at a time. */
  async function elements<T>(
    address: RestAddress,
    what: "jobs" | "partitions" | "nodes",
    pick: (value: unknown) => T | undefined,
  ): Promise<T[]> {
    const answer = await link.ask(address, "GET", await pathOf(address, `/${what}/`));
    const found: T[] = [];
    const errors: RestError[] = [];
    let isThere = false;
    try {
      for await (const { list, value } of listedIn(answer.body())) {
        isThere ||= list === what;
        if (list === "errors" && value !== undefined) errors.push(...errorsIn([value]));
        const picked = list === what ? pick(value) : undefined;
        if (picked !== undefined) found.push(picked);
      }
    } catch (error) {
      assertWay(address, answer.status);
      if (isMalachiteError(error)) throw error;
      const why = (error as Error).message;
      throw unavailable(`slurmrestd at ${address.url} gave no list of ${what}: ${why}.`, error);
    }
    // Something between may answer in its own way, and then nothing is known.
    if (errors.length > 0 || answer.status !== 200 || !isThere)
      throw await failed(`list ${what}`, address, answer.status, errors);
    return found;
  }

  function list(address: RestAddress, names: ReadonlySet<string>): Promise<SlurmJob[]> {
    const owner = plain(link.userOf(address));
    return elements(address, "jobs", (value) => {
      const job = jobFrom(value);
      if (job === undefined || !names.has(job.name)) return undefined;
      const { user, ...seen } = job;
      return user === "" || plain(user) === owner ? seen : undefined;
    });
  }

  /** Without a signal they are killed. */
  async function end(cluster: SlurmCluster, jobs: readonly SlurmJob[], signal?: number): Promise<void> {
    const address = addressOf(cluster);
    for (const { id } of jobs) {
      const path = await pathOf(address, `/job/${id}${signal === undefined ? "" : `?signal=${signal}`}`);
      const { status, errors } = await link.json(address, "DELETE", path);
      // It has ended meanwhile, which is what was wanted; the next look tells.
      const isOver = ({ number, text }: RestError) =>
        NOT_HEARD.test(text) || (number !== undefined && NOT_HEARD_NUMBERS.includes(number));
      if (errors.some(isOver)) continue;
      assertWay(address, status);
      if (errors.length > 0 || status !== 200) throw await failed("signal a job", address, status, errors);
    }
  }

  return {
    async submit(cluster, submission) {
      const address = addressOf(cluster);
      const version = await versionOf(address);
      const body = submitBody(submission, await readFile(submission.script, "utf8"), version);
      const path = await pathOf(address, "/job/submit");
      const { status, value, errors } = await link.json(address, "POST", path, body);
      if (typeof value.job_id === "number" && value.job_id > 0) return String(value.job_id);
      assertWay(address, status);
      const said = told(errors);
      if (said === "" || errors.every(({ number }) => number === UNSPECIFIED) || passes(said))
        throw await failed("take a job", address, status, errors);
      throw new SlurmRefused(said);
    },
    async jobs(cluster, names) {
      return names.length === 0 ? [] : list(addressOf(cluster), new Set(names));
    },
    tell: (cluster, jobs, order) => end(cluster, jobs, NUDGES[order]),
    // It has no such question, up to v0.0.40.
    resume: async () => false,
    async withdraw(cluster, jobs) {
      if (jobs.length === 0) return;
      // It cannot be told to spare those that have begun meanwhile.
      const names = new Set(jobs.map(({ name }) => name));
      const still = await list(addressOf(cluster), names);
      const waiting = jobs.filter(({ id }) => still.some((one) => one.id === id && one.state === "PENDING"));
      await end(cluster, waiting);
    },
    kill: (cluster, jobs) => end(cluster, jobs),
    async longest(cluster, partition) {
      return longestOf(await elements(addressOf(cluster), "partitions", partitionFrom), partition);
    },
    async fault(cluster, wanted) {
      const address = addressOf(cluster);
      try {
        const partitions = await elements(address, "partitions", partitionFrom);
        const asksGpus = (wanted.gpusPerNode ?? 0) > 0;
        const nodes = asksGpus ? await elements(address, "nodes", nodeFrom) : undefined;
        return faultOfPartitions(withGres(partitions, nodes), wanted);
      } catch (error) {
        if (isMalachiteError(error)) return error.message;
        throw error;
      }
    },
  };
}

function addressOf({ rest }: SlurmCluster): RestAddress {
  if (rest === undefined) throw new TypeError("The cluster has no slurmrestd.");
  return rest;
}

/** Sites write one user with a domain here and without there. */
const plain = (user: string): string => user.replace(/@.*$/, "").toLowerCase();

const told = (errors: readonly RestError[]): string =>
  [...new Set(errors.map(({ text }) => text))].filter((text) => text !== "").join("; ");

/** v0.0.38 leaves tokens to the controller, and does not tell what that says of them. */
const maybeToken = (errors: readonly RestError[]): boolean =>
  errors.length > 0 &&
  errors.every(({ number, text }) => number === UNSPECIFIED || /authentication/i.test(text));

/** Each partition as often as its nodes have different GRES. */
function withGres(
  partitions: readonly PartitionSeen[],
  nodes: readonly NodeSeen[] | undefined,
): readonly PartitionSeen[] {
  if (nodes === undefined) return partitions;
  return partitions.flatMap((partition) => {
    const own = nodes.filter((node) => node.partitions.includes(partition.name));
    const kinds = own.length === 0 ? [""] : [...new Set(own.map(({ gres }) => gres))];
    return kinds.map((gres) => ({ ...partition, gres }));
  });
}
