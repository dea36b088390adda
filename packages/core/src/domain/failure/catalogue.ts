// Every error code of the service, in one place. docs/errors.md is made from this list, and a test compares both ways.
import { RECORD_CODES } from "./codes/recordCodes.ts";
import { REQUEST_CODES } from "./codes/requestCodes.ts";
import { SERVICE_CODES } from "./codes/serviceCodes.ts";

export type { ErrorKind } from "./codes/entry.ts";

export const CATALOGUE = { ...REQUEST_CODES, ...RECORD_CODES, ...SERVICE_CODES };

/** A code of the catalogue. */
export type Code = keyof typeof CATALOGUE;
