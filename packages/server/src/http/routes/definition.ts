// What a run was asked to do and what was made of it.
import { malachite } from "@malachite/contract";
import { addressOf, route } from "../route.ts";

export const getDefinition = route(malachite.getDefinition, (ask, { flow }) =>
  flow.definitionOf(addressOf(ask)),
);
