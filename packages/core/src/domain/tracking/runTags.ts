// Tags by which MLflow keeps what a run has as fields of its own, and the other way round. Pure.
import type { Run } from "../run/run.ts";
import type { Tags } from "../scope.ts";

export const RUN_NAME_TAG = "mlflow.runName";
export const NOTE_TAG = "mlflow.note.content";
export const PARENT_TAG = "mlflow.parentRunId";
export const MODEL_HISTORY_TAG = "mlflow.log-model.history";

type Texts = Readonly<Record<string, string>>;
export type FieldTags = { readonly displayName?: string; readonly description?: string };

/** The fields that tags stand for, and the tags that are left. */
export function fieldsOfTags(tags: Texts): { readonly fields: FieldTags; readonly tags: Texts } {
  const { [RUN_NAME_TAG]: displayName, [NOTE_TAG]: description, ...rest } = tags;
  return {
    fields: {
      ...(displayName === undefined ? {} : { displayName }),
      ...(description === undefined ? {} : { description }),
    },
    tags: rest,
  };
}

/** What the SDK notes of a project's repository, under MLflow's names. */
const SOURCE_PROPERTIES: readonly (readonly [string, readonly string[]])[] = [
  ["mlflow.source.git.commit", ["mlflow.source.git.commit", "azureml.git.commit"]],
  ["mlflow.source.git.branch", ["mlflow.source.git.branch", "azureml.git.branch"]],
  ["mlflow.source.git.repoURL", ["mlflow.source.git.repoURL", "azureml.git.repository_uri"]],
];

/** Tags as MLflow has them: one without a value has an empty one. */
export const tagTexts = (tags: Tags): Texts =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, value ?? ""]));

/** All tags of a run as MLflow shows them. A tag that was set wins over what it is made from. */
export function shownTags({ about, parentRunId, createdBy }: Run): Texts {
  const made = new Map<string, string>();
  if (about.displayName !== undefined) made.set(RUN_NAME_TAG, about.displayName);
  if (about.description !== undefined) made.set(NOTE_TAG, about.description);
  if (parentRunId !== undefined) made.set(PARENT_TAG, parentRunId);
  made.set("mlflow.user", createdBy.name);
  for (const [tag, properties] of SOURCE_PROPERTIES) {
    const value = properties.map((name) => about.properties[name]).find((text) => text !== undefined);
    if (value !== undefined) made.set(tag, value);
  }
  return { ...Object.fromEntries(made), ...tagTexts(about.tags) };
}
