// Runs on machines that share no file system with the service: what they are made of goes there, their files come home by themselves.
//
// HOW TO USE IT IN A DRIVER
//
// compose makes one courier (`createCourier`) for all drivers; a driver gets it as an option. Its `isAway(target)` answers true: then
// plans have an `away` part (which environment to make there, which folders come home), nothing is built or mounted here, and texts of
// the plan hold marks that courier.pyz fills in over there. A driver never calls `inFolder` or `prepareFolder` for such a plan.
//
//   launch    await courier.pack(launch, signal)          makes the parcel and the home, durably; before anything is started
//             courier.hints.follow(key, courier.homePath(key))
//             … start courier.pyz over there, see below …
//   find      (await courier.has(key)) && the engine knows the job; then hints.follow again
//   observe   const seen = await courier.sight(key)       ended | running | waiting with `why` | undefined
//             "ended" is the end: all files are at home by then. As long as it is not, ask the engine; the engine says ended or gone and
//             nobody carries files any more: { at: "gone" } (or what the engine says of it: OOM, evicted).
//   folder    courier.folder(key)
//   hints     courier.hints.stream(signal)
//   release   free the far side, then courier.forget(key)
//
// THE FAR SIDE: `await courier.program()` is courier.pyz, one file that any python3 >= 3.6 runs, standard library only:
//
//   python3 courier.pyz --folder F --service URL      fetches, unpacks, builds, starts, sends home, ends
//
// F is a folder of this launch alone, absolute; it is made. URL: `launchUrl(plan)`; the token is secrets.AZUREML_RUN_TOKEN. It ends with 0
// when all is at home, whatever the script's exit code is (that is in exit.json), with 75 when another courier works in F, with 1 when the
// service wants nothing of it any more (another attempt is at work, the run has ended), with 3 where there is no exit record. SIGTERM: the
// script's tree gets TERM, after --grace SECONDS (10) KILL; then what is there is still sent home. Kill it by its tree or its container for
// an end without that. A second one in an F where the first was killed goes on: it waits for the script that still runs, or sends what is there.
//
// Secrets (launch.secrets) never are in the parcel. Give them as JSON {NAME: value} in the variable MALACHITE_SECRETS, or in a file
//   `F/secrets.json` (mode 0600), before it begins.
// Certificates of the service for HTTPS: its PEM in the variable MALACHITE_CA, or a file F/ca.pem.
// Environments are kept on the far machine in $MALACHITE_CACHE or ~/.cache/malachite, by content.
//
// A driver that has a connection of its own to the machine (ssh) lays the parcel down itself (`listing`, `content`), and uses the courier's
// modules there.
//
// NODES THAT SHARE NOTHING BUT THE NETWORK have a courier each: `pack(launch, signal, "apart")`, `folder(key, await courier.nodeLogs(key))`, and
// courier.pyz with `--node N --address A`, in a folder of each. Couriers wait until all nodes have told where they are, and then start
// all at once. "ended" is what the first node says; what the others bring home is there when `lacking(key)` names none that the engine still has.
//
// AN ENGINE THAT MAY START A JOB AGAIN sends a piece `claim` before all else, with a name of this start of the job: it is taken of one
// start alone, and of that one as often as it asks. Whoever is answered `taken: false` does nothing. See slurm/files/slurm_courier.py.
export { type AwayCourier, type CourierOptions, createCourier, launchUrl } from "./courier.ts";
export { ENGINE_FILES } from "./mirror.ts";
export { logsOfNode, type NodeLogs } from "./nodes.ts";
