// Metrics as the newer API shows them.
import type { ErrorResponse, metric } from "@malachite/contract";
import {
  type MetricColumns,
  type MetricDefinition,
  type MetricRow,
  printCell,
  printInstant,
} from "@malachite/core";

/** Types in the spelling that clients send. */
export const columnsDto = (columns: MetricColumns): Record<string, string> =>
  Object.fromEntries(
    Object.entries(columns).map(([column, type]) => [column, type === "artifact" ? "Artifact" : type]),
  );

export const definitionDto = (definition: MetricDefinition): metric.MetricDefinition => ({
  metricKey: {
    ...(definition.namespace === undefined ? {} : { namespace: definition.namespace }),
    name: definition.name,
    labels: [],
    columnNames: Object.keys(definition.columns),
  },
  columns: columnsDto(definition.columns),
  properties: propertiesDto(definition),
  numValuesLogged: definition.rows,
});

/** What a full metric and a sample begin with. */
export const headDto = (runId: string, definition: MetricDefinition) => ({
  dataContainerId: `dcid.${runId}`,
  name: definition.name,
  columns: columnsDto(definition.columns),
  properties: propertiesDto(definition),
  ...(definition.namespace === undefined ? {} : { namespace: definition.namespace }),
});

const propertiesDto = ({ uxMetricType }: MetricDefinition) => ({
  uxMetricType: uxMetricType ?? "azureml.v1.scalar",
});

/** A row has a cell for each column: clients take a missing one for broken. */
export function rowDto(row: MetricRow, columns: MetricColumns): metric.MetricV2Value {
  const cells = Object.keys(columns).map((column) => [column, printCell(row, column, columns)]);
  return {
    ...(row.metricId === undefined ? {} : { metricId: plainId(row.metricId) }),
    createdUtc: printInstant(row.createdAt),
    ...(row.step === undefined ? {} : { step: row.step }),
    data: Object.fromEntries(cells),
  };
}

/** The id under which it was posted, without the number of a row in it. */
const plainId = (id: string): string => id.replace(/^(.{36})\.\d+$/s, "$1");

/** A metric that was not kept: enough of it to know it by. */
export const refusedDto = (sent: metric.IMetricV2, errorResponse: ErrorResponse) => ({
  metric: {
    ...(sent.name === undefined ? {} : { name: sent.name }),
    ...(sent.namespace === undefined ? {} : { namespace: sent.namespace }),
    ...(sent.columns === undefined ? {} : { columns: sent.columns }),
    ...(sent.properties === undefined ? {} : { properties: sent.properties }),
    value: [],
  },
  errorResponse,
});
