// Groups, GPUs and kills in containers of Docker.
import { containerGpus } from "./containerGpus.ts";
import { containerGroups } from "./containerGroups.ts";
import { containerKills } from "./containerKills.ts";
import { withEngine } from "./withEngine.ts";

withEngine("docker", containerGroups, containerGpus, containerKills);
