import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { EXIT_RECORD_MAX_BYTES, parseExitRecord } from "./exitRecord.ts";

describe("parseExitRecord", () => {
  it("reads a code, a signal and a failure", () => {
    assert.deepEqual(parseExitRecord('{"version":1,"code":137,"startedAt":5,"endedAt":7}   \n'), {
      code: 137,
      startedAt: 5,
      endedAt: 7,
    });
    assert.deepEqual(parseExitRecord('{"code":null,"signal":"SIGKILL","outOfMemory":true}'), {
      code: null,
      signal: "SIGKILL",
      outOfMemory: true,
    });
    assert.deepEqual(parseExitRecord('{"code":127,"failure":"The command was not found."}'), {
      code: 127,
      failure: "The command was not found.",
    });
  });

  it("takes nothing else for a record", () => {
    const none = [
      "",
      "{",
      "[]",
      "null",
      "0",
      '{"code":256}',
      '{"code":-1}',
      '{"code":1.5}',
      '{"code":"0"}',
      "{}",
    ];
    for (const text of [...none, '{"code":null}', '{"code":null,"signal":"<b>"}', " ".repeat(401)]) {
      assert.equal(parseExitRecord(text), undefined, text);
    }
    assert.equal(parseExitRecord(`{"code":0,"x":"${"x".repeat(EXIT_RECORD_MAX_BYTES)}"}`), undefined);
  });

  it("never throws and never lets through an odd value", () => {
    const record = fc.record({ code: fc.jsonValue(), signal: fc.jsonValue(), startedAt: fc.jsonValue() });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          record.map((value) => JSON.stringify(value)),
        ),
        (text) => {
          const read = parseExitRecord(text);
          if (read === undefined) return;
          assert.ok(read.code === null ? read.signal !== undefined : Number.isInteger(read.code));
        },
      ),
    );
  });
});
