// Who runs the service.
import { userInfo } from "node:os";
import type { ServiceUser } from "./adapters/compute/shared/containerHome.ts";

/** A user whom the machine has no name for, as clusters and containers start services, is known by number. */
export function serviceUser(look: typeof userInfo = userInfo): ServiceUser {
  try {
    const { uid, gid, username } = look();
    return { uid, gid, name: username };
  } catch {
    // The system has no entry for it, which is no fault: nothing but the name is lacking.
    const [uid, gid] = [process.getuid?.() ?? -1, process.getgid?.() ?? -1];
    return { uid, gid, name: String(uid) };
  }
}
