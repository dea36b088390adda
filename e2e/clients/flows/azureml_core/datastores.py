"""Datastores: the default one, and those that users register."""
import filecmp
import os

from azureml.core import Datastore


def refusal(call):
    try:
        call()
    except Exception as error:
        return str(error)
    raise AssertionError("was not refused")


def flow_default(t):
    """Get the default datastore"""
    workspace = t.workspace()
    default = workspace.get_default_datastore()
    assert default.name == "workspaceblobstore", default.name
    assert default.datastore_type == "AzureBlob"
    assert Datastore.get_default(workspace).name == default.name
    assert Datastore.get(workspace, "workspaceblobstore").container_name == default.container_name
    assert set(workspace.datastores) >= {"workspaceblobstore", "workspacefilestore"}, workspace.datastores


def flow_upload_folder(t):
    """Upload a folder to the default datastore and download it"""
    datastore = t.workspace().get_default_datastore()
    files = {"a.txt": "one", "sub folder/b ü%20.txt": "two", "sub folder/deep/c.bin": os.urandom(300000), "empty": ""}
    source = t.folder(files)
    place = t.name("data")
    reference = datastore.upload(source, target_path=place, show_progress=False)
    assert reference.path_on_datastore == place, reference.path_on_datastore
    target = t.folder({})
    count = datastore.download(target, prefix=place, show_progress=False)
    assert count == len(files), count
    for path in files:
        assert filecmp.cmp(os.path.join(source, path), os.path.join(target, place, path), shallow=False), path


def flow_upload_files(t):
    """Upload files, download by prefix, and overwrite only when told"""
    datastore = t.workspace().get_default_datastore()
    place = t.name("data")
    source = t.folder({"x/one.txt": "1", "x/two.txt": "2"})
    paths = [os.path.join(source, "x", name) for name in ("one.txt", "two.txt")]
    datastore.upload_files(paths, relative_root=source, target_path=place, show_progress=False)
    changed = t.folder({"x/one.txt": "changed"})
    again = [os.path.join(changed, "x", "one.txt")]
    datastore.upload_files(again, relative_root=changed, target_path=place, show_progress=False)

    def content(target):
        with open(os.path.join(target, place, "x", "one.txt")) as file:
            return file.read()

    target = t.folder({})
    assert datastore.download(target, prefix=place + "/x/one", show_progress=False) == 1
    assert content(target) == "1", content(target)
    datastore.upload_files(again, relative_root=changed, target_path=place, overwrite=True, show_progress=False)
    assert datastore.download(target, prefix=place, overwrite=True, show_progress=False) == 2
    assert content(target) == "changed"
    assert datastore.download(t.folder({}), prefix=t.name("none"), show_progress=False) == 0


def flow_large_file(t):
    """Upload a file that goes in blocks"""
    datastore = t.workspace().get_default_datastore()
    block = os.urandom(1024 * 1024)
    source = t.folder({"large.bin": block * 70})
    place = t.name("data")
    datastore.upload(source, target_path=place, show_progress=False)
    target = t.folder({})
    datastore.download(target, prefix=place, show_progress=False)
    assert filecmp.cmp(os.path.join(source, "large.bin"), os.path.join(target, place, "large.bin"), shallow=False)


def flow_file_store(t):
    """Scripts that use workspacefilestore go on"""
    datastore = Datastore.get(t.workspace(), "workspacefilestore")
    place = t.name("data")
    datastore.upload(t.folder({"a": "1"}), target_path=place, show_progress=False)
    target = t.folder({})
    datastore.download(target, prefix=place, show_progress=False)
    assert os.path.exists(os.path.join(target, place, "a"))


def flow_register_blob(t):
    """Register a blob container by key and by SAS, and unregister it"""
    workspace = t.workspace()
    name = t.name("ds").replace("-", "_")
    by_key = Datastore.register_azure_blob_container(
        workspace, name, "container", "account", account_key="a2V5"
    )
    assert (by_key.name, by_key.container_name, by_key.account_name) == (name, "container", "account")
    assert by_key.account_key == "a2V5" and by_key.sas_token is None
    said = refusal(lambda: Datastore.register_azure_blob_container(workspace, name, "c", "a", sas_token="sig=s"))
    assert "Another datastore with the same name already exists" in said or "Bad Request" in said, said
    by_sas = Datastore.register_azure_blob_container(
        workspace, name, "other", "account", sas_token="?sig=s", overwrite=True
    )
    assert by_sas.container_name == "other" and by_sas.sas_token.endswith("sig=s") and by_sas.account_key is None
    assert name in workspace.datastores
    by_sas.unregister()
    said = refusal(lambda: Datastore.get(workspace, name))
    assert name in said or "Not Found" in said, said


def flow_register_others(t):
    """Register file shares, data lakes, databases and DBFS, and get them back"""
    workspace = t.workspace()

    def named(kind):
        return t.name(kind).replace("-", "_")

    share = Datastore.register_azure_file_share(
        workspace, named("share"), "files", "account", account_key="a2V5"
    )
    assert (share.datastore_type, share.container_name, share.account_key) == ("AzureFile", "files", "a2V5")
    tenant, client = "11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000"
    lake = Datastore.register_azure_data_lake(workspace, named("lake"), "store", tenant, client, "secret")
    assert (lake.datastore_type, lake.store_name, lake.client_secret) == ("AzureDataLake", "store", "secret")
    registered = [share, lake]
    if not t.first:
        gen2 = Datastore.register_azure_data_lake_gen2(
            workspace, named("gen2"), "filesystem", "account", tenant, client, "secret"
        )
        assert (gen2.datastore_type, gen2.container_name, gen2.client_secret, gen2.tenant_id) == (
            "AzureDataLakeGen2",
            "filesystem",
            "secret",
            tenant,
        )
        registered.append(gen2)
    sql = Datastore.register_azure_sql_database(
        workspace, named("sql"), "server", "database", tenant, client, "secret"
    )
    assert (sql.datastore_type, sql.server_name, sql.database_name) == ("AzureSqlDatabase", "server", "database")
    postgres = Datastore.register_azure_postgre_sql(workspace, named("pg"), "server", "database", "user", "password", "5433")
    assert (postgres.datastore_type, postgres.user_id, postgres.user_password) == ("AzurePostgreSql", "user", "password")
    assert str(postgres.port_number) == "5433"
    registered += [sql, postgres]
    if not t.first:
        dbfs = Datastore.register_dbfs(workspace, named("dbfs"))
        assert dbfs.datastore_type == "DBFS"
        registered.append(dbfs)
    for one in registered:
        assert type(Datastore.get(workspace, one.name)) is type(one)
        one.unregister()


def flow_set_default(t):
    """Set another datastore as the default, and back"""
    workspace = t.workspace()
    name = t.name("ds").replace("-", "_")
    Datastore.register_azure_blob_container(workspace, name, "container", "account", account_key="a2V5")
    workspace.set_default_datastore(name)
    try:
        assert workspace.get_default_datastore().name == name
    finally:
        workspace.set_default_datastore("workspaceblobstore")
    assert workspace.get_default_datastore().name == "workspaceblobstore"
    said = refusal(lambda: workspace.set_default_datastore(t.name("none")))
    assert "no datastore" in said or "Not Found" in said, said
    said = refusal(lambda: workspace.get_default_datastore().unregister())
    assert "belongs to every workspace" in said or "Conflict" in said, said
