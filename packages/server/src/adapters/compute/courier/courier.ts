// One for all drivers whose machines see nothing of this one: the parcels of launches, and the homes that their files come to.
import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type Courier,
  isLaunchKey,
  type Launch,
  type LaunchKey,
  type LaunchPlan,
  logsOf,
  MalachiteError,
  type OpenFile,
  type RunFolder,
  type Sighting,
  START_FILES,
} from "@malachite/core";
import { openFileOf, syncFolder } from "../../../files/index.ts";
import { createLines } from "../shared/inLine.ts";
import { createLaunchHints, type LaunchHints } from "../shared/launchHints.ts";
import { createLocalRunFolder } from "../shared/localRunFolder.ts";
import { openFileInside } from "../shared/openInside.ts";
import { createRunsRoot } from "../shared/runsRoot.ts";
import { exists, readExit } from "../shared/smallFiles.ts";
import { createMeetings } from "./meetings.ts";
import { createMirror } from "./mirror.ts";
import {
  checkedHome,
  joinedHome,
  lackingIn,
  logsOfNode,
  makeNodeHomes,
  meetingIn,
  type NodeLogs,
  nodeHome,
  nodeLogs,
  readJson,
  STAGE_FILE,
  sightNodes,
} from "./nodes.ts";
import { listingPath, makeParcel, openParcel, type ParcelSources } from "./parcel.ts";
import { createProgram, type ProgramFiles } from "./program.ts";

export type CourierOptions = ParcelSources &
  ProgramFiles & {
    /** Absolute path of the folder in which parcels and homes lie. */
    readonly folder: string;
  };

/** What drivers use. How, stands in index.ts. */
export type AwayCourier = Courier &
  AsyncDisposable & {
    /**
     * Makes home and parcel of a launch ready, durably, before anything is started. May be repeated. Throws StorageFailed. `apart`: each node
     * of the run has a courier of its own.
     */
    pack(launch: Launch, signal: AbortSignal, apart?: "apart"): Promise<void>;
    /** Whether the launch has a home here: it was packed, and not forgotten. */
    has(key: LaunchKey): Promise<boolean>;
    /** The run's folder at home: an absolute path of this machine. The driver may keep a small file `launch.json` in it. */
    homePath(key: LaunchKey): string;
    folder(key: LaunchKey, logs?: NodeLogs): RunFolder;
    /** The logs of each node that has a courier of its own; undefined for a launch of one courier. The driver keeps it for `folder`. */
    nodeLogs(key: LaunchKey): Promise<NodeLogs | undefined>;
    /**
     * Where the first node has ended: those whose last files have not come. The driver waits for them for as long as the engine says that
     * they are there.
     */
    lacking(key: LaunchKey): Promise<readonly number[]>;
    /**
     * What the files at home say: ended, running, or what is done before; undefined where they say nothing yet. That the far side is
     * gone, only the driver knows.
     */
    sight(key: LaunchKey): Promise<Sighting | undefined>;
    /** Told when something of a launch comes home that says how far it is. `follow` after pack and after find. */
    readonly hints: LaunchHints;
    /** Removes home and parcel. May be repeated. */
    forget(key: LaunchKey): Promise<void>;
    /** courier.pyz. */
    program(): Promise<Uint8Array>;
  };

export function createCourier(options: CourierOptions): AwayCourier {
  const homes = createRunsRoot(join(options.folder, "home"));
  const parcels = createRunsRoot(join(options.folder, "parcels"));
  const mirror = createMirror();
  const hints = createLaunchHints();
  const inLine = createLines();
  const program = createProgram(options);
  const wrapped = homes.wrapped;
  const meeting = createMeetings(async (key) => {
    const root = homes.folder(key as LaunchKey);
    return (await exists(root)) ? await meetingIn(root) : undefined;
  });

  async function openIn(path: string, name: string): Promise<OpenFile | undefined> {
    const handle = await openFileInside(path, name);
    return handle && openFileOf(handle);
  }

  const forget = (key: LaunchKey): Promise<void> =>
    inLine(key, () =>
      wrapped(async () => {
        hints.drop(key);
        await Promise.all([homes.ready(), parcels.ready()]);
        await homes.remove(key);
        await parcels.remove(key);
      }),
    );

  return {
    pack: (launch, signal, apart) =>
      inLine(launch.plan.key, () =>
        wrapped(async () => {
          const { key } = launch.plan;
          await Promise.all([homes.ready(), parcels.ready()]);
          await parcels.make(key);
          await makeParcel(parcels.folder(key), launch, options, signal);
          await syncFolder(parcels.path);
          // The home comes last: it says that the launch is whole.
          await homes.make(key);
          await syncFolder(homes.path);
          const home = homes.folder(key);
          const { nodes } = launch.plan;
          if (apart === undefined) return void (await makeLogs(home, logsOf(launch.plan)));
          const logs = Array.from({ length: nodes }, (_, node) => logsOfNode(launch.plan, node));
          await makeNodeHomes(home, logs);
          for (const [node, own] of logs.entries()) await makeLogs(nodeHome(home, node), own);
        }),
      ),
    has: (key) => wrapped(() => exists(homes.folder(key))),
    homePath: (key) => homes.folder(key),
    folder: (key, logs) =>
      logs === undefined ? createLocalRunFolder(homes.folder(key)) : joinedHome(homes.folder(key), logs),
    nodeLogs: (key) => wrapped(() => nodeLogs(homes.folder(key))),
    lacking: (key) => wrapped(() => lackingIn(homes.folder(key))),
    sight: (key) =>
      wrapped(async () => {
        const home = homes.folder(key);
        return await sightNodes(home, await sight(home));
      }),
    hints,
    forget,
    program,
    place: {
      keys: (before) =>
        wrapped(async () => [
          ...new Set((await Promise.all([homes.keys(before), parcels.keys(before)])).flat()),
        ]),
      async free(key) {
        await forget(key);
        return true;
      },
    },

    listing: (key) => wrapped(() => openIn(parcels.folder(checked(key)), listingName)),
    content: (key) => wrapped(() => openParcel(parcels.folder(checked(key)), options)),
    home: (key, node = 0) =>
      wrapped(async () => {
        const root = homes.folder(checked(key));
        return (await exists(root)) ? mirror.files(await checkedHome(root, node)) : undefined;
      }),
    take: (key, pieces, node = 0) =>
      wrapped(async () => {
        const root = homes.folder(checked(key));
        if (await exists(root)) return await mirror.take(await checkedHome(root, node), pieces);
        throw new MalachiteError("ArtifactNotFound", `Nothing of the launch '${key}' is kept here any more.`);
      }),
    meeting: (key) => wrapped(() => meeting(checked(key))),
    async [Symbol.asyncDispose]() {
      hints[Symbol.dispose]();
      await homes[Symbol.asyncDispose]();
      await parcels[Symbol.asyncDispose]();
    },
  };
}

/** They exist from the start, so that whoever follows one can begin. */
async function makeLogs(home: string, paths: readonly string[]): Promise<void> {
  await Promise.all(
    paths.map(async (path) => {
      const at = join(home, path);
      await mkdir(dirname(at), { recursive: true });
      await (await open(at, "a")).close();
    }),
  );
}

const listingName = listingPath("").replace(/^\//, "");

function checked(key: LaunchKey): LaunchKey {
  if (isLaunchKey(key)) return key;
  throw new MalachiteError("ArtifactNotFound", "That is no launch key.");
}

async function sight(home: string): Promise<Sighting | undefined> {
  const ended = await readExit(home);
  if (ended !== undefined) {
    const { stage, ...report } = ended;
    return { at: "ended", ...report, ...(stage === undefined ? {} : { as: "EnvironmentFailed" as const }) };
  }
  const pids = await readJson(home, START_FILES.pids);
  if (pids !== undefined) {
    const { startedAt } = pids;
    return { at: "running", ...(Number.isSafeInteger(startedAt) ? { startedAt: startedAt as number } : {}) };
  }
  const { why } = (await readJson(home, STAGE_FILE)) ?? {};
  return typeof why === "string" ? { at: "waiting", why: why.slice(0, 500) } : undefined;
}

/** Where a courier that speaks HTTP asks for this launch: what courier.pyz is given as its `--service`. */
export function launchUrl({ environment, key }: Pick<LaunchPlan, "environment" | "key">): string {
  const {
    AZUREML_SERVICE_ENDPOINT: service,
    AZUREML_WORKSPACE_SCOPE: scope,
    AZUREML_RUN_ID: run,
  } = environment;
  return `${service}/malachite/v1.0${encodeURI(scope ?? "")}/runs/${encodeURIComponent(run ?? "")}/launches/${key}`;
}
