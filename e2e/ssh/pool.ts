// Two real ssh servers as the machines of one target, `lab`, and a service that has it. Each is reached by a door that a test can shut.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Door, openDoor, type SshServerUnderTest, startSshServer } from "@malachite/server/conformance";
import { Service } from "../support/service.ts";

export class SshPool implements AsyncDisposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), "malachite-e2e-ssh-"));
  /** Of the runs, on both machines: it is one and the same. */
  readonly far: string = join(this.folder, "far");
  readonly servers: SshServerUnderTest[] = [];
  readonly doors: Door[] = [];
  #service: Service | undefined;

  get service(): Service {
    if (this.#service === undefined) throw new Error("the pool has not been started");
    return this.#service;
  }

  /** `slots` of each machine. */
  async start(slots: number): Promise<void> {
    this.servers.push(await startSshServer(), await startSshServer());
    for (const server of this.servers) this.doors.push(await openDoor(server));
    const [first, ...others] = this.servers;
    // The servers take each other's keys no more than real machines do: this one is for both.
    for (const other of others) await other.trust(first as SshServerUnderTest);
    const hosts = this.servers.map(({ user, fingerprint }, index) => ({
      ...{ host: "127.0.0.1", port: this.doors[index]?.port, user, fingerprint, slots },
      address: `127.0.0.${index + 1}`,
    }));
    const settings = join(this.folder, "malachite.json");
    const lab = { kind: "ssh", hosts, key: first?.key, folder: this.far };
    writeFileSync(settings, JSON.stringify({ target: { lab } }));
    this.#service = await Service.start({ flags: ["--settings", settings] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service?.[Symbol.asyncDispose]();
    for (const door of this.doors) await door[Symbol.asyncDispose]();
    for (const server of this.servers) await server[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
