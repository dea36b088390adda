// The Slurm driver against the suite of all drivers, where Slurm only knows which process has which parent.
import { slurmDriverConformance } from "./slurmDriverUnderTest.ts";

slurmDriverConformance("slurm, without control groups", { cgroups: false });
