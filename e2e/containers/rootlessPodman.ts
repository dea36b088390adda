// Podman as a user runs it who is not root: its storage and its socket are that user's. The user is made once, by root.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { baseImage, withoutEngine } from "@malachite/server/conformance";
import { ROOT, until } from "../support/service.ts";

const NAME = "malachite-test";

export type RootlessPodman = AsyncDisposable & {
  readonly socket: string;
  readonly image: string;
  readonly user: { readonly uid: number; readonly gid: number };
};

/** Why it cannot run here; undefined when it can. */
export function withoutRootlessPodman(): string | undefined {
  const fault = withoutEngine("podman");
  if (fault !== undefined) return fault;
  const { uid, gid } = testUser();
  const unreadable = unreadableBy({ uid, gid });
  if (unreadable !== undefined) return unreadable;
  try {
    execFileSync("unshare", ["--user", "--map-root-user", "true"], { uid, gid, stdio: "ignore" });
  } catch {
    return "the kernel gives users who are not root no namespace of their own";
  }
  return existsSync("/usr/bin/newuidmap") ? undefined : "there is no newuidmap (package uidmap)";
}

/** Why a service of that user cannot be started from this checkout; undefined when it can. */
export function unreadableBy({
  uid,
  gid,
}: {
  readonly uid: number;
  readonly gid: number;
}): string | undefined {
  try {
    execFileSync("test", ["-r", join(ROOT, "package.json")], { uid, gid });
    return undefined;
  } catch {
    return `a user who is not root (${uid}) may not read ${ROOT}, where the service is`;
  }
}

/** A user with ids of its own for containers in /etc/subuid, as useradd gives them. */
export function testUser(): { readonly uid: number; readonly gid: number } {
  const id = (flag: string) => Number(execFileSync("id", [flag, NAME], { encoding: "utf8", stdio: "pipe" }));
  try {
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    execFileSync("useradd", ["--create-home", "--shell", "/bin/sh", NAME], { stdio: "pipe" });
    return { uid: id("-u"), gid: id("-g") };
  }
}

export async function startRootlessPodman(): Promise<RootlessPodman> {
  const user = testUser();
  const folder = mkdtempSync(join(tmpdir(), "malachite-rootless-"));
  const make = (name: string) => {
    mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
    chownSync(join(folder, name), user.uid, user.gid);
    return join(folder, name);
  };
  chownSync(folder, user.uid, user.gid);
  const [storage, runtime] = [make("storage"), make("run")];
  copyFileSync(join(baseImage(), "base-oci.tar"), join(folder, "image.tar"));
  const files = execFileSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).trim();
  // As the script for root has it: runc and no systemd, and no limits that the machine would not allow.
  writeFileSync(
    join(folder, "containers.conf"),
    `[containers]\ndefault_ulimits = ["nofile=${files}:${files}"]\n[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\ntmp_dir = "${runtime}/tmp"\n`,
  );
  writeFileSync(
    join(folder, "storage.conf"),
    `[storage]\ndriver = "overlay"\ngraphroot = "${storage}"\nrunroot = "${runtime}/containers"\n`,
  );
  const env = {
    PATH: "/usr/bin:/bin:/usr/sbin:/sbin",
    HOME: `/home/${NAME}`,
    XDG_RUNTIME_DIR: runtime,
    CONTAINERS_CONF: join(folder, "containers.conf"),
    CONTAINERS_STORAGE_CONF: join(folder, "storage.conf"),
  };
  const as = { ...user, env, cwd: folder };
  execFileSync("podman", ["load", "-q", "-i", join(folder, "image.tar")], { ...as, stdio: "pipe" });
  const socket = join(folder, "podman.sock");
  const service = spawn("podman", ["system", "service", "--time=0", `unix://${socket}`], {
    ...as,
    stdio: "ignore",
    detached: true,
  });
  await until("rootless Podman to listen", () => existsSync(socket));
  return {
    socket,
    image: "localhost/malachite-base:latest",
    user,
    async [Symbol.asyncDispose]() {
      execFileSync("podman", ["rm", "-af", "-t", "1"], { ...as, stdio: "ignore" });
      const gone = once(service, "exit");
      service.kill("SIGKILL");
      await gone;
      // The process that keeps the user's namespace, by its own way to end.
      execFileSync("podman", ["system", "migrate"], { ...as, stdio: "ignore" });
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
