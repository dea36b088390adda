// Round places on an axis. Pure.

/** About `count` places from one end to the other, 1, 2 or 5 times a power of ten apart. */
export function marksOf(
  [from, to]: readonly [number, number],
  count: number,
): { readonly values: readonly number[]; readonly distance: number } {
  const rough = (to - from) / Math.max(1, count);
  if (!(rough > 0) || !Number.isFinite(rough)) return { values: [from], distance: 1 };
  const power = 10 ** Math.floor(Math.log10(rough));
  const distance = ([1, 2, 5, 10].find((times) => times * power >= rough * 0.999) ?? 10) * power;
  const first = Math.ceil(from / distance - 1e-9);
  const last = Math.floor(to / distance + 1e-9);
  return {
    values: Array.from({ length: Math.max(0, last - first + 1) }, (_, i) =>
      Number(((first + i) * distance).toPrecision(12)),
    ),
    distance,
  };
}
