// A service in a process of its own, for tests that hold their own process up: prints its address, and ends when its input does.
import { serve } from "../src/main.ts";

const [flags = "{}"] = process.argv.slice(2);
const serving = await serve({ flags: JSON.parse(flags), env: process.env, writeLog: () => {} });
process.stdout.write(`${serving.url}\n`);
process.stdin.resume().once("end", () => void serving[Symbol.asyncDispose]());
