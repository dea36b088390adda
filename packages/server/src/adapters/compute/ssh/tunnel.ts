// The way home for runs on another machine: a port of its loopback that leads to a service which listens on this one's alone.
import { connect, type Socket } from "node:net";
import type { LaunchPlan } from "@malachite/core";

export type HomeDoor = {
  /** Where the service listens; undefined while it does not. */
  readonly address: () => { readonly host: string; readonly port: number } | undefined;
  /** Tells the service which of its connections come from other machines, before anything is said on them. */
  readonly passed: (socket: Socket) => void;
};

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

/** Whether a run over there needs a way to the address that its plan names. */
export function needsTunnel({ environment }: Pick<LaunchPlan, "environment">): boolean {
  const url = environment.AZUREML_SERVICE_ENDPOINT;
  return url !== undefined && URL.canParse(url) && LOOPBACK.test(new URL(url).hostname);
}

/** The plan with that port in the place of the service's own, in every variable. */
export function throughTunnel(plan: LaunchPlan, port: number): LaunchPlan {
  const url = new URL(plan.environment.AZUREML_SERVICE_ENDPOINT ?? "");
  const [before, after] = [`${url.protocol}//${url.host}`, `${url.protocol}//127.0.0.1:${port}`];
  // Not the beginning of another port's number.
  const pattern = new RegExp(`${before.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?!\\d)`, "g");
  const map = (values: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.replace(pattern, after)]));
  const { group } = plan;
  return {
    ...plan,
    environment: map(plan.environment),
    ...(group && {
      group: {
        ...group,
        environment: map(group.environment),
        processes: group.processes.map((one) => ({ ...one, environment: map(one.environment) })),
      },
    }),
  };
}

/** Takes a connection from over there to the service. */
export const letHome =
  ({ address, passed }: HomeDoor) =>
  (open: () => Socket): void => {
    const far = open();
    const to = address();
    if (to === undefined) {
      far.destroy();
      return;
    }
    const near = connect({ ...to, allowHalfOpen: true });
    far.on("error", () => near.destroy()).on("close", () => near.destroy());
    near.on("error", () => far.destroy()).on("close", () => far.destroy());
    near.once("connect", () => {
      passed(near);
      far.pipe(near);
      near.pipe(far);
    });
  };
