// Views of tables that somebody gave a name to, in this browser. A view is its address; the name is only a bookmark.
const KEY = "malachite.views";
export type SavedView = { readonly name: string; readonly search: Readonly<Record<string, unknown>> };

/** The kept views, the newest last. */
export function savedViews(): readonly SavedView[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept)
      ? kept.filter((one) => typeof one?.name === "string" && typeof one?.search === "object")
      : [];
  } catch {
    return []; // Another program's text, or a browser that keeps nothing.
  }
}

/** Keeps a view in the place of one of that name. */
export const saveView = (view: SavedView): void =>
  keep([...savedViews().filter(({ name }) => name !== view.name), view]);
export const forgetView = (name: string): void => keep(savedViews().filter((one) => one.name !== name));

function keep(views: readonly SavedView[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(views));
  } catch {
    // The address itself can still be kept.
  }
}
