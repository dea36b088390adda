// The Slurm driver against the suite of all drivers, where Slurm tracks jobs by control groups.
import { slurmDriverConformance } from "./slurmDriverUnderTest.ts";

slurmDriverConformance("slurm, with control groups", {});
