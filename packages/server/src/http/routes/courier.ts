// What a run on a machine of its own asks for itself: what it is made of, and that its files are taken.
import { Readable } from "node:stream";
import { malachite } from "@malachite/contract";
import type { LaunchAddress, Principal, Scope } from "@malachite/core";
import { parseRange, sendOpenFile } from "../content.ts";
import { HARMLESS } from "../harmless.ts";
import { route } from "../route.ts";

type Asked = {
  readonly scope: Scope;
  readonly by: Principal;
  readonly params: { readonly runId: string; readonly launchKey: string };
  readonly query?: { readonly node?: number | undefined };
};

const launchOf = ({ scope, by, params: { runId, launchKey }, query }: Asked): LaunchAddress => ({
  scope,
  by,
  runId,
  launchKey,
  ...(query?.node === undefined ? {} : { node: query.node }),
});

export const parcelListing = route(malachite.parcelListing, async (ask, { flow }) => {
  const file = await flow.courier.listing(launchOf(ask));
  const { sizeBytes, etag } = await file.look();
  await sendOpenFile(ask, {
    info: { path: "listing.jsonl", sizeBytes, etag },
    read: (from, to) => file.read(from, to),
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  });
  return undefined;
});

/** It never changes, so the launch is its version. */
export const parcelContent = route(malachite.parcelContent, async (ask, { flow }) => {
  const { sizeBytes, read } = await flow.courier.content(launchOf(ask));
  // Whoever is at a content that is damaged is told so, and not only cut off.
  const { from } = rangeOf(ask.request.headers.range, sizeBytes);
  for await (const _ of read(from, Math.min(from + 1, sizeBytes))) break;
  await sendOpenFile(ask, {
    info: { path: "content", sizeBytes, etag: ask.params.launchKey },
    read,
    [Symbol.asyncDispose]: async () => {},
  });
  return undefined;
});

function rangeOf(header: string | undefined, sizeBytes: number): { readonly from: number } {
  const range = header === undefined ? undefined : parseRange(header, sizeBytes);
  return range === undefined || range === "outside" ? { from: 0 } : range;
}

export const homeFiles = route(malachite.homeFiles, async (ask, { flow }) => {
  const lines = await flow.courier.home(launchOf(ask));
  ask.reply
    .headers({ ...HARMLESS, "content-type": "application/jsonl", "cache-control": "no-store" })
    .send(Readable.from(lines, { objectMode: false }));
  return undefined;
});

export const takeFiles = route(malachite.takeFiles, async (ask, { flow }) => ({
  value: [...(await flow.courier.take(launchOf(ask), ask.bytes()))],
}));

export const launchMeeting = route(malachite.launchMeeting, async (ask, { flow }) => ({
  value: [...(await flow.courier.meeting(launchOf(ask)))],
}));
