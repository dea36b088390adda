// One value of a setting, from wherever it came: read as its kind, or refused with the words of where it stood.
import { readDatastores } from "./datastores.ts";
import { readGpus } from "./gpus.ts";
import { readRetention } from "./retention.ts";
import type { Entry } from "./table.ts";
import { readTargets } from "./targets.ts";

/** The value as its kind has it; undefined, with a fault added, where it is none. */
export function checkValue(entry: Entry, value: unknown, from: string, faults: string[]): unknown {
  const wrong = (wanted: string) => {
    faults.push(`${from} must be ${wanted}; it is ${JSON.stringify(value)}.`);
    return undefined;
  };
  switch (entry.kind) {
    case "text":
      return typeof value === "string" && value !== "" ? value : wrong("text");
    case "number": {
      const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
      const { least = 0, most = Number.MAX_SAFE_INTEGER } = entry;
      return typeof number === "number" && Number.isInteger(number) && number >= least && number <= most
        ? number
        : wrong(`a whole number from ${least} to ${most}`);
    }
    case "boolean":
      return typeof value === "boolean"
        ? value
        : value === "true"
          ? true
          : value === "false"
            ? false
            : wrong("true or false");
    case "list": {
      const list = typeof value === "string" ? value.split(",").map((part) => part.trim()) : value;
      return Array.isArray(list) && list.every((part) => typeof part === "string" && part !== "")
        ? list
        : wrong("a list of texts");
    }
    case "level":
      return ["info", "warn", "error", "silent"].includes(String(value))
        ? value
        : wrong("info, warn, error or silent");
    case "gpus":
      return (
        readGpus(value) ?? wrong("auto, none, how many GPUs there are, or their numbers joined by commas")
      );
    case "targets":
      return readTargets(value, from, faults);
    case "retention":
      return readRetention(value, from, faults);
    case "datastores":
      return readDatastores(value, from, faults);
  }
}
