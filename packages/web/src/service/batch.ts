// Puts questions that are asked in one moment into one request: each plot asks for its own metric, the service is asked once. Pure.

type Waiting<Item, Answer> = {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * `ask` gets the items that were asked for with the same key, at most `most` of them, and answers each in its place. Items that are the
 * same are for it to see.
 */
export function batched<Item, Answer>(
  ask: (items: readonly Item[], key: string) => Promise<readonly Answer[]>,
  most: number,
  waitMs = 15,
): (key: string, item: Item) => Promise<Answer> {
  const waiting = new Map<string, Waiting<Item, Answer>[]>();
  const send = async (key: string, some: readonly Waiting<Item, Answer>[]) => {
    try {
      const answers = await ask(
        some.map(({ item }) => item),
        key,
      );
      for (const [i, { resolve }] of some.entries()) resolve(answers[i] as Answer);
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
  };
  return (key, item) =>
    new Promise((resolve, reject) => {
      const some = waiting.get(key) ?? [];
      if (some.length === 0) {
        waiting.set(key, some);
        setTimeout(() => {
          if (waiting.get(key) === some) waiting.delete(key);
          void send(key, some);
        }, waitMs);
      }
      some.push({ item, resolve, reject });
      if (some.length >= most) waiting.delete(key);
    });
}
