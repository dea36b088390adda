"""Fills the SQLite database of an mlflow server, that is not running, with finished runs. Through its API it would take an hour.

    python fill.py DATABASE EXPERIMENT_ID COUNT
"""
import sqlite3
import sys

database, experiment, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
db = sqlite3.connect(database)
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
db.commit()
