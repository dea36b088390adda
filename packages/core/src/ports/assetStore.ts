// Where assets are kept: what names the files of a registered model.
import type { Asset, AssetContent, NewAsset } from "../domain/model/asset.ts";
import type { AssetsAsk } from "../domain/model/search.ts";
import type { Page } from "../domain/query/filter.ts";
import type { Instant, Scope } from "../domain/scope.ts";

export interface AssetStore {
  /** The id is new. */
  create(scope: Scope, asset: NewAsset, at: Instant): Promise<Asset>;
  get(scope: Scope, id: string): Promise<Asset | undefined>;
  /** Writes the content if it is still that of `before`; undefined when another write came between. */
  write(before: Asset, content: AssetContent, at: Instant): Promise<Asset | undefined>;
  /** False when it was not there. */
  remove(scope: Scope, id: string): Promise<boolean>;
  /** Throws BadContinuationToken. */
  list(scope: Scope, ask: AssetsAsk): Promise<Page<Asset>>;
}
