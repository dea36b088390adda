// What is known of mounts without making one: what is missing here, what the kernel lists, what rclone is told and has kept.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { faultOfAzureMount, mountOfAzure } from "../storages/azureStorage.ts";
import { mountOfS3 } from "../storages/s3Storage.ts";
import { mountPoints } from "./mountTable.ts";
import { hiddenOf, type MountFacts, missingOf } from "./mountTools.ts";
import { lastWords, mountArguments, mountEnvironment } from "./rcloneMount.ts";
import { type CacheEntry, forgetWritten, isPartial, writtenFiles } from "./writtenFiles.ts";

const FACTS: MountFacts = {
  platform: "linux",
  device: "there",
  rclone: "/usr/bin/rclone",
  version: "rclone v1.60.1-DEV\n- os/version: debian 12.11 (64 bit)",
  fusermount: "/usr/bin/fusermount3",
  isSetuidRoot: true,
  uid: 1000,
  status: "NoNewPrivs:\t0\nCapEff:\t0000000000000000\n",
  fuseConf: "#user_allow_other\n",
};

describe("what a machine needs for mounts", () => {
  it("is named as far as it is missing", () => {
    for (const [facts, words] of [
      [{}, undefined],
      [{ version: "rclone v2.0.0" }, undefined],
      [{ uid: 0, status: "CapEff:\t000001fffeffffff\n" }, undefined],
      [{ platform: "darwin" }, /Linux alone/],
      [{ device: "none" }, /no \/dev\/fuse .*--device/],
      [{ device: "denied" }, /may not open \/dev\/fuse/],
      [{ rclone: undefined, version: undefined }, /rclone is not on the service's PATH/],
      [{ version: "rclone v1.53.3-DEV" }, /\/usr\/bin\/rclone is 1\.53, and 1\.60 is needed/],
      [{ version: undefined }, /tells its version/],
      [{ fusermount: undefined }, /fusermount3 is not on the service's PATH/],
      [{ isSetuidRoot: false }, /fusermount3 is not set-user-id root/],
      [{ status: "NoNewPrivs:\t1\n" }, /NoNewPrivileges/],
      [{ uid: 0 }, /lacks CAP_SYS_ADMIN/],
    ] as const) {
      const missing = missingOf({ ...FACTS, ...facts });
      assert.equal(missing.length, words === undefined ? 0 : 1, JSON.stringify([facts, missing]));
      if (words !== undefined) assert.match(missing[0] ?? "", words);
    }
    assert.equal(missingOf({ ...FACTS, device: "none", rclone: undefined, fusermount: undefined }).length, 3);
  });

  it("is one line more for containers, where the service is not root", () => {
    assert.match(hiddenOf(FACTS) ?? "", /user_allow_other/);
    assert.equal(hiddenOf({ ...FACTS, fuseConf: "x\nuser_allow_other\n" }), undefined);
    assert.equal(hiddenOf({ ...FACTS, uid: 0 }), undefined);
  });
});

describe("mounts", () => {
  it("are read from the kernel's list, whatever their names hold", () => {
    const text =
      "42 27 0:39 / /a\\040b/ü'\\134x rw,nosuid - fuse.rclone malachite rw\n43 27 0:40 / /c rw shared:1 - ext4 /dev/x rw\n";
    assert.deepEqual(mountPoints(text), ["/a b/ü'\\x", "/c"]);
  });

  it("are told to rclone without a key in the command line, which the environment holds", () => {
    const source = mountOfS3(
      {
        bucket: "b",
        prefix: "/team a/",
        endpoint: "http://h:1",
        accessKeyId: "the-id",
        secretAccessKey: "the-secret",
      },
      "in put/x",
    );
    const ask = { source, file: "[a]*.txt", readOnly: true, letsOthersIn: false };
    const args = mountArguments("/data/m", ask);
    assert.deepEqual(args.slice(0, 3), ["mount", "store:b/team a/in put/x", "/data/m/at"]);
    assert.ok(args.includes("--read-only") && args.includes("/\\[a\\]\\*.txt"), args.join(" "));
    assert.ok(!/the-(id|secret)/.test(args.join(" ")));
    const env = mountEnvironment(source, { PATH: "/bin", AWS_PROFILE: "p", TOKEN: "t", https_proxy: "x" });
    assert.deepEqual([env.PATH, env.AWS_PROFILE, env.https_proxy, env.TOKEN], ["/bin", "p", "x", undefined]);
    assert.equal(env.RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY, "the-secret");
    assert.equal(env.RCLONE_CONFIG_STORE_FORCE_PATH_STYLE, "true");
  });

  it("of S3 without keys use what the machine has, and of Azure a signature of the container", () => {
    assert.deepEqual(mountOfS3({ bucket: "b" }, ""), {
      root: ["b"],
      remote: {
        type: "s3",
        provider: "AWS",
        region: "us-east-1",
        no_check_bucket: "true",
        env_auth: "true",
      },
    });
    const url = new URL("https://acct.blob.core.windows.net/files");
    const { root, remote } = mountOfAzure(url, "files", "sp=rl&sig=x", "a/b");
    assert.deepEqual(root, ["files", "a", "b"]);
    assert.equal(remote.sas_url, "https://acct.blob.core.windows.net/files?sp=rl&sig=x");
    const at = (endpoint: string) =>
      faultOfAzureMount({ accountName: "acct", containerName: "files", endpoint }, []);
    assert.equal(at("core.windows.net"), undefined);
    assert.equal(at("http://127.0.0.1:10000/acct"), undefined);
    assert.match(at("http://azurite:10000/acct") ?? "", /http:\/\/azurite:10000 holds the account/);
  });

  it("are refused of what the identity of the machine opens, which is an account at its own address alone", () => {
    const isRefused = (words: Record<string, string>, ...named: string[]) =>
      /identity/.test(
        faultOfAzureMount({ accountName: "acct", containerName: "files", ...words }, named) ?? "",
      );
    const none = { credentialType: "None" };
    assert.ok(isRefused(none, "acct"));
    assert.ok(isRefused({ ...none, endpoint: "https://own.example/" }, "https://own.example"));
    assert.ok(
      isRefused({ ...none, endpoint: "core.usgovcloudapi.net" }, "https://acct.blob.core.usgovcloudapi.net/"),
    );
    assert.ok(!isRefused(none, "other"));
    assert.ok(!isRefused({ credentialType: "Sas", credential: "sig=x" }, "acct"));
    for (const endpoint of [
      "evil.example",
      "https://evil.example",
      "https://acct.blob.core.windows.net@evil.example",
      "https://acct.blob.core.windows.net:8443",
      "http://acct.blob.core.windows.net",
      "https://acct.blob.core.windows.net/x",
    ])
      assert.ok(!isRefused({ ...none, endpoint }, "acct"), endpoint);
    assert.ok(!isRefused({ ...none, protocol: "http" }, "acct"));
    assert.ok(
      !isRefused(
        { ...none, containerName: "..", endpoint: "https://own.example/a" },
        "https://own.example/a",
      ),
    );
  });

  it("tell their last words without keys and signatures", () => {
    const log =
      "2026/11/27 04:01:20 NOTICE: first\n2026/11/27 04:01:20 ERROR : a: https://h/c?sv=1&sig=abc failed\n2026/11/27 04:01:21 Fatal error: key the-secret is bad\n";
    assert.equal(
      lastWords(log, { remote: { k: "the-secret" } }),
      "ERROR : a: https://h/c?… failed; Fatal error: key … is bad",
    );
    assert.equal(lastWords(""), "");
  });
});

describe("files in the cache of a mount", () => {
  const entry = (more: Partial<CacheEntry>): CacheEntry => ({
    Size: 10,
    Rs: [{ Pos: 0, Size: 10 }],
    Fingerprint: "10,x",
    Dirty: true,
    ...more,
  });

  it("are whole when new, or when every range of them is here", () => {
    for (const [more, expected] of [
      [{}, false],
      [{ Rs: null }, true],
      [{ Rs: null, Fingerprint: "" }, false],
      [{ Rs: null, Size: 0 }, false],
      [
        {
          Rs: [
            { Pos: 4, Size: 6 },
            { Pos: 0, Size: 5 },
          ],
        },
        false,
      ],
      [
        {
          Rs: [
            { Pos: 5, Size: 5 },
            { Pos: 0, Size: 4 },
          ],
        },
        true,
      ],
      [{ Rs: [{ Pos: 0, Size: 9 }] }, true],
    ] as const)
      assert.equal(isPartial(entry(more as Partial<CacheEntry>)), expected, JSON.stringify(more));
  });

  it("are those that were written and not sent; what is torn is told as partial", async () => {
    const cache = mkdtempSync(join(tmpdir(), "malachite-cache-"));
    const put = (path: string, text: string) => {
      mkdirSync(dirname(join(cache, "vfsMeta", path)), { recursive: true });
      writeFileSync(join(cache, "vfsMeta", path), text);
    };
    put("store{x}/b/in/new", JSON.stringify(entry({ Fingerprint: "" })));
    put("store{x}/b/in/deep/read", JSON.stringify(entry({ Dirty: false })));
    put("store{x}/b/in/deep/torn", '{"ModTi');
    put("store{x}/b/other", JSON.stringify(entry({})));
    const all = async () => {
      const found: (readonly [string, boolean])[] = [];
      for await (const file of writtenFiles(cache, ["b", "in"])) found.push([file.path, file.isPartial]);
      return found.sort();
    };
    assert.deepEqual(await all(), [
      ["deep/torn", true],
      ["new", false],
    ]);
    await forgetWritten(cache, ["b", "in"], { remote: "store{x}", path: "new", isPartial: false });
    assert.deepEqual(await all(), [["deep/torn", true]]);
    rmSync(cache, { recursive: true });
  });
});
