// How a further target is added, and how a run is sent to one, as texts to copy. Pure.
import { quoted } from "../run/copyAs/shell.ts";

/** A line, where it is typed, and what it does. */
export type Way = { readonly name: string; readonly about: string; readonly code: string };

export const WAYS_TO_ADD: readonly Way[] = [
  {
    name: "At the start of the service",
    about:
      "Further names for this machine: code that says cpu-cluster runs unchanged. '*=process' takes every name.",
    code: "malachite up --target cpu-cluster=process --target gpu-cluster=process",
  },
  {
    name: "While the service runs",
    about:
      "Writes into the settings file of the service, which has the target within a second. It may be of kind process, container, slurm, ssh or kubernetes.",
    code: "malachite target add lab slurm partition=gpu",
  },
  {
    name: "In the settings file",
    about:
      "A target with runsAtOnce, nodes or GPUs of its own has a line of its own; all others share the places of this machine.",
    code: `# malachite.yaml in the data folder, or --settings FILE
runsAtOnce: 4
target:
  cpu-cluster: process
  night: { kind: process, runsAtOnce: 1 }
  box: { kind: container, image: "python:3.12", memoryMiB: 4096 }`,
  },
];

/** Sends the folder where it is typed to a target. `*` stands for any name. */
export const submitTo = (target: string): string =>
  `malachite submit --target ${target === "*" ? "NAME" : quoted(target)}`;
