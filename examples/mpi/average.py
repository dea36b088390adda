"""Estimates pi by throwing darts: each process throws its own, MPI adds them up."""
import json
import os
import random
import sys

from mpi4py import MPI

world = MPI.COMM_WORLD
darts = int(sys.argv[1]) if len(sys.argv) > 1 else 200000

random.seed(world.rank)
hits = sum(random.random() ** 2 + random.random() ** 2 <= 1 for _ in range(darts))
total = world.allreduce(hits)
print("rank %d of %d on node %s: %d hits" % (world.rank, world.size, os.environ["NODE_RANK"], hits))

if world.rank == 0:
    pi = 4.0 * total / (darts * world.size)
    print("pi is about %.4f" % pi)
    with open("outputs/pi.json", "w") as file:
        json.dump({"pi": pi, "processes": world.size, "darts": darts * world.size}, file)
