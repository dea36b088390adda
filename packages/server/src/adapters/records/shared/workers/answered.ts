// What a database worker does with a question.
import type { Executor } from "../executor.ts";
import { operation } from "../operations.ts";
import type { Question, Told } from "./messages.ts";

/** Throws what the operation throws. */
export async function answered(db: Executor, { id, name, args }: Question): Promise<Told> {
  const answer = await operation(name)(db, ...(JSON.parse(args) as never[]));
  return { id, answer: answer === undefined ? undefined : JSON.stringify(answer) };
}
