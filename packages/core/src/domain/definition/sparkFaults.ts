// What a definition may not ask of Spark. Each fault names the property. Pure.
import type { execution } from "@malachite/contract";
import type { Detail } from "../failure/malachiteError.ts";
import { commandLine } from "./runDefinition.ts";

type Configuration = execution.RunConfiguration;

/** A part of a Maven coordinate: what stands between its colons. */
const PART = /^[A-Za-z0-9._-]+$/;

/** Of a definition whose values have the right types. Only a PySpark run is submitted to Spark; for others the section has no effect. */
export function sparkFaults(configuration: Configuration): Detail[] {
  if (configuration.framework !== "PySpark") return [];
  const { packages = [], repositories = [] } = configuration.environment?.spark ?? {};
  return [
    ...(commandLine(configuration) === undefined
      ? []
      : [
          {
            target: "configuration.command",
            message: "PySpark submits a script; give 'script' and 'arguments' instead of a command.",
          },
        ]),
    ...Object.entries(configuration.spark?.configuration ?? {}).flatMap(([name, value]) =>
      nameFault(name, String(value)),
    ),
    ...packages.flatMap((one, i) => packageFault(one, i)),
    ...repositories.flatMap((address, i) =>
      /^[a-z]+:\/\/[^,\s]+$/i.test(address) || /^\/[^,]*$/.test(address)
        ? []
        : [
            {
              target: `configuration.environment.spark.repositories[${i}]`,
              message: `${JSON.stringify(address)} is not the address of a Maven repository.`,
            },
          ],
    ),
  ];
}

function nameFault(name: string, value: string): Detail[] {
  const target = `configuration.spark.configuration.${name}`;
  if (value.includes("\0")) return [{ target, message: "A value for Spark cannot hold a NUL character." }];
  if (name.includes("=") || name.includes("\0"))
    return [{ target, message: "The name of a property of Spark cannot hold '=' or NUL." }];
  return name.startsWith("spark.")
    ? []
    : [{ target, message: `Spark takes no property '${name}': their names begin with 'spark.'.` }];
}

function packageFault({ group, artifact, version }: execution.SparkMavenPackage, index: number): Detail[] {
  const parts = { group, artifact, version };
  return Object.entries(parts).flatMap(([name, value]) =>
    value !== undefined && PART.test(value)
      ? []
      : [
          {
            target: `configuration.environment.spark.packages[${index}].${name}`,
            message: `A package of Spark has a group, an artifact and a version; its ${name} is ${value === undefined ? "missing" : JSON.stringify(value)}.`,
          },
        ],
  );
}
