// What storages and this machine say about data becomes an error of the service, once.
import { isMalachiteError, MalachiteError, type StoragePlace } from "@malachite/core";
import { hasCode } from "../../files/index.ts";
import { StorageTrouble } from "./fileStorage.ts";

export const unreachable = (message: string, cause?: unknown): MalachiteError =>
  new MalachiteError("DataUnreachable", message, { cause });

/** What a storage or this machine says, as an error of the service; aborts go through. */
export async function wrapped<T>(place: StoragePlace, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isMalachiteError(error) || (error instanceof Error && error.name === "AbortError")) throw error;
    if (error instanceof StorageTrouble) throw unreachable(`${error.message}.`, error);
    if (hasCode(error, "ELOOP", "ENOTDIR", "ENOENT", "EACCES", "EPERM", "EROFS", "ENAMETOOLONG"))
      throw unreachable(
        `'${place.path}' of the datastore '${place.called}' cannot be used: ${(error as Error).message}.`,
        error,
      );
    throw error;
  }
}
