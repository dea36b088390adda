"""Files of runs with plain mlflow, through the service."""
import hashlib
import os

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient


def uris(t):
    for kind in ("http", "https"):
        mlflow.set_tracking_uri(t.tracking_uri(kind))
        yield MlflowClient()


def flow_log_and_list(t):
    """log_artifact, log_artifacts, log_text, log_dict; list_artifacts; odd names"""
    for client in uris(t):
        mlflow.set_experiment(t.name())
        folder = t.folder({"a.txt": "A", "sub/b.bin": b"\x00\xff", "sub/deep/c d é.txt": "C"})
        with mlflow.start_run() as run:
            mlflow.log_artifacts(folder, artifact_path="data")
            mlflow.log_artifact(os.path.join(folder, "a.txt"))
            mlflow.log_text("hello", "texts/hello.txt")
            mlflow.log_dict({"k": [1, 2]}, "conf.json")
        run_id = run.info.run_id
        assert [(f.path, f.is_dir) for f in client.list_artifacts(run_id)] == [
            ("a.txt", False),
            ("conf.json", False),
            ("data", True),
            ("texts", True),
        ]
        assert [(f.path, f.file_size) for f in client.list_artifacts(run_id, "data/sub")] == [
            ("data/sub/b.bin", 2),
            ("data/sub/deep", None),
        ]
        assert client.list_artifacts(run_id, "a.txt") == []
        assert mlflow.artifacts.load_text("runs:/%s/texts/hello.txt" % run_id) == "hello"
        assert mlflow.artifacts.load_dict(run.info.artifact_uri + "/conf.json") == {"k": [1, 2]}
        got = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="data")
        for path, content in (("a.txt", b"A"), ("sub/b.bin", b"\x00\xff"), ("sub/deep/c d é.txt", b"C")):
            with open(os.path.join(got, path), "rb") as file:
                assert file.read() == content, path


def flow_large_file(t):
    """A file of 70 MB: up, down, the same bytes"""
    for client in uris(t):
        folder = t.folder({"x": ""})
        path = os.path.join(folder, "large.bin")
        block = os.urandom(1 << 20)
        with open(path, "wb") as file:
            for _ in range(70):
                file.write(block)
        run = client.create_run("0").info.run_id
        client.log_artifact(run, path, "big")
        assert client.list_artifacts(run, "big")[0].file_size == 70 << 20
        got = client.download_artifacts(run, "big/large.bin", folder) if hasattr(client, "download_artifacts") else None
        got = got or mlflow.artifacts.download_artifacts(run_id=run, artifact_path="big/large.bin", dst_path=folder)
        with open(got, "rb") as file:
            assert hashlib.sha256(file.read()).digest() == hashlib.sha256(block * 70).digest()


def flow_tables_and_images(t):
    """log_table and load_table, log_image, log_figure"""
    import numpy

    for client in uris(t):
        experiment = mlflow.set_experiment(t.name()).experiment_id
        with mlflow.start_run() as run:
            mlflow.log_table({"a": [1, 2], "b": ["x", "y"]}, "table.json")
            mlflow.log_table({"a": [3], "b": ["z"]}, "table.json")
            mlflow.log_image(numpy.zeros((4, 4, 3), dtype=numpy.uint8), "black.png")
        table = mlflow.load_table("table.json", run_ids=[run.info.run_id])
        assert list(table["a"]) == [1, 2, 3] and list(table["b"]) == ["x", "y", "z"]
        assert "black.png" in [f.path for f in client.list_artifacts(run.info.run_id)]
        assert experiment == run.info.experiment_id


def flow_delete(t):
    """Files are deleted by the artifact repository; a file that is not there is told"""
    for client in uris(t):
        run = client.create_run("0")
        client.log_text(run.info.run_id, "x", "dir/x.txt")
        client.log_text(run.info.run_id, "y", "y.txt")
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        repository = get_artifact_repository(run.info.artifact_uri)
        repository.delete_artifacts("dir/x.txt")
        assert [f.path for f in client.list_artifacts(run.info.run_id)] == ["y.txt"]
        try:
            mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="dir/x.txt")
        except (MlflowException, OSError) as error:
            assert "x.txt" in str(error) or "404" in str(error), error
        else:
            raise AssertionError("it was there")
