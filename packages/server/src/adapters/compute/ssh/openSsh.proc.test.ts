// Logging in to a machine that has host keys of several kinds, of which a fingerprint pins one, with a real ssh server.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { startSshServer, withoutSshServer } from "../../../../conformance/sshServer.ts";
import { openSsh } from "./openSsh.ts";

describe("the fingerprint of an ssh machine", { skip: withoutSshServer() ?? false }, () => {
  it("may be that of any of its keys, and no other is let in", async () => {
    const folder = mkdtempSync(join(tmpdir(), "malachite-ssh-kinds-"));
    await using server = await startSshServer();
    const rsa = join(folder, "rsa");
    execFileSync("ssh-keygen", ["-q", "-t", "rsa", "-N", "", "-f", rsa]);
    const config = join(folder, "sshd_config");
    const own = readFileSync(join(dirname(server.key), "sshd_config"), "utf8");
    writeFileSync(config, `${own}\nHostKey ${rsa}\n`);
    // One sshd for each connection, as inetd starts them.
    const door = createServer((socket) => {
      const sshd = spawn("/usr/sbin/sshd", ["-i", "-f", config], { stdio: ["pipe", "pipe", "ignore"] });
      socket.on("error", () => {}).pipe(sshd.stdin.on("error", () => {}));
      sshd.stdout.pipe(socket);
    });
    await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
    const { port } = door.address() as AddressInfo;
    const logIn = async (fingerprint: string) => {
      const host = { host: "127.0.0.1", port, user: server.user, slots: 1, fingerprint };
      const options = { key: server.key, agent: undefined, knownHosts: undefined };
      (
        await openSsh(host, options, { agentSocket: undefined, home: folder }, new AbortController().signal)
      ).destroy();
    };
    const [, ofRsa = ""] = execFileSync("ssh-keygen", ["-lf", `${rsa}.pub`], { encoding: "utf8" }).split(" ");
    await logIn(server.fingerprint);
    await logIn(ofRsa);
    await assert.rejects(
      logIn(`SHA256:${"A".repeat(43)}`),
      new RegExp(`is ${server.fingerprint.replaceAll("+", "\\+")} .*pins SHA256:AAAA`),
    );
    door.close();
    rmSync(folder, { recursive: true });
  });
});
