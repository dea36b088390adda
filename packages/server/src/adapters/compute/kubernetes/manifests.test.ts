// The manifests in deploy/kubernetes say what the driver needs, and what the image and the service are.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { NEEDED, NEEDED_FOR_NAMES } from "./health.ts";
import { parseKubernetesOptions } from "./kubernetesTarget.ts";

const read = (path: string) =>
  readFileSync(new URL(`../../../../../../deploy/${path}`, import.meta.url), "utf8");
// biome-ignore lint/suspicious/noExplicitAny: objects of an API, as they come.
const objects = (path: string): any[] =>
  parseAllDocuments(read(`kubernetes/${path}`)).map((one) => one.toJS());

it("the role gives what the driver asks for, and for better words no more than to look", () => {
  const role = objects("service/access.yaml").find(({ kind }) => kind === "Role");
  const given = role.rules.map(({ apiGroups, resources, verbs }: Record<string, string[]>) => [
    ...(apiGroups ?? []),
    ...(resources ?? []),
    verbs,
  ]);
  const words = [
    ["", "events", ["list"]],
    ["", "persistentvolumeclaims", ["get"]],
  ];
  assert.deepEqual(given, [...NEEDED, ...NEEDED_FOR_NAMES, ...words]);
});

for (const folder of ["service", "several"])
  it(`the settings of deploy/kubernetes/${folder} name a target that can be used`, () => {
    const [{ data }] = objects(`${folder}/settings.yaml`);
    const { target } = parse(data["malachite.yaml"]);
    const { kind, ...options } = target.cluster;
    assert.equal(kind, "kubernetes");
    assert.equal(parseKubernetesOptions({ name: "cluster", kind, pool: "", options }).folder, "/data");
  });

it("the pod is the user of the image, and has its port and its folder", () => {
  const set = objects("service/service.yaml").find(({ kind }) => kind === "StatefulSet");
  const image = read("Containerfile");
  const { securityContext, containers } = set.spec.template.spec;
  const { runAsUser, runAsGroup } = securityContext;
  assert.ok(image.includes(`USER ${runAsUser}:${runAsGroup}\n`));
  assert.ok(image.includes(`EXPOSE ${containers[0].ports[0].containerPort}\n`));
  assert.ok(image.includes(`CMD ${JSON.stringify(containers[0].args.slice(0, 7)).replaceAll(",", ", ")}\n`));
});
