// Runs in containers of a real Docker engine, as the SDK asks for them.
import { containerEnvironments } from "./containerEnvironments.ts";
import { containerRuns } from "./containerRuns.ts";
import { withEngine } from "./withEngine.ts";

withEngine("docker", containerRuns, containerEnvironments);
