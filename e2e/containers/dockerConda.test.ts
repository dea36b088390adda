// Conda packages on an image, with Docker alone: the engine has no part in it.
import { containerConda } from "./containerConda.ts";
import { withEngine } from "./withEngine.ts";

withEngine("docker", containerConda);
