// What a confusion matrix says beside its counts. Pure.
import type { ConfusionMatrix } from "@malachite/client";

/** Of each true class, the share that was taken for each class. */
export const sharesOf = ({ matrix }: ConfusionMatrix): readonly (readonly number[])[] =>
  matrix.map((row) => {
    const all = row.reduce((sum, count) => sum + (count > 0 ? count : 0), 0);
    return row.map((count) => (all > 0 && count > 0 ? count / all : 0));
  });

export type Confused = { readonly truth: string; readonly predicted: string; readonly count: number };

/** The pairs of classes that were mixed up most often. */
export function mostConfused({ labels, matrix }: ConfusionMatrix, most = 200): readonly Confused[] {
  const pairs = matrix.flatMap((row, i) =>
    row.flatMap((count, j): Confused[] =>
      i !== j && count > 0 ? [{ truth: labels[i] ?? "", predicted: labels[j] ?? "", count }] : [],
    ),
  );
  return pairs.sort((a, b) => b.count - a.count).slice(0, most);
}
