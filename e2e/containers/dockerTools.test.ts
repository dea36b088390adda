// Environment tools that targets name, in containers of Docker.
import { containerTools } from "./containerTools.ts";
import { withEngine } from "./withEngine.ts";

withEngine("docker", containerTools);
