// Lists that fetch their pages while they are read.
import {
  getPagedAsyncIterator,
  type PagedAsyncIterableIterator,
  type PageSettings,
} from "@azure/core-paging";
import { throwIfAborted } from "./abort.ts";
import type { Page, QueryParams } from "./models.ts";
import type { OperationOptions } from "./options.ts";

export interface QueryOptions extends OperationOptions {
  /** OData: eq ne gt ge lt le, and or not, brackets; for instance `status eq 'Running' and tags/model eq 'a'`. */
  filter?: string;
  /** Comma separated properties, each with optional asc or desc: `createdUtc desc`. */
  orderBy?: string;
}

export interface ListRunsOptions extends QueryOptions {}

/** The body of one query. */
export const queryBody = (options: QueryOptions, settings: PageSettings): QueryParams => ({
  filter: options.filter,
  orderBy: options.orderBy,
  top: settings.maxPageSize,
  continuationToken: settings.continuationToken,
});

/** A list over `getPage`, which is asked for one page at a time and only when the reader gets there. */
export function paged<T>(
  options: OperationOptions,
  getPage: (settings: PageSettings) => Promise<Partial<Page<T>>>,
): PagedAsyncIterableIterator<T, Page<T>> {
  return getPagedAsyncIterator<T, Page<T>, PageSettings, string | undefined>({
    firstPageLink: undefined,
    async getPage(continuationToken, maxPageSize) {
      throwIfAborted(options.abortSignal);
      const page = await getPage({ continuationToken, maxPageSize });
      const next = page.continuationToken || undefined;
      // A server that gives the same token again would be asked for ever.
      const nextPageLink = next === continuationToken ? undefined : next;
      return { page: { value: page.value ?? [], continuationToken: nextPageLink }, nextPageLink };
    },
    toElements: (page) => page.value,
  });
}
