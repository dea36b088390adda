// Puts something around the methods of a port. The port may be an object of a class, so its methods are called on itself.

/** Calls `call` once and answers what that answers. */
export type Around = (name: string, args: readonly unknown[], call: () => unknown) => unknown;

/** The same port; each call of a method goes through `around`. */
export function aroundCalls<T extends object>(port: T, around: Around): T {
  const made = new Map<PropertyKey, { readonly of: unknown; readonly is: unknown }>();
  return new Proxy(port, {
    get(target, name) {
      const found: unknown = Reflect.get(target, name, target);
      if (typeof found !== "function" || typeof name !== "string") return found;
      const known = made.get(name);
      if (known?.of === found) return known.is;
      const is = (...args: unknown[]) => around(name, args, () => Reflect.apply(found, target, args));
      made.set(name, { of: found, is });
      return is;
    },
  });
}

/** The same port with some of its methods replaced. */
export const withMethods = <T extends object>(port: T, methods: Partial<T>): T =>
  new Proxy(port, {
    get(target, name) {
      const own = Object.hasOwn(methods, name) ? methods[name as keyof T] : undefined;
      const found: unknown = own ?? Reflect.get(target, name, target);
      return typeof found === "function" ? found.bind(target) : found;
    },
  });

/** Calls, and tells `done` when it has ended: at once, or when its promise has settled. */
export function whenDone(call: () => unknown, done: (error: unknown, answer: unknown) => void): unknown {
  let answer: unknown;
  try {
    answer = call();
  } catch (error) {
    done(error, undefined);
    throw error;
  }
  if (!(answer instanceof Promise)) return answer;
  return answer.then(
    (value: unknown) => {
      done(undefined, value);
      return value;
    },
    (error: unknown) => {
      done(error ?? new Error("unknown"), undefined);
      throw error;
    },
  );
}
