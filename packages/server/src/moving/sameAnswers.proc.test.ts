// A workspace that was moved answers every operation that reads as it did before: from SQLite and a folder to PostgreSQL and Azurite, and
// back.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { allAnswers } from "../../conformance/allAnswers.ts";
import { type Filled, fillByApi } from "../../conformance/apiWorkspace.ts";
import { MOVED_SCOPE, placeOf } from "../../conformance/movedWorkspace.ts";
import { azureObjectsUnderTest } from "../../conformance/objectStoragesUnderTest.ts";
import { startPostgres, withoutPostgres } from "../../conformance/postgresServer.ts";
import { compose } from "../compose.ts";
import type { Settings } from "../settings.ts";
import { exportWorkspace } from "./exportWorkspace.ts";
import { importWorkspace } from "./importWorkspace.ts";

/** What is refused or not found is compared too, but says little. */
const LEAST_ANSWERED = 0.9;

const options = { skip: withoutPostgres(), timeout: 900_000 };
it("a moved workspace answers all that can be asked as before", options, async () => {
  const home = mkdtempSync(join(tmpdir(), "malachite-same-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(home, { recursive: true }));
  const [postgres, azure] = await Promise.all([startPostgres(), azureObjectsUnderTest()]);
  stack.use(postgres);
  stack.use(azure);

  const inService = async <T>(settings: Settings, work: (base: string) => Promise<T>): Promise<T> => {
    const said: string[] = [];
    await using app = await compose(
      { ...settings, port: 0, logLevel: "error" },
      { env: { PATH: settings.path }, writeLog: (line) => void said.push(line) },
    );
    const done = await work(await app.start());
    assert.deepEqual(said, []);
    return done;
  };
  const move = async (from: Settings, to: Settings): Promise<void> => {
    const file = join(home, "moved.malachite");
    await exportWorkspace({ settings: from, workspace: MOVED_SCOPE, file });
    await importWorkspace({ settings: to, file });
    rmSync(file);
  };
  const first = placeOf(join(home, "first"));
  const away = placeOf(join(home, "away"), { database: postgres.freshUrl(), objects: azure });
  const back = placeOf(join(home, "back"));
  const [of, origin] = await inService(
    first,
    async (base): Promise<[Filled, ReadonlyMap<string, string>]> => {
      const filled = await fillByApi(base, MOVED_SCOPE);
      return [filled, await allAnswers(base, filled)];
    },
  );
  await move(first, away);
  await move(away, back);
  for (const [name, settings] of [
    ["PostgreSQL and Azure", away],
    ["SQLite and a folder again", back],
  ] as const) {
    const answers = await inService(settings, (base) => allAnswers(base, of));
    const differ = [...origin].flatMap(([asked, was]) => {
      const is = answers.get(asked) ?? "";
      let at = 0;
      while (at < was.length && was[at] === is[at]) at += 1;
      const from = Math.max(0, at - 60);
      return was === is ? [] : [{ asked, was: was.slice(from, at + 140), is: is.slice(from, at + 140) }];
    });
    assert.deepEqual(differ, [], name);
  }
  const silent = [...origin].filter(([, said]) => !/^2/.test(said));
  assert.ok(
    origin.size - silent.length >= LEAST_ANSWERED * origin.size,
    silent.map(([asked, said]) => `${asked}: ${said.slice(0, 200)}`).join("\n"),
  );
});
