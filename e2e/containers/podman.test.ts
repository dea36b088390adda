// Runs in containers of Podman, behind the same API.
import { containerEnvironments } from "./containerEnvironments.ts";
import { containerRuns } from "./containerRuns.ts";
import { withEngine } from "./withEngine.ts";

withEngine("podman", containerRuns, containerEnvironments);
