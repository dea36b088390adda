import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { launchKey } from "../domain/launch/launchKey.ts";
import type { LaunchKey, TargetSettings } from "../domain/launch/launchPlan.ts";
import type { LaunchPlace } from "../ports/launchPlace.ts";
import { sweepLaunches } from "./sweepLaunches.ts";

type Ports = Parameters<typeof sweepLaunches>[0];

const DAY_MS = 24 * 3600_000;
const NOW = 100 * DAY_MS;
const SCOPE = { subscriptionId: "s", resourceGroup: "g", workspace: "w" };
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** A place where these lie, with what was asked there. */
function placeOf(keys: readonly LaunchKey[] | Error) {
  const asked: string[] = [];
  const place: LaunchPlace = {
    async keys(before) {
      asked.push(`keys ${NOW - before}`);
      if (keys instanceof Error) throw keys;
      return keys;
    },
    async free(key, before) {
      asked.push(`free ${key} ${NOW - before}`);
      return true;
    },
  };
  return { place, asked };
}

describe("the sweep of launches", () => {
  it("looks once in each folder that targets name, spares what is in hand, and one folder that is away holds up no other", async () => {
    const inHand = launchKey(SCOPE, "Run_1", 1, sha256);
    const [shared, away] = [
      placeOf([inHand, "lost-1" as LaunchKey]),
      placeOf(new Error("The disk is away.")),
    ];
    const places: Record<string, LaunchPlace> = { away: away.place, one: shared.place, same: shared.place };
    const driver = { kind: "k", placeAt: ({ name }: TargetSettings) => places[name] };
    const told: unknown[] = [];
    const ports = {
      targets: {
        all: () =>
          ["away", "none", "one", "same"].map((name) => ({ name, kind: "k", pool: "p", options: {} })),
        driver: () => driver,
        drivers: () => [driver],
      },
      courier: {},
      data: {},
      runs: { inHand: async () => [{ scope: SCOPE, id: "Run_1", attempt: 2 }] },
      clock: { now: () => NOW },
      ids: { sha256 },
      log: { info() {}, warn: (event: string, fields: object) => told.push([event, fields]), error() {} },
    } as unknown as Ports;
    assert.equal(await sweepLaunches(ports, new AbortController().signal), 1);
    assert.deepEqual(shared.asked, [`keys ${DAY_MS}`, `free lost-1 ${DAY_MS}`]);
    assert.deepEqual(told, [["launchesUnknown", { reason: "The disk is away." }]]);
  });
});
