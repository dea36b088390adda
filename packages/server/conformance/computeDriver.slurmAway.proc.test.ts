// The Slurm driver against the suite of all drivers, where the nodes share no folder with the service.
import { slurmDriverConformance } from "./slurmDriverUnderTest.ts";

slurmDriverConformance("slurm, without a shared folder", { shared: false });
