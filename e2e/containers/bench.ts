// One engine and one service that puts runs into its containers, as the tests of this folder share them.
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { type EngineName, type EngineUnderTest, startContainerEngine } from "@malachite/server/conformance";
import { cancel, experiment, fileOf, keyStart } from "../support/runs.ts";
import { Service } from "../support/service.ts";

/** What `REPORT` of a run has seen. */
export type Seen = {
  python: string;
  cwd: string;
  argv: string[];
  uid: number;
  env: Record<string, string>;
  ca: number;
  root: string[];
};

export const BUILD_LOG = "azureml-logs/20_image_build_log.txt";

/** Made when tests are named, started before the first of them. */
export class ContainerBench implements AsyncDisposable {
  readonly name: EngineName;
  #engine: EngineUnderTest | undefined;
  #service: Service | undefined;

  constructor(name: EngineName) {
    this.name = name;
  }

  async start(): Promise<void> {
    this.#engine = await startContainerEngine(this.name);
    const { socket, image } = this.#engine;
    this.#service = await Service.start({
      flags: [
        ...["--container-socket", socket, "--container-image", image],
        ...["--target", "box=container", "--runs-at-once", "4"],
      ],
      env: { HTTPS_PROXY: "" },
    });
  }

  get engine(): EngineUnderTest {
    if (this.#engine === undefined) throw new Error("The engine was not started.");
    return this.#engine;
  }

  get service(): Service {
    if (this.#service === undefined) throw new Error("The service was not started.");
    return this.#service;
  }

  /** A configuration whose run goes into a container of the engine's image. */
  inImage(docker: object = {}, more: object = {}): Record<string, unknown> {
    return {
      environment: {
        python: { userManagedDependencies: true, interpreterPath: "python" },
        docker: { enabled: true, baseImage: this.engine.image, ...docker },
      },
      ...more,
    };
  }

  async seenBy(runId: string): Promise<Seen> {
    return JSON.parse(String(await fileOf(this.service, runId, "outputs/seen.json"))) as Seen;
  }

  /** The folder of a run that is in a container now. Those of earlier runs may not be freed yet. */
  folderOf(runId: string): string {
    const found = this.folders().find((name) => name.startsWith(keyStart(runId)));
    if (found === undefined) throw new Error(`The run ${runId} has no folder.`);
    return join(this.service.data, "containers", found);
  }

  /** The folders of runs that are in containers now. */
  folders(): string[] {
    return readdirSync(join(this.service.data, "containers")).filter((name) => /^[a-z]/.test(name));
  }

  /** All containers of the engine, as it names them. */
  async containers(): Promise<string[]> {
    const ask = request({ socketPath: this.engine.socket, path: "/containers/json?all=1" }).end();
    const [answer] = (await once(ask, "response")) as [IncomingMessage];
    const all = (await json(answer)) as { Names: string[] }[];
    return all.map(({ Names }) => Names.join(" "));
  }

  async #unfinished(): Promise<string[]> {
    const { value } = await this.service.json<{ value: { runId: string; status: string }[] }>(
      "GET",
      `/history/v1.0${experiment()}/runs`,
    );
    return value.filter(({ status }) => ["Running", "Queued"].includes(status)).map(({ runId }) => runId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#service) for (const run of await this.#unfinished()) await cancel(this.service, run);
    await this.#service?.[Symbol.asyncDispose]();
    await this.#engine?.[Symbol.asyncDispose]();
  }
}
