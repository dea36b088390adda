// Host keys as ssh-keygen writes them, and the words for those that are not let in.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import { fingerprintOf, pinnedTypes, refusedKey } from "./hostKeys.ts";

const keyOf = (type: string, body: string): Buffer => {
  const name = Buffer.from(type);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(name.length);
  return Buffer.concat([length, name, Buffer.from(body)]);
};
const KEY = keyOf("ssh-ed25519", "the key of the machine");
const OTHER = keyOf("ssh-ed25519", "another key");
const pins = (text: string | undefined, fingerprint?: string) => ({
  file: "/home/me/known",
  text,
  fingerprint,
});
const line = (host: string, key = KEY) => `${host} ssh-ed25519 ${key.toString("base64")} comment`;

describe("host keys", () => {
  it("let in what is pinned by name, port, pattern, hash or fingerprint", () => {
    const salt = Buffer.from("salt").toString("base64");
    const hash = createHmac("sha1", Buffer.from("salt")).update("[gpu]:2222").digest("base64");
    for (const text of [
      line("[gpu]:2222"),
      `# a comment\n\n${line("other,[gpu]:2222")}`,
      line("[g*]:2222"),
      line(`|1|${salt}|${hash}`),
    ])
      assert.equal(refusedKey(pins(text), "gpu", 2222, KEY), undefined, text);
    assert.equal(refusedKey(pins(line("gpu")), "gpu", 22, KEY), undefined);
    assert.equal(refusedKey(pins(undefined, fingerprintOf(KEY)), "gpu", 22, KEY), undefined);
  });

  it("refuse what is not known, with the very line to add", () => {
    for (const text of [undefined, "", line("gpu"), line("!*,[gpu]:2222"), `@cert-authority ${line("*")}`]) {
      const why = refusedKey(pins(text), "gpu", 2222, KEY) ?? "";
      assert.ok(
        why.endsWith(`add this line to /home/me/known: [gpu]:2222 ssh-ed25519 ${KEY.toString("base64")}`),
        why,
      );
      assert.ok(why.includes(fingerprintOf(KEY)), why);
    }
  });

  it("refuse one that has changed, is revoked, or is not that of the fingerprint, and say what was pinned", () => {
    const changed = refusedKey(pins(`\n${line("gpu", OTHER)}`), "gpu", 22, KEY) ?? "";
    assert.match(changed, /has changed: line 2 of/);
    assert.ok(changed.includes(fingerprintOf(OTHER)) && changed.includes(fingerprintOf(KEY)));
    assert.match(refusedKey(pins(`@revoked ${line("gpu")}`), "gpu", 22, KEY) ?? "", /revoked in line 1/);
    const pinned = refusedKey(pins(line("gpu"), fingerprintOf(OTHER)), "gpu", 22, KEY) ?? "";
    assert.ok(pinned.includes(`fingerprint: ${fingerprintOf(KEY)}`), pinned);
  });

  it("ask the machine for kinds that are pinned", () => {
    assert.deepEqual(pinnedTypes(pins(line("gpu")), "gpu", 22), ["ssh-ed25519"]);
    assert.equal(pinnedTypes(pins(line("gpu")), "elsewhere", 22), undefined);
    assert.equal(pinnedTypes(pins(line("gpu"), "SHA256:x"), "gpu", 22), undefined);
  });
});
