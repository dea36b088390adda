"""Counts the words of all text files in one folder and writes them, the most frequent first, into another. Standard library only."""

import argparse
import collections
import os
import re


def texts(folder):
    """The text of each file below the folder; the folder may also be one file."""
    if os.path.isfile(folder):
        folder, names = os.path.split(folder)
        yield open(os.path.join(folder, names), encoding="utf-8").read()
        return
    for at, folders, names in os.walk(folder, followlinks=True):
        folders.sort()
        for name in sorted(names):
            with open(os.path.join(at, name), encoding="utf-8") as file:
                yield file.read()


parser = argparse.ArgumentParser()
parser.add_argument("--texts", required=True, help="folder or file to read")
parser.add_argument("--counts", required=True, help="folder to write counts.tsv into")
arguments = parser.parse_args()

words = collections.Counter()
files = 0
for text in texts(arguments.texts):
    words.update(re.findall(r"\w+", text.lower()))
    files += 1

os.makedirs(arguments.counts, exist_ok=True)
with open(os.path.join(arguments.counts, "counts.tsv"), "w", encoding="utf-8") as out:
    for word, count in sorted(words.items(), key=lambda pair: (-pair[1], pair[0])):
        out.write("%s\t%d\n" % (word, count))
print("%d files, %d words" % (files, sum(words.values())))
