import assert from "node:assert/strict";
import { test } from "node:test";
import { safeUrl } from "./safeUrl.ts";

test("Only absolute addresses of the web are followed", () => {
  assert.equal(safeUrl("https://example.org/a?b#c"), "https://example.org/a?b#c");
  assert.equal(safeUrl("http://127.0.0.1"), "http://127.0.0.1");
  for (const bad of [
    "javascript:alert(1)",
    " JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "/ui/runs",
    "x",
    "file:///etc/passwd",
    "vbscript:x",
    "blob:https://x/y",
  ])
    assert.equal(safeUrl(bad), "", bad);
});
