// Counts the calls of stores that have not been answered: their threads and disks work in real time, which a clock of the test knows nothing of.

export type OpenCalls = {
  /** The same object; what it promises counts until it is kept. */
  watch<T extends object>(store: T): T;
  /** Resolves when nothing that was asked is unanswered, and nobody has asked on because of an answer. */
  none(): Promise<void>;
};

/** Turns of the event loop in which nothing was asked, until it is believed that nobody will. */
const QUIET_TURNS = 3;

export function countOpenCalls(): OpenCalls {
  let open = 0;
  const close = (): void => {
    open -= 1;
  };
  return {
    watch: (store) =>
      new Proxy(store, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name, target);
          if (typeof member !== "function") return member;
          return (...args: unknown[]) => {
            const answer: unknown = member.apply(target, args);
            if (!(answer instanceof Promise)) return answer;
            open += 1;
            answer.then(close, close);
            return answer;
          };
        },
      }),
    async none() {
      for (let quiet = 0; quiet < QUIET_TURNS; quiet = open > 0 ? 0 : quiet + 1)
        await new Promise((resolve) => (open > 0 ? setTimeout(resolve, 0) : setImmediate(resolve)));
    },
  };
}
