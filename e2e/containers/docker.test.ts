// Runs in containers of a real Docker engine, as the SDK asks for them.
import { containerRuns } from "./containerRuns.ts";

containerRuns("docker");
