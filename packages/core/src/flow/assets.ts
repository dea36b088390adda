// Assets as the outside uses them.
import { MalachiteError } from "../domain/failure/malachiteError.ts";
import type { Asset, NewAsset } from "../domain/model/asset.ts";
import type { PatchOperation } from "../domain/model/jsonPatch.ts";
import { patchAsset } from "../domain/model/patchModel.ts";
import type { AssetsAsk } from "../domain/model/search.ts";
import type { Page } from "../domain/query/filter.ts";
import type { Scope } from "../domain/scope.ts";
import { allowWorkspace } from "./allowWorkspace.ts";
import type { FlowPorts } from "./ports.ts";

/** `flow.assets`. */
export interface AssetFlow {
  create(scope: Scope, asset: Omit<NewAsset, "id">): Promise<Asset>;
  /** Throws AssetNotFound. */
  get(scope: Scope, id: string): Promise<Asset>;
  /** Throws AssetNotFound, BadPatch, PropertyImmutable. */
  patch(scope: Scope, id: string, operations: readonly PatchOperation[]): Promise<Asset>;
  /** False when it was not there. */
  remove(scope: Scope, id: string): Promise<boolean>;
  list(scope: Scope, ask: AssetsAsk): Promise<Page<Asset>>;
}

export type AssetPorts = Pick<FlowPorts, "assets" | "workspaces" | "clock" | "ids" | "settings">;

export const assetFlow = (ports: AssetPorts): AssetFlow => ({
  create: (scope, asset) => createAsset(scope, asset, ports),
  get: (scope, id) => getAsset(scope, id, ports),
  async patch(scope, id, operations) {
    for (;;) {
      const before = await getAsset(scope, id, ports);
      const after = await ports.assets.write(before, patchAsset(before, operations), ports.clock.now());
      if (after) return after;
    }
  },
  remove: (scope, id) => ports.assets.remove(scope, id),
  list: (scope, ask) => ports.assets.list(scope, ask),
});

export async function createAsset(
  scope: Scope,
  asset: Omit<NewAsset, "id">,
  ports: AssetPorts,
): Promise<Asset> {
  await allowWorkspace(scope, ports);
  return ports.assets.create(scope, { ...asset, id: ports.ids.hex(16) }, ports.clock.now());
}

export async function getAsset(scope: Scope, id: string, ports: Pick<FlowPorts, "assets">): Promise<Asset> {
  const found = await ports.assets.get(scope, id);
  if (found) return found;
  throw new MalachiteError("AssetNotFound", `The workspace '${scope.workspace}' has no asset '${id}'.`);
}
