// The compute targets and whether they are usable.
import { malachite } from "@malachite/contract";
import { route } from "../route.ts";

export const listTargets = route(malachite.listTargets, async (_ask, { flow }) => ({
  value: (await flow.targets()).map((target) => ({ ...target })),
}));
