// The Python client that openapi-generator makes from the public description, and a python that can import it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cached, program, pythonWith } from "../support/tools.ts";

const GENERATOR = "openapi-generator-cli-7.9.0";
/** Beside the checkout, where the public descriptions are kept; they are not part of this repository. */
const DESCRIPTION = fileURLToPath(
  new URL("../../../shared/contract/2019-09-30/execution.json", import.meta.url),
);

/** Throws what is missing: the description, Java, Maven, or a registry that answers. */
export function generatedClient(): { readonly python: string; readonly folder: string } {
  if (!existsSync(DESCRIPTION))
    throw new Error("The public execution.json is not beside the checkout (../shared/contract/2019-09-30).");
  // The public file names no host; the generator then writes one of its own.
  const description = JSON.stringify({
    ...(JSON.parse(readFileSync(DESCRIPTION, "utf8")) as object),
    host: "azure.local",
  });
  const folder = cached("python-client", GENERATOR + description, (folder) => {
    const source = `${folder}.json`;
    writeFileSync(source, description);
    program("java", ["-jar", generatorJar(), "generate", "-g", "python", "-i", source, "-o", folder]);
    writeFileSync(join(folder, "execution.json"), description);
  });
  const requirements = readFileSync(join(folder, "requirements.txt"), "utf8").split("\n").filter(Boolean);
  return { python: pythonWith("python-client-venv", requirements), folder };
}

/** The generator, from Maven Central. */
function generatorJar(): string {
  const folder = cached("openapi-generator", GENERATOR, (folder) => {
    const artifact = "-Dartifact=org.openapitools:openapi-generator-cli:7.9.0";
    program("mvn", ["-q", "-B", "dependency:copy", artifact, `-DoutputDirectory=${folder}`]);
    if (!readdirSync(folder).includes(`${GENERATOR}.jar`)) throw new Error("Maven copied no generator.");
  });
  return join(folder, `${GENERATOR}.jar`);
}
