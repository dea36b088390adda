import assert from "node:assert/strict";
import { it } from "node:test";
import { imageType } from "./imageType.ts";

const of = (text: string) => imageType(Uint8Array.from(text, (char) => char.charCodeAt(0)));

it("images are known by their bytes, and nothing else is one", () => {
  assert.equal(of("\x89PNG\r\n\x1a\n...."), "image/png");
  assert.equal(of("\xff\xd8\xff\xe0"), "image/jpeg");
  assert.equal(of("RIFF1234WEBPVP8 "), "image/webp");
  assert.equal(of('<?xml version="1.0"?>\n<!-- plot -->\n<svg xmlns="x">'), "image/svg+xml");
  assert.equal(of("<!DOCTYPE html><svg>"), undefined);
  assert.equal(of("<html><svg>"), undefined);
  assert.equal(of(""), undefined);
});
