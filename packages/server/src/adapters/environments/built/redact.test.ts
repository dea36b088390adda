import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { credentialsIn, redactor, withLogins, withoutLogins } from "./redact.ts";

const INDEX = "--extra-index-url https://me:p%40ss-word@pkgs.example.org/simple";

describe("passwords of indexes", () => {
  it("are in no line that a tool says, in whatever form", () => {
    const redact = redactor([INDEX, "https://conda.example.org/t/tk-0123456789/mine"]);
    for (const line of [
      "Fetching https://me:p%40ss-word@pkgs.example.org/simple/six/",
      "401 for me:p@ss-word",
      "the password p%40ss-word is wrong",
      "https://conda.example.org/t/tk-0123456789/mine/noarch",
      "an address of another tool: https://who:what@elsewhere/x",
    ]) {
      const told = redact(line);
      assert.doesNotMatch(told, /ss-word|tk-0123456789|who:what/, told);
    }
    assert.equal(redact("Fetching https://me:p%40ss-word@h/x"), "Fetching https://h/x");
    assert.equal(redact("plain"), "plain");
    const short = redactor(["git+ssh://git@h/x.git", "https://u:pw@h/simple"]);
    assert.equal(short("a git pull of u from https://u:pw@h/x"), "a git pull of u from https://h/x");
  });

  it("are taken out of a lock and put back where it is installed", () => {
    const line = "x @ https://me:p%40ss-word@pkgs.example.org/x.whl --hash=sha256:00";
    const bare = withoutLogins(line);
    assert.equal(bare, "x @ https://pkgs.example.org/x.whl --hash=sha256:00");
    assert.equal(withLogins(bare, credentialsIn([INDEX])), line);
    const channel = "https://conda.example.org/t/tk-0123456789/mine/noarch/x-1-0.conda";
    const hidden = redactor([channel])(channel);
    assert.equal(hidden, "https://conda.example.org/t/****/mine/noarch/x-1-0.conda");
    assert.equal(withLogins(hidden, credentialsIn([channel])), channel);
    assert.equal(
      withoutLogins("x @ git+ssh://git@example.org/x.git@v1"),
      "x @ git+ssh://git@example.org/x.git@v1",
    );
  });
});
