// Lets work through up to a weight at a time, in the order it came.

export type Gate = <T>(weight: number, work: () => Promise<T>) => Promise<T>;

/** Work that is heavier than the whole passes alone. */
export function createGate(most: number): Gate {
  let inside = 0;
  const waiting: { readonly weight: number; readonly enter: () => void }[] = [];
  const fits = (weight: number) => inside === 0 || inside + weight <= most;
  const letIn = () => {
    for (let next = waiting[0]; next && fits(next.weight); next = waiting[0]) {
      waiting.shift();
      inside += next.weight;
      next.enter();
    }
  };
  return async (weight, work) => {
    if (waiting.length === 0 && fits(weight)) inside += weight;
    else await new Promise<void>((enter) => waiting.push({ weight, enter }));
    try {
      return await work();
    } finally {
      inside -= weight;
      letIn();
    }
  };
}
