// `malachite export` and `malachite import`: a workspace between the stores of services. They ask no service, and need none.
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../errors/usageError.ts";
import type { Io } from "../io.ts";
import { addFormatOption, type FormatOptions, json } from "../output/format.ts";
import { localTime, size } from "../output/times.ts";
import { settingsOf, told, withStores } from "./stores.ts";

type Options = FormatOptions & {
  readonly workspace?: string;
  readonly keyFile?: string;
  readonly leaveSecrets?: boolean;
  readonly giveUp?: boolean;
};

/** Adds the options and the action of `export`. */
export function define(command: Command, io: Io): void {
  addFormatOption(
    withStores(
      command
        .argument("<file>", "the archive to write")
        .option("--workspace <subscription/group/name>", "which workspace (default: the one that `up` makes)")
        .option(
          "--key-file <file>",
          "seal secrets with the words of this file; without it they are left out",
        ),
    ),
  )
    .addHelpText(
      "after",
      `
Runs that have not ended are in it as they are, and ended as Failed (Moved) where it is imported.

Examples:
  malachite export ws1.malachite
  malachite export ws1.malachite --settings /etc/malachite/malachite.yaml --key-file key`,
    )
    .action(async (file: string, options: Options) => {
      const { DEFAULT_WORKSPACE, exportWorkspace, scopeOf } = await import("@malachite/server");
      const settings = await settingsOf(options, io);
      const name = options.workspace ?? DEFAULT_WORKSPACE;
      if (!/^[^/]+\/[^/]+\/[^/]+$/.test(name))
        throw new UsageError(`--workspace must be SUBSCRIPTION/GROUP/NAME; it is '${name}'.`);
      const progress = new Progress(io);
      const done = await told(() =>
        exportWorkspace({
          settings,
          workspace: scopeOf(name),
          file: resolve(io.cwd, file),
          ...(options.keyFile === undefined ? {} : { keyFile: resolve(io.cwd, options.keyFile) }),
          told: (what, count) => progress.say(`${count} ${what}`),
        }),
      ).finally(() => progress.end());
      if (options.output === "json") return io.out(json(done));
      await io.out(
        `${done.workspace} as of ${localTime(done.exportedAt)} is in ${file} (${size(done.archiveBytes)}): ${contentsOf(done)}.\n`,
      );
      if (done.unfinished > 0)
        io.say(
          `${counted(done.unfinished, "run")} had not ended: where it is imported, such a run is ended as Failed (Moved).`,
        );
      if (done.withoutSecrets.length > 0)
        io.say(
          `Not in it: the secrets of the datastores ${done.withoutSecrets.join(", ")}. Register them again after the import, or export with --key-file.`,
        );
      if (done.withoutPasswords > 0)
        io.say(`Not in it: passwords of registries of ${done.withoutPasswords} runs.`);
    });
}

/** Adds the options and the action of `import`. */
export function defineImport(command: Command, io: Io): void {
  addFormatOption(
    withStores(
      command
        .argument("<file>", "the archive")
        .option("--key-file <file>", "the file whose words the secrets were sealed with")
        .option("--leave-secrets", "leave out secrets that are in the archive")
        .option("--give-up", "remove instead what an import of this archive has left that was not finished"),
    ),
  )
    .addHelpText(
      "after",
      `
Stop the service first, unless its records are in PostgreSQL. Nobody sees the workspace before all of it is there. What was killed in the
middle is finished by the same command.

Examples:
  malachite import ws1.malachite --data /var/lib/malachite
  malachite import ws1.malachite --database postgres://malachite@db/malachite --blobs s3://bucket`,
    )
    .action(async (file: string, options: Options) => {
      const { giveUpWorkspace, importWorkspace } = await import("@malachite/server");
      const settings = await settingsOf(options, io);
      const path = resolve(io.cwd, file);
      if (options.giveUp === true) {
        const was = await told(() => giveUpWorkspace({ settings, file: path }));
        if (options.output === "json") return io.out(json({ removed: was }));
        return io.out(
          was ? "All that was left of it is removed.\n" : "There is no import of it to give up.\n",
        );
      }
      const total = (await stat(path).catch(() => undefined))?.size ?? 0;
      const progress = new Progress(io);
      const done = await told(() =>
        importWorkspace({
          settings,
          file: path,
          ...(options.keyFile === undefined ? {} : { keyFile: resolve(io.cwd, options.keyFile) }),
          leaveSecrets: options.leaveSecrets === true,
          told: (what, bytes) =>
            progress.say(
              `${what === "check" ? "checked" : "taken in"}: ${Math.floor((100 * bytes) / Math.max(1, total))} %`,
            ),
        }),
      ).finally(() => progress.end());
      if (options.output === "json") return io.out(json(done));
      await io.out(`${done.workspace} as of ${localTime(done.exportedAt)} is here: ${contentsOf(done)}.\n`);
      if (done.ended > 0)
        io.say(
          `${counted(done.ended, "run")} had not ended when it was exported: here such a run is ended, as Failed (Moved) or Canceled.`,
        );
      if (done.secrets === "left out") io.say("Secrets of datastores were left out: register them again.");
    });
}

type Counted = {
  readonly rows: Readonly<Record<string, number>>;
  readonly snapshots: number;
  readonly files: number;
  readonly fileBytes: number;
};

function contentsOf({ rows, snapshots, files, fileBytes }: Counted): string {
  return `${counted(rows.runs ?? 0, "run")}, ${counted(snapshots, "snapshot")}, ${counted(files, "file")}, ${size(fileBytes)}`;
}

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

/** How far it is, for a person at a terminal; now and then. */
class Progress {
  readonly #io: Io;
  #at = 0;

  constructor(io: Io) {
    this.#io = io;
  }

  say(text: string): void {
    const now = Date.now();
    if (!this.#io.interactive || now - this.#at < 500) return;
    this.#at = now;
    process.stderr.write(`\r\u001b[2K${text}`);
  }

  end(): void {
    if (this.#at > 0) process.stderr.write("\r\u001b[2K");
  }
}
