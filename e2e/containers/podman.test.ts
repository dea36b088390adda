// Runs in containers of Podman, behind the same API.
import { containerRuns } from "./containerRuns.ts";

containerRuns("podman");
