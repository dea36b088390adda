// Reading one run: the short form for polling, the details with logs, and a fresh token for the code inside it.
import { history } from "@malachite/contract";
import { plainLink } from "../artifactLinks.ts";
import { placeOfRun } from "../artifactPlace.ts";
import { dateText } from "../dto/dates.ts";
import { runDto } from "../dto/run.ts";
import { runDetailsDto } from "../dto/runDetails.ts";
import { logNames } from "../olderLogNames.ts";
import { addressOf, route } from "../route.ts";

export const getRun = route(history.getRun, async (ask, { flow, sdkStatus }) =>
  runDto(sdkStatus.ofRun(await flow.getRun(addressOf(ask)), ask.request), ask.base),
);

export const getRunDetails = route(history.getRunDetails, async (ask, { flow, auth, sdkStatus }) => {
  const shown = await flow.getRun(addressOf(ask));
  const { run } = shown;
  const place = placeOfRun(run);
  const linkTo = plainLink({ auth }, ask.base);
  const names = logNames(ask.request.headers["user-agent"], await flow.logFiles(run));
  const logFiles = Object.fromEntries(names.map(([name, path]) => [name, linkTo(place, path)]));
  const told = sdkStatus.ofDetails(shown, ask.request);
  return runDetailsDto(told, ask.base, flow.shownDefinition(run), logFiles);
});

export const getRunToken = route(history.getRunToken, async (ask, { flow, auth }) => {
  const { run } = await flow.getRun(addressOf(ask));
  const { token, expiresAt } = await auth.runTokens.issue(run);
  ask.reply.header("cache-control", "no-store");
  return { token, expiryTimeUtc: dateText(expiresAt) };
});
