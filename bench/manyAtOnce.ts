// Many callers at once, as many clients of a service are.

/** Calls `act` with each number below `count`, as many callers at once. */
export async function manyAtOnce(
  count: number,
  callers: number,
  act: (i: number) => Promise<unknown>,
): Promise<void> {
  const left = Array.from({ length: count }, (_, i) => i).values();
  await Promise.all(
    Array.from({ length: callers }, async () => {
      for (const i of left) await act(i);
    }),
  );
}
