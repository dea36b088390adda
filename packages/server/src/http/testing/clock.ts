// A clock that stands still until a test moves it.
import type { Clock } from "@malachite/core";

export type TestClock = Clock & { at: number };

/** 2026-01-02T03:04:05.123Z */
export const NOON = Date.UTC(2026, 0, 2, 3, 4, 5, 123);

export const testClock = (at = NOON): TestClock => ({
  at,
  now() {
    return this.at;
  },
  sleep: async () => {},
});
