// What a pod is told that shares no volume with the service: it fetches the courier from a secret of its launch, and the courier does the
// rest over HTTP with the run's token. Pure.
import type { V1Container, V1EnvVar, V1Volume, V1VolumeMount } from "@kubernetes/client-node";
import { CONTAINER_FOLDER, type LaunchPlan, MalachiteError, POD_NAMES } from "@malachite/core";
import { launchUrl } from "../courier/index.ts";
import { leadsToItself } from "../shared/leadsToItself.ts";

/** What goes into the secret of the launch. */
export type AwayParts = {
  /** courier.pyz. */
  readonly program: Uint8Array;
  readonly secrets: Readonly<Record<string, string>>;
  /** PEM of who has signed the certificate of the service. */
  readonly authority: string;
};

const COURIER_FOLDER = "/malachite/courier";
const PROGRAM = "courier.pyz";
const SECRETS = "secrets";
const AUTHORITY = "authority";

/** A constant text: the address is an argument. The container's first process becomes the courier, which ends the script's whole tree. */
const BOOT = `set -- --service "$1"
if [ -n "\${${POD_NAMES.count}:-}" ]; then
  set -- "$@" --node "$JOB_COMPLETION_INDEX" --address "$${POD_NAMES.address}" --domain "\${${POD_NAMES.domain}:-}"
fi
for name in python3 python; do
  if command -v "$name" >/dev/null 2>&1; then
    exec "$name" ${COURIER_FOLDER}/${PROGRAM} --folder ${CONTAINER_FOLDER} "$@"
  fi
done
echo "The image has no python3, which brings the run's files there and back. Name one that has." >&2
exit 127
`;

/** Throws UnsupportedField for a service that pods cannot reach. `told`: what each pod of a run of several is told of itself. */
export function awayContainer(
  plan: LaunchPlan,
  secret: string,
  told: readonly V1EnvVar[],
): {
  readonly container: Pick<V1Container, "command" | "args" | "env">;
  readonly mounts: V1VolumeMount[];
  readonly volumes: V1Volume[];
} {
  const url = launchUrl(plan);
  const fault = faultOfReach(plan.target.name, url);
  if (fault !== undefined)
    throw new MalachiteError("UnsupportedField", fault, { target: "configuration.target" });
  const from = (key: string) => ({ secretKeyRef: { name: secret, key } });
  return {
    container: {
      command: ["/bin/sh"],
      args: ["-c", BOOT.replaceAll("$", "$$$$"), "sh", url.replaceAll("$", "$$$$")],
      env: [
        { name: "MALACHITE_SECRETS", valueFrom: from(SECRETS) },
        { name: "MALACHITE_CA", valueFrom: from(AUTHORITY) },
        ...told,
      ],
    },
    mounts: [
      { name: "run", mountPath: CONTAINER_FOLDER },
      { name: "courier", mountPath: COURIER_FOLDER, readOnly: true },
    ],
    volumes: [
      { name: "run", emptyDir: {} },
      { name: "courier", secret: { secretName: secret, items: [{ key: PROGRAM, path: PROGRAM }] } },
    ],
  };
}

/** The secret's data, in base64 as Kubernetes takes it. */
export const awaySecret = ({ program, secrets, authority }: AwayParts): Record<string, string> => ({
  [PROGRAM]: Buffer.from(program).toString("base64"),
  [SECRETS]: Buffer.from(JSON.stringify(secrets)).toString("base64"),
  [AUTHORITY]: Buffer.from(authority).toString("base64"),
});

/** Why pods cannot reach the service at that address; undefined where they may. */
export function faultOfReach(target: string, url: string): string | undefined {
  if (!leadsToItself(url)) return undefined;
  return `Pods of the compute target '${target}' cannot reach the service at ${new URL(url).origin}. Start it with --host 0.0.0.0 and with --public-url, an address that pods reach; or give the target a volume.`;
}
