// What the machine of the service is and does now.
import { useQuery } from "@tanstack/react-query";
import { shownSize } from "../../parts/numbers.ts";
import { useWorkspace } from "../../service/service.tsx";
import classes from "./MachineFacts.module.css";
import { machineQuery } from "./queueQueries.ts";
import { LevelBar } from "./ShareBar.tsx";

/** Nothing for a target that runs elsewhere. */
export function MachineFacts({ target }: { readonly target: string }) {
  const machine = useQuery(machineQuery(useWorkspace(), target)).data;
  if (machine === undefined || machine === null) return null;
  const { cpus, loadAverage, memoryBytes, memoryFreeBytes, diskBytes, diskFreeBytes } = machine;
  return (
    <section className={classes.machine} aria-label="This machine">
      <LevelBar
        label="Processors"
        share={loadAverage / Math.max(1, cpus)}
        text={`load ${loadAverage.toFixed(1)} of ${cpus}`}
      />
      <LevelBar
        label="Memory"
        share={1 - memoryFreeBytes / Math.max(1, memoryBytes)}
        text={`${shownSize(memoryFreeBytes)} of ${shownSize(memoryBytes)} free`}
      />
      <LevelBar
        label="Disk"
        share={1 - diskFreeBytes / Math.max(1, diskBytes)}
        text={`${shownSize(diskFreeBytes)} of ${shownSize(diskBytes)} free`}
      />
    </section>
  );
}
