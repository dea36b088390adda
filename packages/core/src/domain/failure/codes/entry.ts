// What the catalogue says of each error code.

/** What kind of trouble it is; http/plugins/errors.ts turns it into a status, nothing else does. */
export type ErrorKind =
  | "invalid"
  | "notFound"
  | "conflict"
  | "denied"
  | "throttled"
  | "unavailable"
  | "fault";
export type Entry = { readonly kind: ErrorKind; readonly means: string; readonly todo: string };
