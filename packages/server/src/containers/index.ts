// What adapters know about the engine that runs containers on this machine.
export {
  createEngines,
  type Docker,
  type Engine,
  type EngineFacts,
  type EnginePlaces,
  EngineRefused,
  type Engines,
} from "./engine.ts";
