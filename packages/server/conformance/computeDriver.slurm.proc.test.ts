// The Slurm driver against the suite of all drivers, where Slurm tracks jobs by control groups: these are named after nodes and jobs, so only one
// such Slurm at a time can be on a machine, and one file has them all.
import { slurmDriverConformance } from "./slurmDriverUnderTest.ts";

slurmDriverConformance("slurm, with control groups", {});
slurmDriverConformance("slurm, with control groups and without a shared folder", { shared: false });
