// One compute target and what the settings say of it.
import { malachite } from "@malachite/contract";
import { route } from "../route.ts";

export const getTarget = route(malachite.getTarget, async ({ params }, { flow }) => ({
  ...(await flow.target(params.targetName)),
}));
