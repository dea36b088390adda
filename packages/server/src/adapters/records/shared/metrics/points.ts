// Points as they travel between threads and as they are kept: small, and with the numbers that JSON has no word for.
import type { MetricCell, MetricRow } from "@malachite/core";

/** NaN and the infinities by name. */
export type PackedNumber = number | "NaN" | "Infinity" | "-Infinity";

/** Time, step, the value of a point that is one number, id, other cells as JSON. */
export type PackedPoint = readonly [
  at: number,
  step: number | null,
  value: PackedNumber | null,
  id: string | null,
  data: string | null,
];

/** A row as tables hold it. */
export type PointColumns = {
  readonly at: number;
  readonly step: number;
  readonly seq: number;
  readonly stepped: number;
  readonly value: number | null;
  readonly id: string | null;
  readonly data: string | null;
};

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const PACKED_UUID = /^[\w-]{22}$/;

/** A UUID as 22 characters; another text behind a sign, so that it is never taken for one. */
export const packId = (id: string): string =>
  UUID.test(id) ? Buffer.from(id.replaceAll("-", ""), "hex").toString("base64url") : `!${id}`;

export function unpackId(packed: string): string {
  if (!PACKED_UUID.test(packed)) return packed.slice(1);
  const hex = Buffer.from(packed, "base64url").toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export const packNumber = (value: number): PackedNumber =>
  Number.isFinite(value) ? value : (String(value) as PackedNumber);

/** The cells as JSON; a number without a word in JSON is an object that names it. */
export const packCells = (data: Readonly<Record<string, MetricCell>>): string =>
  JSON.stringify(data, (_, cell: unknown) =>
    typeof cell === "number" && !Number.isFinite(cell) ? { number: String(cell) } : cell,
  );

function unpackCells(text: string): Readonly<Record<string, MetricCell>> {
  const cells = JSON.parse(text) as Record<string, MetricCell | { number: string }>;
  return Object.fromEntries(
    Object.entries(cells).map(([column, cell]) => [
      column,
      typeof cell === "object" && cell !== null ? Number(cell.number) : cell,
    ]),
  );
}

/** A row that is one number under the metric's own name needs no JSON. */
export function packRow(metric: string, row: MetricRow): PackedPoint {
  const columns = Object.keys(row.data);
  const cell = row.data[metric];
  const plain = columns.length === 1 && columns[0] === metric && typeof cell === "number";
  return [
    row.createdAt,
    row.step ?? null,
    plain ? packNumber(cell) : null,
    row.metricId === undefined ? null : packId(row.metricId),
    plain ? null : packCells(row.data),
  ];
}

/** What the reading thread sends. */
export const packColumns = (row: PointColumns): PackedPoint => [
  row.at,
  row.stepped === 1 ? row.step : null,
  row.data === null ? packNumber(row.value ?? Number.NaN) : null,
  row.id,
  row.data,
];

export function unpackRow(metric: string, [at, step, value, id, data]: PackedPoint): MetricRow {
  return {
    ...(id === null ? {} : { metricId: unpackId(id) }),
    createdAt: at,
    ...(step === null ? {} : { step }),
    data: data === null ? { [metric]: Number(value) } : unpackCells(data),
  };
}
