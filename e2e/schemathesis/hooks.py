"""What schemathesis must be told to reach deep: how zips are sent, and definitions that can start a run."""
import json
import os

import schemathesis

SNAPSHOT = os.environ.get("KNOWN_SNAPSHOT")
INTERPRETER = os.environ.get("KNOWN_INTERPRETER")


@schemathesis.serializer("application/zip")
def zip_bytes(ctx, value):
    """Bytes as they are: what is made up is hardly ever a zip, which is the point."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


@schemathesis.hook
def map_body(context, body):
    """Makes some of the made-up definitions such that nothing but the made-up rest of them can be refused."""
    if SNAPSHOT is None or not isinstance(body, dict) or "configuration" not in body:
        return body
    configuration = body["configuration"]
    if not isinstance(configuration, dict):
        return body
    python = {"userManagedDependencies": True, "interpreterPath": INTERPRETER}
    kept = {name: configuration[name] for name in ("arguments", "jobName", "history") if name in configuration}
    known = {"script": "main.py", "target": "local", "environment": {"python": python}, **kept}
    return {"configuration": known, "snapshotId": SNAPSHOT}
