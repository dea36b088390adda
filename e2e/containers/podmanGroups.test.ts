// Groups, GPUs and kills in containers of Podman.
import { containerGpus } from "./containerGpus.ts";
import { containerGroups } from "./containerGroups.ts";
import { containerKills } from "./containerKills.ts";
import { withEngine } from "./withEngine.ts";

withEngine("podman", containerGroups, containerGpus, containerKills);
