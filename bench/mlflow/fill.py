"""Fills the SQLite database of an mlflow server with finished runs, and the first of them with a long history: through its API it
would take an hour. Prints the id of that run as JSON.

    python fill.py DATABASE EXPERIMENT_ID COUNT POINTS
"""
import json
import sqlite3
import sys

database, experiment, count, points = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
db = sqlite3.connect(database, timeout=60)
begin = 1_700_000_000_000


def columns(table):
    return [row[1] for row in db.execute("pragma table_info(%s)" % table)]


def fill(table, rows):
    names = columns(table)
    chosen = [name for name in names if name in rows[0]]
    text = "insert into %s (%s) values (%s)" % (table, ", ".join(chosen), ", ".join("?" for _ in chosen))
    db.executemany(text, [[row[name] for name in chosen] for row in rows])


for start in range(0, count, 10_000):
    ids = range(start, min(count, start + 10_000))
    run = ["%032x" % i for i in ids]
    fill("runs", [dict(run_uuid=r, name="run-%d" % i, source_type="LOCAL", source_name="", entry_point_name="", user_id="bench",
                       status="FINISHED", start_time=begin + i, end_time=begin + i + 1, source_version="", lifecycle_stage="active",
                       artifact_uri="mlflow-artifacts:/0/%s/artifacts" % r, experiment_id=experiment) for i, r in zip(ids, run)])
    fill("params", [dict(key="model", value="m%d" % (i % 10), run_uuid=r) for i, r in zip(ids, run)])
    fill("tags", [dict(key="mlflow.runName", value="run-%d" % i, run_uuid=r) for i, r in zip(ids, run)])
    metrics = [dict(key="loss", value=(i * 7919 % count) / count, timestamp=begin + i, run_uuid=r, step=0, is_nan=0) for i, r in zip(ids, run)]
    fill("metrics", metrics)
    fill("latest_metrics", metrics)
history = [dict(key="history", value=n * 0.5, timestamp=begin + n, run_uuid="%032x" % 0, step=n, is_nan=0) for n in range(points)]
fill("metrics", history)
fill("latest_metrics", history[-1:])
db.commit()
print(json.dumps({"run": "%032x" % 0}))
