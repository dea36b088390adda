// The conformance suite of compute drivers, for drivers that are built elsewhere, and the scripted engine.
export {
  computeDriverConformance,
  type DriverConformanceOptions,
  type DriverUnderTest,
  type Payloads,
} from "./computeDriver.ts";
export { createFakeClock, type FakeClock } from "./fakeClock.ts";
export {
  createScriptedEngine,
  type Script,
  type ScriptedEngine,
  type ScriptedJob,
} from "./scriptedDriver.ts";
