"""Drives the blob surface with azure-storage-blob, unmodified. Arguments: the service's URL."""
import hashlib
import json
import os
import sys
import urllib.request

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import BlobBlock, BlobClient, ContainerClient, ContentSettings

URL = sys.argv[1]
SCOPE = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ws1"


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": "Bearer dev", "Content-Type": "application/json"}
    return json.load(urllib.request.urlopen(urllib.request.Request(URL + path, data, headers, method=method)))


def link(path):
    made = call("POST", "/artifact/v2.0%s/artifacts/batch/metadata/ExperimentRun/dcid.blob" % SCOPE, {"paths": [{"path": path}]})
    # TLS is tried by the clients' own tests; here the same link over plain HTTP.
    return made["artifactContentInformation"][path]["contentUri"].replace("https://malachite-service.blob.x@", "http://")


def client(path, **options):
    return BlobClient.from_blob_url(link(path), **options)


def refused(kind, status, code, work):
    try:
        work()
    except kind as error:
        assert error.status_code == status, error
        assert getattr(error.error_code, "value", error.error_code) == code, error.error_code
    else:
        raise AssertionError("not refused with " + code)


def whole():
    text = b"hello" * 1000
    blob = client("a b/\u00e4#%2F;q.txt")
    settings = ContentSettings(content_type="text/x", content_language="de", cache_control="no-store", content_md5=bytearray(hashlib.md5(text).digest()))
    blob.upload_blob(text, content_settings=settings, metadata={"Key": "value"}, validate_content=True)
    told = blob.get_blob_properties()
    assert (told.size, told.metadata, told.content_settings.content_type) == (5000, {"Key": "value"}, "text/x"), told
    assert told.content_settings.content_md5 == settings.content_md5
    assert blob.download_blob(validate_content=True).readall() == text
    assert blob.download_blob(5, 10).readall() == b"hellohello"
    refused(ResourceExistsError, 409, "BlobAlreadyExists", lambda: blob.upload_blob(b"x"))
    blob.upload_blob(b"", overwrite=True)
    assert blob.download_blob().readall() == b""
    blob.set_http_headers(ContentSettings(content_type="text/y"))
    blob.set_blob_metadata({"other": "1"})
    told = blob.get_blob_properties()
    assert (told.content_settings.content_type, told.metadata) == ("text/y", {"other": "1"}), told


def conditions():
    blob = client("conditions")
    refused(ResourceNotFoundError, 404, "BlobNotFound", blob.get_blob_properties)
    etag = blob.upload_blob(b"1")["etag"]
    blob.upload_blob(b"2", overwrite=True, etag=etag, match_condition=MatchConditions.IfNotModified)
    changed = dict(overwrite=True, etag=etag, match_condition=MatchConditions.IfNotModified)
    refused(ResourceModifiedError, 412, "ConditionNotMet", lambda: blob.upload_blob(b"3", **changed))
    assert blob.download_blob().readall() == b"2"
    refused(HttpResponseError, 416, "InvalidRange", lambda: blob.download_blob(99, 5).readall())


def blocks():
    big = os.urandom(20 * 1024 * 1024 + 7)
    blob = client("big.bin", max_single_put_size=1024 * 1024, max_block_size=4 * 1024 * 1024, max_single_get_size=4 * 1024 * 1024, max_chunk_get_size=4 * 1024 * 1024)
    blob.upload_blob(big, max_concurrency=4, validate_content=True)
    assert blob.download_blob(max_concurrency=4).readall() == big
    committed, uncommitted = blob.get_block_list("all")
    assert (len(committed), uncommitted) == (6, []), (committed, uncommitted)
    small = client("blocks")
    small.stage_block("1", b"one", validate_content=True)
    small.stage_block("2", b"two")
    assert [block.id for block in small.get_block_list("uncommitted")[1]] == ["1", "2"]
    refused(HttpResponseError, 400, "InvalidBlockList", lambda: small.commit_block_list([BlobBlock("3")]))
    small.commit_block_list([BlobBlock("2"), BlobBlock("1"), BlobBlock("2")], metadata={"k": "v"})
    assert small.download_blob().readall() == b"twoonetwo"


def appends():
    log = client("logs/log.txt")
    log.create_append_blob()
    for index in range(3):
        told = log.append_block(b"line %d\n" % index, validate_content=True)
        assert int(told["blob_append_offset"]) == 7 * index and told["blob_committed_block_count"] == index + 1, told
    refused(HttpResponseError, 412, "AppendPositionConditionNotMet", lambda: log.append_block(b"x", appendpos_condition=3))
    refused(HttpResponseError, 412, "MaxBlobSizeConditionNotMet", lambda: log.append_block(b"x" * 9, maxsize_condition=22))
    log.upload_blob(b"more\n", blob_type="AppendBlob")
    assert log.download_blob().readall() == b"line 0\nline 1\nline 2\nmore\n"
    refused(ResourceExistsError, 409, "InvalidBlobType", lambda: client("blocks").append_block(b"x"))


def container():
    section = call("GET", "/datastore/v1.0%s/default" % SCOPE)["azureStorageSection"]
    token = section["sasToken"].lstrip("?")
    at = ContainerClient.from_container_url("%s/%s?%s" % (URL, section["containerName"], token))
    names = ["d/&<b> \u00fc.txt", "d/a%20b", "d/sub/1", "d/sub/2", "e"]
    for name in names:
        at.upload_blob(name, name.encode(), metadata={"n": "1"})
    listed = list(at.list_blobs(include=["metadata"], results_per_page=2))
    assert [blob.name for blob in listed] == names, [blob.name for blob in listed]
    assert listed[0].metadata == {"n": "1"} and listed[0].size == len(names[0].encode())
    walked = [blob.name for blob in at.walk_blobs(name_starts_with="d/")]
    assert sorted(walked) == sorted(names[:2] + ["d/sub/"]), walked
    for name in names:
        assert at.download_blob(name).readall() == name.encode()
    at.delete_blob("e")
    assert not at.get_blob_client("e").exists()
    assert at.exists()
    refused(ResourceExistsError, 409, "ContainerAlreadyExists", at.create_container)


def links():
    url = link("secret")
    BlobClient.from_blob_url(url).upload_blob(b"x")
    refused(HttpResponseError, 403, "AuthorizationPermissionMismatch", BlobClient.from_blob_url(url).delete_blob)
    sig = url.index("sig=") + 4
    changed = url[:sig] + ("B" if url[sig] == "A" else "A") + url[sig + 1 :]
    refused(HttpResponseError, 403, "AuthenticationFailed", BlobClient.from_blob_url(changed).get_blob_properties)
    wider = url.replace("sp=racw", "sp=racwd")
    refused(HttpResponseError, 403, "AuthenticationFailed", BlobClient.from_blob_url(wider).delete_blob)


for part in (whole, conditions, blocks, appends, container, links):
    part()
    print(part.__name__)
