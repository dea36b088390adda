// What adapters know about the engine that runs containers on this machine.
export {
  createEngines,
  type Docker,
  type Engine,
  type EnginePlaces,
  EngineRefused,
  type Engines,
} from "./engine.ts";
export type { EngineFacts } from "./engineFacts.ts";
export { listContainers } from "./listContainers.ts";
