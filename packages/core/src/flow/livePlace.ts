// A place in the order of a workspace's changes, as text for clients. It holds over a restart, and is not mistaken for a place in
// another data folder.
export type LivePlace = string;

const mark = (workspaceId: string): string => workspaceId.replaceAll("-", "").slice(0, 12);

export const printPlace = (workspaceId: string, no: number): LivePlace => `${mark(workspaceId)}.${no}`;

/** The number of the change; undefined for a text that is no place of this workspace. */
export function parsePlace(workspaceId: string, text: string): number | undefined {
  const match = /^([0-9a-f]{1,12})\.(\d{1,15})$/.exec(text);
  return match?.[1] === mark(workspaceId) ? Number(match[2]) : undefined;
}
