// The Slurm driver against the suite of all drivers, through slurmrestd.
import { slurmDriverConformance } from "./slurmDriverUnderTest.ts";

slurmDriverConformance("slurm, through slurmrestd", { cgroups: false, rest: true });
