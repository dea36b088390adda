import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findAlive, membersByScan, type ProcessRow, parseStat } from "./processTable.ts";

const tail = (start: number) =>
  `S 1 77 66 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 ${start} 1000 200 18446744073709551615 1 1`;

describe("parseStat", () => {
  it("reads a name with blanks, brackets and line ends", () => {
    for (const name of ["sh", "a b", "a) R 5", "((", "x)\n) Z 9 9 9", ""]) {
      const row = parseStat(`4242 (${name}) ${tail(123456)}`);
      assert.deepEqual(row, { pid: 4242, parent: 1, session: 66, state: "S", startTime: "123456" }, name);
    }
  });

  it("takes a cut text for nothing", () => {
    for (const text of ["", "4242", "4242 (sh", "4242 (sh) S 1 2"])
      assert.equal(parseStat(text), undefined, text);
  });
});

describe("findAlive", () => {
  it("knows this process, and no other that could have its pid", () => {
    const row = parseStat(`1 (x) ${tail(1)}`);
    assert.ok(row);
    const boot = "b";
    const self = { pid: process.pid, startTime: "", boot };
    assert.equal(findAlive({ ...self, boot: "earlier" }, boot), undefined);
    if (process.platform === "linux") assert.equal(findAlive({ ...self, startTime: "1" }, boot), undefined);
    assert.equal(findAlive({ ...self, pid: 0 }, boot), undefined);
    assert.equal(findAlive({ ...self, pid: 2 ** 22 + 1 }, boot), undefined);
  });
});

describe("membersByScan", () => {
  const row = (pid: number, parent: number, session: number): ProcessRow => ({
    pid,
    parent,
    session,
    state: "S",
    startTime: "1",
  });
  // 10 is the script, 11 the command in a session of its own, 12 its child, 13 a child that left the session and was orphaned,
  // 14 its child with a cleared environment, 20 the service, 21 another run's script.
  const rows = [
    row(10, 20, 10),
    row(11, 10, 11),
    row(12, 11, 11),
    row(13, 1, 13),
    row(14, 13, 13),
    row(20, 1, 20),
    row(21, 20, 21),
  ];
  const marked =
    (...pids: number[]) =>
    (pid: number) =>
      pids.includes(pid);

  it("finds descendants, marked ones and their sessions, and not the script", () => {
    assert.deepEqual(membersByScan(10, marked(10, 11, 12, 13), rows).toSorted(), [11, 12, 13, 14]);
  });

  it("finds what is left when the script has gone, and takes no stranger with its pid", () => {
    const later = [row(10, 20, 20), row(99, 10, 99), ...rows.slice(1)].map((r) =>
      r.pid === 11 ? row(11, 1, 11) : r,
    );
    assert.deepEqual(membersByScan(undefined, marked(11, 12, 13), later).toSorted(), [11, 12, 13, 14]);
  });

  it("finds nothing where nothing is", () => {
    assert.deepEqual(membersByScan(undefined, marked(), rows), []);
  });
});
