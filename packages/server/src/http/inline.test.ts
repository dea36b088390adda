// What is shown in a browser is shown in a sandbox, and nothing is taken for what it is not.
import assert from "node:assert/strict";
import { it } from "node:test";
import { inlineHeaders } from "./inline.ts";

const of = (path: string, start = "text") => inlineHeaders(path, Buffer.from(start));
const typeOf = (path: string, start?: string) => of(path, start)["content-type"];

it("types follow from names, and text is text", () => {
  assert.equal(typeOf("outputs/a.PNG", "\0"), "image/png");
  assert.equal(typeOf("report.html"), "text/html; charset=utf-8");
  for (const path of ["a.py", "a.xhtml", "a.xml", "a.js", "noending", "a.html.txt", "a.mht"])
    assert.equal(typeOf(path), "text/plain; charset=utf-8", path);
});
it("what is neither known nor text is saved, and so is a PDF that is none", () => {
  for (const [path, start] of [
    ["a.bin", "\0\u0001"],
    ["a.pdf", "<script>alert(1)</script>"],
  ] as const) {
    const headers = of(path, start);
    assert.match(headers["content-disposition"] ?? "", /^attachment; /);
    assert.equal(headers["content-type"], undefined);
  }
});
it("every page is in a sandbox without scripts, and only a real PDF is not", () => {
  for (const path of ["a.html", "a.svg", "a.txt", "a.json", "a.mp4", "a"]) {
    const policy = of(path)["content-security-policy"] ?? "";
    assert.match(policy, /^sandbox; default-src 'none'/);
    assert.doesNotMatch(policy, /script|allow-/);
  }
  const pdf = of("a.pdf", "%PDF-1.7");
  assert.equal(pdf["content-type"], "application/pdf");
  assert.doesNotMatch(pdf["content-security-policy"] ?? "", /sandbox|script/);
  assert.equal(pdf["x-content-type-options"], "nosniff");
});
it("names cannot break out of their header", () => {
  const header = of('outputs/a"\r\nset-cookie: x.txt')["content-disposition"] ?? "";
  assert.doesNotMatch(header, /[\r\n]|""/);
});
