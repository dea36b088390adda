// An image with Open MPI and mpi4py for a cluster that can build none, as an archive that containerd imports.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  createReadStream,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { baseImage, type ClusterUnderTest } from "@malachite/server/conformance";

export const MPI_IMAGE = "localhost/malachite-mpi-pods:latest";

/** Returns when the cluster has it. */
export async function loadMpiImage(cluster: ClusterUnderTest): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "malachite-mpi-image-"));
  try {
    await cluster.load(await mpiArchive(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Makes it in the folder; the archive's path. Debian names its mpirun only when a package is configured, which those of the image are not. */
async function mpiArchive(folder: string): Promise<string> {
  const layer = join(folder, "layer.tar");
  copyFileSync(join(baseImage("mpi", ["openmpi-bin", "python3-mpi4py"]), "base.tar"), layer);
  mkdirSync(join(folder, "more/usr/bin"), { recursive: true });
  symlinkSync("mpirun.openmpi", join(folder, "more/usr/bin/mpirun"));
  execFileSync("tar", ["--append", "-f", layer, "-C", join(folder, "more"), "./usr/bin/mpirun"]);
  const hash = createHash("sha256");
  for await (const part of createReadStream(layer)) hash.update(part as Uint8Array);
  const rootfs = { type: "layers", diff_ids: [`sha256:${hash.digest("hex")}`] };
  const config = { architecture: "amd64", os: "linux", config: {}, rootfs };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const manifest = [{ Config: "config.json", RepoTags: [MPI_IMAGE], Layers: ["layer.tar"] }];
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
  const archive = join(folder, "mpi.tar");
  execFileSync("tar", ["-cf", archive, "-C", folder, "manifest.json", "config.json", "layer.tar"]);
  return archive;
}
