// Runs in containers of Podman, behind the same API.
import { withEngine } from "./withEngine.ts";

withEngine("podman");
