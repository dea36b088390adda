// Environment tools that targets name, in containers of Podman.
import { containerTools } from "./containerTools.ts";
import { withEngine } from "./withEngine.ts";

withEngine("podman", containerTools);
