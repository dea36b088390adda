// The GPUs of this machine, as nvidia-smi tells them. A machine without one, or with a tool that is sick, has none that count.
import { execFile } from "node:child_process";

/** A driver that hangs must not keep the service from its start. */
const WITHIN_MS = 10_000;

export type FoundGpus = {
  /** Their numbers, as CUDA counts them in the order of their bus. */
  readonly gpus: readonly number[];
  /** Why none were found although the tool is there. */
  readonly fault?: string;
};

/** Never throws. `visible`: the service's own CUDA_VISIBLE_DEVICES; what it may not use, its runs may not either. */
export function findGpus(path: string, visible?: string): Promise<FoundGpus> {
  return new Promise((resolve) => {
    execFile(
      "nvidia-smi",
      ["--query-gpu=index", "--format=csv,noheader"],
      { env: { PATH: path, LC_ALL: "C" }, timeout: WITHIN_MS, killSignal: "SIGKILL", maxBuffer: 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) return resolve(read(stdout, visible));
        if (error.code === "ENOENT") return resolve({ gpus: [] });
        const said = `${stdout}\n${stderr}`.trim().split("\n")[0]?.slice(0, 200);
        const how = error.killed ? `it gave no answer within ${WITHIN_MS / 1000} s` : said || error.message;
        resolve({ gpus: [], fault: `nvidia-smi did not tell the GPUs of this machine: ${how}` });
      },
    );
  });
}

function read(text: string, visible: string | undefined): FoundGpus {
  const lines = text.trim().split("\n").filter(Boolean);
  const strange = lines.find((line) => !/^\s*\d+\s*$/.test(line));
  if (strange !== undefined)
    return { gpus: [], fault: `nvidia-smi did not tell the GPUs of this machine: ${strange.slice(0, 200)}` };
  const gpus = [...new Set(lines.map(Number))].toSorted((a, b) => a - b);
  if (visible === undefined) return { gpus };
  const allowed = visible.split(",").map((entry) => entry.trim());
  // Names such as GPU-… are not numbers: then only the operator knows which, and can tell by the setting.
  if (!allowed.every((entry) => /^(-?\d+)?$/.test(entry)))
    return { gpus: [], fault: "CUDA_VISIBLE_DEVICES of the service names GPUs otherwise than by number." };
  return { gpus: gpus.filter((gpu) => allowed.includes(String(gpu))) };
}
