import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseLock, printLock, readPinned } from "./lockText.ts";

describe("a lock", () => {
  it("is read as it was written", () => {
    for (const lock of [
      { platform: "linux-x64", python: "3.8.18", pip: ["six==1.16.0 --hash=sha256:ab --hash=sha256:cd"] },
      { platform: "linux-x64", python: "3.11.7", pip: [] },
      {
        platform: "linux-x64",
        python: "3.8.18",
        conda: [
          { url: "file:///c/linux-64/python-3.8.18-0.tar.bz2", sha256: "ab" },
          { url: "https://h/noarch/x-1-0.conda", md5: "cd" },
        ],
        pip: ["x @ https://h/x.whl"],
      },
    ])
      assert.deepEqual(parseLock(printLock(lock)), lock);
  });

  it("is refused when it is something else", () => {
    for (const text of ["", "six==1.16.0", "# pip\n"]) assert.throws(() => parseLock(text), /not one that/);
  });

  it("comes from what uv writes", () => {
    const text =
      "six==1.16.0 ; python_version < '4' \\\n    --hash=sha256:ab \\\n    --hash=sha256:cd\n# via x\nB.c @ https://h/b.whl\n";
    assert.deepEqual(readPinned(text), [
      { requirement: "six==1.16.0 ; python_version < '4'", name: "six", hashes: ["sha256:ab", "sha256:cd"] },
      { requirement: "B.c @ https://h/b.whl", name: "b-c", hashes: [] },
    ]);
  });
});
