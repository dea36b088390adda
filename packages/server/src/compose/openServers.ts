// What a server has to do with others that share its records: it says that it is there, hears their news, and is refused where it would
// take the processes of another machine for its own, or has none of the files that the records speak of.
import { readFileSync, readlinkSync } from "node:fs";
import {
  type FlowPorts,
  type KnownServer,
  MalachiteError,
  type ServerList,
  shareNews,
  ToldOnce,
} from "@malachite/core";

/** How often it says so, and for how long that holds. */
const SEEN_EVERY_MS = 3_000;
const SEEN_MS = 15_000;

type Settings = { readonly database?: string; readonly databasePassword?: string; readonly machine: string };

export type Servers = AsyncDisposable & {
  /**
   * From now on the server is one of them. Throws Busy where another that lives has another data folder, or calls its machine the same
   * and sees other processes; one of before a reboot is waited for.
   */
  join(url: string): Promise<void>;
};

/** Opens a connection for news, in the background. */
export async function openServers(
  { database = "", databasePassword, machine }: Settings,
  { servers }: { readonly servers: ServerList },
  ports: FlowPorts,
): Promise<Servers> {
  const { createPostgresNews } = await import("../adapters/records/postgres/postgresNews.ts");
  const password = databasePassword === undefined ? {} : { password: databasePassword };
  const news = createPostgresNews({ url: database, ...password });
  const shared = shareNews(ports, news);
  const { runs, clock, log } = ports;
  const { owner } = ports.settings;
  const startedAt = clock.now();
  const sight = sightOfProcesses();
  const ended = new AbortController();
  let beating: Promise<void> | undefined;

  const seen = async (url: string) => {
    const at = await runs.now();
    return servers.seen({ owner, machine, sight, url, startedAt, seenUntil: at + SEEN_MS }, at);
  };

  return {
    async join(url) {
      for (let tries = 0; ; tries += 1) {
        const all = await seen(url);
        const why = whyRefused({ owner, machine, sight }, all);
        if (why === undefined) break;
        if (tries > SEEN_MS / 1000) {
          await servers.gone(owner);
          throw new MalachiteError("Busy", why);
        }
        await clock.sleep(1000, ended.signal);
      }
      const told = new ToldOnce(
        () => clock.now(),
        (error) => log.warn("recordsSilent", { reason: String(error) }),
      );
      beating = (async () => {
        while (!ended.signal.aborted) {
          await clock.sleep(SEEN_EVERY_MS, ended.signal);
          if (!ended.signal.aborted)
            await seen(url).then(
              () => told.worked(),
              (error) => told.failed(error),
            );
        }
      })();
    },
    async [Symbol.asyncDispose]() {
      ended.abort();
      shared[Symbol.dispose]();
      await beating;
      await servers.gone(owner).catch(() => {}); // It is forgotten by itself.
      await news[Symbol.asyncDispose]();
    },
  };
}

/** The id of a server's data folder, with which its name in leases begins. */
const folderOf = ({ owner }: Pick<KnownServer, "owner">): string => owner.replace(/\/[^/]*$/, "");

function whyRefused(
  { owner, machine, sight }: Pick<KnownServer, "owner" | "machine" | "sight">,
  all: readonly KnownServer[],
): string | undefined {
  const stranger = all.find((one) => folderOf(one) !== folderOf({ owner }));
  if (stranger)
    return `The server at ${stranger.url} works on this database with another data folder. All servers of a database need one that all of them see: give it with --data, or give this one a database or a ?schema= of its own.`;
  const namesake = all.find((one) => one.machine === machine && one.sight !== sight);
  return (
    namesake &&
    `The server at ${namesake.url} calls its machine '${machine}' too, but sees other processes: it is on another machine, or in another container. Give each a name of its own with --machine.`
  );
}

/** The boot of the machine, and the part of its processes that is seen from here. */
function sightOfProcesses(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    // No Linux: then the name of the machine must do.
    return "";
  }
}
