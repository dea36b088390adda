// Runs inside the test process and sends what happened to the parent as plain messages. Prints nothing.
import { basename } from "node:path";
import { inspect } from "node:util";

/** A test by its own name and the file that defines it. A `title` has the names of the suites around it too. */
type Place = { readonly name: string; readonly file: string };

/** One thing that a test process tells its parent. */
export type Message =
  | ({ readonly type: "begin" } & Place)
  | ({ readonly type: "pass"; readonly title: string } & Place)
  | ({ readonly type: "skip"; readonly title: string; readonly why: string } & Place)
  | ({ readonly type: "fail"; readonly title: string; readonly reason: string } & Place)
  /** A suite, or a test that holds subtests, has ended; what it holds was told one by one. */
  | ({ readonly type: "group" } & Place)
  /** Something went wrong after its test had ended, such as an exception from a timer. */
  | { readonly type: "stray"; readonly reason: string }
  | { readonly type: "summary"; readonly success: boolean };

type Failure = Error & { readonly failureType?: string };
type Result = {
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
  readonly skip?: string | boolean;
  readonly todo?: string | boolean;
  readonly details?: { readonly type?: string; readonly error?: Failure };
};
type Event = { readonly type: string; readonly data: unknown };

/** The error with its own stack, without the frames of node:test that are the same every time. */
function reasonOf(error: Failure | undefined): string {
  const cause = error?.cause ?? error;
  const text = typeof cause === "string" ? cause : inspect(cause, { depth: 4, breakLength: 120 });
  return text.replace(/^ +at .*\bnode:internal\/.*\n?/gm, "").trimEnd();
}

function ended(event: Event, path: readonly string[]): Message {
  const data = event.data as Result;
  const at = { name: data.name, file: data.file ?? "" };
  const title = [...path, data.name].join(" > ");
  const { details } = data;
  if (event.type === "test:fail") {
    if (details?.error?.failureType === "subtestsFailed") return { type: "group", ...at };
    return { type: "fail", ...at, title, reason: reasonOf(details?.error) };
  }
  const off = data.skip ?? data.todo;
  if (off !== undefined && off !== false)
    return { type: "skip", ...at, title, why: typeof off === "string" ? off : "" };
  if (details?.type === "suite") return { type: "group", ...at };
  // For a file that registers no test, node:test tells a pass in the name of the file.
  if (path.length === 0 && basename(data.name) === basename(at.file) && data.name.endsWith(".test.ts"))
    return { type: "fail", ...at, title, reason: "The file holds no tests." };
  return { type: "pass", ...at, title };
}

/** Gives a function that says what one event of node:test is for the parent, if anything. It keeps track of the suites that are open. */
export function createTranslator(): (event: Event) => Message | undefined {
  const open: string[] = [];
  return (event) => {
    const data = event.data as Result & {
      nesting: number;
      level?: string;
      message: string;
      success: boolean;
    };
    switch (event.type) {
      case "test:start":
        open.length = data.nesting;
        open.push(data.name);
        return undefined;
      case "test:dequeue":
        return { type: "begin", name: data.name, file: data.file ?? "" };
      case "test:pass":
      case "test:fail":
        return ended(event, open.slice(0, data.nesting));
      case "test:diagnostic":
        return data.nesting === 0 && data.message.startsWith("Error: ")
          ? { type: "stray", reason: data.message }
          : undefined;
      case "test:summary":
        return data.file === undefined ? { type: "summary", success: data.success } : undefined;
      default:
        return undefined;
    }
  };
}

// node:test takes a reporter only as the default export of a module.
// biome-ignore lint/style/noDefaultExport: the interface of node:test asks for it
export default async function* report(source: AsyncIterable<Event>): AsyncGenerator<string> {
  const translate = createTranslator();
  for await (const event of source) {
    const message = translate(event);
    if (message !== undefined) process.send?.(message);
  }
  yield "";
}
