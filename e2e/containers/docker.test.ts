// Runs in containers of a real Docker engine, as the SDK asks for them.
import { withEngine } from "./withEngine.ts";

withEngine("docker");
