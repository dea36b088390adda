"""Grows a small forest of random stumps that tell two clouds of points apart. It says where it runs."""
import argparse
import json
import os
import random
import sys

from tabulate import tabulate

parser = argparse.ArgumentParser()
parser.add_argument("--trees", type=int, default=10)
trees = parser.parse_args().trees

random.seed(int(os.environ["SEED"]))
print(os.environ["GREETING"])
shm = os.statvfs("/dev/shm")
print(
    tabulate(
        [
            ["python", sys.version.split()[0], sys.prefix],
            ["folder", os.getcwd(), "user %d" % os.getuid()],
            ["shared memory", "%d MiB" % (shm.f_blocks * shm.f_frsize >> 20), ""],
        ]
    )
)


def cloud(size):
    return [(random.gauss(2 * label, 0.9), random.gauss(-2 * label, 0.9), label) for label in (0, 1) for _ in range(size)]


def grow(points):
    """The best of some random cuts, of a sample of the points."""
    sample = random.choices(points, k=len(points))
    cuts = [(random.randrange(2), random.uniform(-3, 3), random.choice((True, False))) for _ in range(30)]
    return max(cuts, key=lambda cut: sum(tells(cut, point) == point[2] for point in sample))


def tells(cut, point):
    side, at, above = cut
    return int((point[side] > at) == above)


forest = [grow(cloud(100)) for _ in range(trees)]
test = cloud(500)
right = sum((2 * sum(tells(tree, point) for tree in forest) > trees) == bool(point[2]) for point in test)
accuracy = right / len(test)
print("%d trees are right in %.1f %%" % (trees, 100 * accuracy))
with open("outputs/accuracy.json", "w") as file:
    json.dump({"trees": trees, "accuracy": accuracy}, file)
