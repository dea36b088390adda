import { equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { createAskTogether } from "./askTogether.ts";

const forever = new AbortController().signal;

test("Who asks while the same is asked hears that answer, and who comes after asks anew", async () => {
  const together = createAskTogether<number>();
  const answers = [Promise.withResolvers<number>(), Promise.withResolvers<number>()];
  let asked = 0;
  const ask = () => answers[asked++]?.promise ?? Promise.reject(new Error("one too many"));
  const first = Promise.all(Array.from({ length: 10 }, () => together("one", ask, forever)));
  const other = together("other", ask, forever);
  equal(asked, 2);
  answers[0]?.resolve(1);
  answers[1]?.resolve(2);
  equal((await first).join(), "1,1,1,1,1,1,1,1,1,1");
  equal(await other, 2);
  equal(await together("one", async () => 3, forever), 3);
});

test("An error is told to all who listen and kept for nobody", async () => {
  const together = createAskTogether<number>();
  const failing = async () => Promise.reject(new Error("away"));
  const both = [together("one", failing, forever), together("one", failing, forever)];
  for (const one of both) await rejects(one, /away/);
  equal(await together("one", async () => 1, forever), 1);
});

test("One who leaves takes nothing from the others; when all have left the question is called off", async () => {
  const together = createAskTogether<string>();
  const [one, other] = [new AbortController(), new AbortController()];
  const answer = Promise.withResolvers<string>();
  let calledOff = false;
  const ask = (signal: AbortSignal) => {
    signal.addEventListener("abort", () => (calledOff = true));
    return answer.promise;
  };
  const first = together("one", ask, one.signal);
  const second = together("one", ask, other.signal);
  one.abort(new Error("no time"));
  await rejects(first, /no time/);
  equal(calledOff, false);
  other.abort(new Error("nor I"));
  await rejects(second, /nor I/);
  equal(calledOff, true);
  // A question that was called off is no answer for who comes now.
  equal(await together("one", async () => "new", forever), "new");
  answer.resolve("late");
  await rejects(together("one", ask, one.signal), /no time/);
});
