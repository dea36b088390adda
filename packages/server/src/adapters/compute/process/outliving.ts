// Processes of this machine that go on without the service: started by the launcher, known again by pid and start time, or by their
// mark where the service died before it could write those down.
import { MalachiteError } from "@malachite/core";
import { type Launcher, LauncherLost, SpawnRefused } from "./launcher.ts";
import { bootId, findAlive, hasVariable, listProcesses, type ProcessIdentity } from "./processTable.ts";

/** A variable that only this one process was started with. */
export type ProcessMark = { readonly name: string; readonly value: string };

export type Outliving = {
  /** Starts it in a session of its own, without streams. Throws EngineUnavailable. */
  start(ask: {
    readonly program: string;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    readonly cwd: string;
    readonly mark: ProcessMark;
  }): Promise<ProcessIdentity>;
  isAlive(one: ProcessIdentity): boolean;
  /** Those that bear the mark: looks at every process of the machine. */
  find(mark: ProcessMark): readonly ProcessIdentity[];
};

export function createOutliving(launcher: Launcher): Outliving {
  return {
    async start({ mark, env, ...ask }) {
      const boot = bootId();
      try {
        return { ...(await launcher.spawn({ ...ask, env: { ...env, [mark.name]: mark.value } })), boot };
      } catch (error) {
        if (!(error instanceof LauncherLost) && !(error instanceof SpawnRefused)) throw error;
        throw new MalachiteError(
          "EngineUnavailable",
          `The system did not start ${ask.program}: ${error.message}`,
          {
            cause: error,
          },
        );
      }
    },
    isAlive: (one) => findAlive(one, bootId()) !== undefined,
    find(mark) {
      const boot = bootId();
      return listProcesses()
        .filter(({ pid }) => hasVariable(pid, mark.name, mark.value))
        .map(({ pid, startTime }) => ({ pid, startTime, boot }));
    },
  };
}
