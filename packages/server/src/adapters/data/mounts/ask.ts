// Runs a small program and hears what it says, within a time: also when it hangs so that not even a kill ends it, as one may that
// touches a mount whose process does not answer.
import { spawn } from "node:child_process";

const MOST_CHARACTERS = 4000;

/** `code`: undefined when it could not be started, was killed, or gave no answer in time. Never throws. */
export function ask(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  withinMs: number,
): Promise<{ readonly code: number | undefined; readonly said: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    const late = setTimeout(() => {
      child.kill("SIGKILL");
      done(undefined, `${said}it gave no answer within ${withinMs / 1000} s`);
    }, withinMs);
    function done(code: number | undefined, text: string): void {
      clearTimeout(late);
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      child.unref();
      resolve({ code, said: text.trim() });
    }
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => {
        if (said.length < MOST_CHARACTERS) said += chunk;
      });
    child.once("error", (error) => done(undefined, error.message));
    child.once("close", (code) => done(code ?? undefined, said));
  });
}
