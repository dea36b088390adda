// Starts a real bundle in a folder of its own, on a machine that seems to have a POSIX shell and one Python only.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { LocalJob } from "@malachite/core";
import { createLocalBundler } from "../localBundler.ts";
import { storedZip } from "../storedZip.ts";

export type Ended = {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: Buffer;
  readonly stderr: string;
};

/** The Python behind whatever `python3` is: a shim would start two processes and needs more than a shell. */
export const realPython = existsSync("/usr/bin/python3")
  ? "/usr/bin/python3"
  : execFileSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim();

export const realShell = (name: string): string | undefined =>
  ["/bin", "/usr/bin", "/usr/local/bin"].map((folder) => join(folder, name)).find(existsSync);

export const job = (url: string, more: Partial<LocalJob> = {}): LocalJob => ({
  serviceUrl: url,
  scope: {
    subscriptionId: "11111111-1111-1111-1111-111111111111",
    resourceGroup: "rg",
    workspace: "ws1",
  },
  experimentName: "exp/ü",
  runId: "run_1",
  dataContainerId: "dcid.run_1",
  token: "token-1",
  tokenExpiresAt: Date.now() + 3_600_000,
  script: "train.py",
  arguments: [],
  environmentVariables: {},
  outputCollection: true,
  besideProject: false,
  log: "user_logs/std_log.txt",
  directoriesToWatch: ["logs"],
  ...more,
});

/** A run's folder, removed at the end with all that still runs in it. */
export class BundleFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "malachite local 'run' "));
  readonly #bin = mkdtempSync(join(tmpdir(), "malachite-bin-"));
  readonly #children = new Set<ChildProcess>();

  constructor(options: { readonly python?: string; readonly shell?: string } = {}) {
    symlinkSync(options.python ?? realPython, join(this.#bin, "python3"));
    symlinkSync(options.shell ?? realShell("dash") ?? "/bin/sh", join(this.#bin, "sh"));
  }

  file(path: string, text: string | Uint8Array): string {
    const full = join(this.path, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
    return full;
  }

  /** Unpacks the bundle as the clients of v1 do: over the folder, without modes. */
  async unpack(what: LocalJob, certificateAuthority?: string): Promise<void> {
    const blocks: Uint8Array[] = [];
    const bundler = createLocalBundler({ writeZip: storedZip, certificateAuthority });
    for await (const block of bundler.pack(what)) blocks.push(block);
    const zip = this.file("bundle.zip", Buffer.concat(blocks));
    execFileSync(realPython, ["-m", "zipfile", "-e", zip, this.path]);
    rmSync(zip);
  }

  /** Starts Invocation.sh from another folder than the run's. */
  start(
    env: Record<string, string> = {},
    args: readonly string[] = [],
  ): { child: ChildProcess; ended: Promise<Ended> } {
    const child = spawn(join(this.#bin, "sh"), [join(this.path, "azureml-setup", "Invocation.sh"), ...args], {
      cwd: "/",
      env: { PATH: this.#bin, AZUREML_TARGET_TYPE: "local", MALACHITE_PATIENCE_SECONDS: "20", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#children.add(child);
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout?.on("data", (block: Buffer) => stdout.push(block));
    child.stderr?.on("data", (block: Buffer) => stderr.push(block));
    const ended = new Promise<Ended>((done) =>
      child.on("close", (code, signal) => {
        this.#children.delete(child);
        done({
          code,
          signal,
          stdout: Buffer.concat(stdout),
          stderr: Buffer.concat(stderr).toString("utf8"),
        });
      }),
    );
    return { child, ended };
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.path, { recursive: true, force: true });
    rmSync(this.#bin, { recursive: true, force: true });
  }
}
