// The line that a person would look for first, in logs as they really end.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ErrorFinder } from "./errorFinder.ts";

function find(log: string) {
  const finder = new ErrorFinder();
  let lineOffset = 0;
  for (const [i, text] of log.split("\n").entries()) {
    finder.push({ line: i + 1, lineOffset, text });
    lineOffset += text.length + 1;
  }
  const found = finder.found();
  return found && [found.line, found.kind, found.message];
}

const traceback = (error: string, before = "") =>
  [
    "Traceback (most recent call last):",
    '  File "train.py", line 3, in <module>',
    "    main()",
    "    ~~~~^^",
    error,
  ]
    .map((line) => before + line)
    .join("\n");

describe("the last trouble of a log", () => {
  it("is none where all is well", () => {
    assert.equal(
      find("epoch 1 error=0.5\n0 errors\nErrorRate 0.1\nno exception was raised\nloss: 3"),
      undefined,
    );
  });
  it("is a traceback from its first line, with the error in its last", () => {
    assert.deepEqual(find(`start\n${traceback("ValueError: bad\nbye")}`), [
      2,
      "traceback",
      "ValueError: bad",
    ]);
    assert.deepEqual(find(traceback("torch.OutOfMemoryError: CUDA out of memory. Tried")), [
      1,
      "gpu",
      "torch.OutOfMemoryError: CUDA out of memory. Tried",
    ]);
  });
  it("begins with the first of chained tracebacks, and ends with the error of the last", () => {
    for (const word of [
      "During handling of the above exception, another exception occurred:",
      "The above exception was the direct cause of the following exception:",
    ])
      assert.deepEqual(find(`${traceback("KeyError: 'a'")}\n\n${word}\n\n${traceback("RuntimeError: b")}`), [
        1,
        "traceback",
        "RuntimeError: b",
      ]);
  });
  it("is found behind a rank's name, with lines of others between", () => {
    const lines = traceback("ValueError: x", "[rank1]: ").split("\n");
    lines.splice(2, 0, "[rank0]: step 5");
    assert.deepEqual(find(lines.join("\n")), [1, "traceback", "ValueError: x"]);
  });
  it("is the cause, not what follows from it; and what came long before is another story", () => {
    const followed = `${traceback("ValueError: cause")}\nERROR:elastic: failed (exitcode: 1)\n${traceback("ChildFailedError: ")}`;
    assert.deepEqual(find(followed)?.slice(0, 2), [1, "traceback"]);
    const early = `${traceback("ValueError: retried")}\n${"fine\n".repeat(300)}${traceback("KeyError: last")}`;
    assert.equal(find(early)?.[2], "KeyError: last");
  });
  it("is also what is no exception of python", () => {
    for (const [line, kind] of [
      ["RuntimeError: CUDA error: device-side assert triggered", "gpu"],
      ["ncclUnhandledCudaError: Call to CUDA function failed.", "gpu"],
      ["terminate called after throwing an instance of 'std::bad_alloc'", "memory"],
      ["run.sh: line 3: 12345 Killed                  python train.py", "killed"],
      ["Segmentation fault (core dumped)", "crash"],
      ["thread 'main' panicked at src/main.rs:2:5:", "crash"],
      ["pkg.mod.CustomError: it broke", "exception"],
      ["Error: Cannot find module 'x'", "exception"],
    ] as const)
      assert.deepEqual(find(`a\n${line}\nb`), [2, kind, line]);
  });
  it("is the last line of level error, where there is nothing worse", () => {
    assert.deepEqual(find("2026-11-27 ERROR first\nx\n[ERROR] second\ny"), [3, "error", "[ERROR] second"]);
    assert.deepEqual(find(`${traceback("ValueError: x")}\nERROR later`)?.[0], 1);
  });
  it("is told of a traceback that the end of the log cuts off", () => {
    assert.deepEqual(find('a\nTraceback (most recent call last):\n  File "x"'), [
      2,
      "traceback",
      "Traceback (most recent call last):",
    ]);
  });
});
