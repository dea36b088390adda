// The key that Azure lends to an identity, by which links are signed that need no key of the account (user delegation).
import type { BlobServiceClient, UserDelegationKey } from "@azure/storage-blob";

const HOUR_MS = 3600_000;
/** Azure lends one for a week at most. */
const LENT_MS = 24 * HOUR_MS;
/** Clocks differ. */
const EARLIER_MS = HOUR_MS / 4;
/** An identity that is not lent one now is asked about again after so long. */
const PAUSE_MS = 600_000;

/** The key by which a link of until then is signed; undefined where none is lent, as to an identity that may not ask: then nobody is sent on. */
export function delegationOf(
  service: Pick<BlobServiceClient, "getUserDelegationKey">,
): (until: number) => Promise<UserDelegationKey | undefined> {
  let lent: { readonly key: UserDelegationKey; readonly ends: number } | undefined;
  let refusedUntil = 0;
  let asked: Promise<void> | undefined;
  async function ask(ends: number): Promise<void> {
    try {
      const key = await service.getUserDelegationKey(new Date(Date.now() - EARLIER_MS), new Date(ends));
      lent = { key, ends };
    } catch {
      // Whatever it is, the bytes go through the service, which says what is wrong with the storage if something is.
      refusedUntil = Date.now() + PAUSE_MS;
    }
  }
  return async (until) => {
    if ((lent === undefined || lent.ends <= until) && Date.now() >= refusedUntil) {
      asked ??= ask(Math.max(until + HOUR_MS, Date.now() + LENT_MS)).finally(() => {
        asked = undefined;
      });
      await asked;
    }
    return lent !== undefined && lent.ends > until ? lent.key : undefined;
  };
}
