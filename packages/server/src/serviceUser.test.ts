import assert from "node:assert/strict";
import { userInfo } from "node:os";
import { describe, it } from "node:test";
import { serviceUser } from "./serviceUser.ts";

describe("the service's user", () => {
  it("is known by name, or by number where the machine has no name for it", () => {
    const { uid, gid, username } = userInfo();
    assert.deepEqual(serviceUser(), { uid, gid, name: username });
    const nameless = (): never => {
      throw new Error("uv_os_get_passwd returned ENOENT");
    };
    assert.deepEqual(serviceUser(nameless), { uid, gid, name: String(uid) });
  });
});
