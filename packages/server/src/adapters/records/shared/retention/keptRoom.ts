// How much more a user of a workspace may keep: by the sums alone, whatever there is of runs and files.
import type { KeptRoom, Quotas } from "@malachite/core";
import type { Executor } from "../executor.ts";
import { statement } from "../statement.ts";

const ofUser = statement<{ workspace: number; user: string }>()((q, p) =>
  q
    .selectFrom("kept_sums")
    .select("bytes")
    .where("workspace_no", "=", p.workspace)
    .where("user_id", "=", p.user),
);
const ofAll = statement<{ workspace: number }>()((q, p) =>
  q
    .selectFrom("kept_sums")
    .select((eb) => eb.fn.sum<number>("bytes").as("bytes"))
    .where("workspace_no", "=", p.workspace),
);

/** The narrower of the two quotas; undefined where there is none. What is no user's is held to that of the workspace. */
export async function keptRoom(
  db: Executor,
  workspace: { readonly no: number; readonly name: string },
  user: { readonly id: string; readonly name: string } | undefined,
  quotas: Quotas,
): Promise<KeptRoom | undefined> {
  const who = { workspace: workspace.name, user: user?.name ?? "" };
  const rooms: KeptRoom[] = [];
  const ofWorkspace = quotas.workspace?.keptBytes;
  if (ofWorkspace !== undefined) {
    const [sum] = await ofAll(db, { workspace: workspace.no });
    rooms.push({ of: "workspace", most: ofWorkspace, left: ofWorkspace - Number(sum?.bytes ?? 0), who });
  }
  const ofOne = quotas.user?.keptBytes;
  if (ofOne !== undefined && user !== undefined) {
    const [sum] = await ofUser(db, { workspace: workspace.no, user: user.id });
    rooms.push({ of: "user", most: ofOne, left: ofOne - Number(sum?.bytes ?? 0), who });
  }
  return rooms.sort((a, b) => a.left - b.left)[0];
}
