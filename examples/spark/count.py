"""Counts words with a DataFrame."""
import json
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.getOrCreate()
lines = spark.read.text(sys.argv[1] if len(sys.argv) > 1 else "words.txt")
counts = (
    lines.select(F.explode(F.split("value", " ")).alias("word"))
    .groupBy("word")
    .count()
    .orderBy(F.desc("count"), "word")
)
counts.show()
with open("outputs/counts.json", "w") as file:
    json.dump(
        {
            "counts": {row["word"]: row["count"] for row in counts.collect()},
            "master": spark.sparkContext.master,
            "app": spark.sparkContext.appName,
            "partitions": spark.conf.get("spark.sql.shuffle.partitions"),
        },
        file,
    )
spark.stop()
