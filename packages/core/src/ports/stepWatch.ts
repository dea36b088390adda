// Who wants to be around each step of a run, as a trace and a meter do. It changes nothing of what the step does.
import type { Step } from "../domain/run/nextStep.ts";
import type { Run } from "../domain/run/run.ts";

/** Does the work and answers, or throws, what it does. */
export type StepWatch = <T>(run: Run, step: Step, work: () => Promise<T>) => Promise<T>;
