"""search_runs in MLflow's language."""
import mlflow
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient


def made(t, client):
    """Six runs, r0 to r5: acc 0.0 to 0.5 (r3 none, r4 NaN), lr, kind even or odd."""
    experiment = client.create_experiment(t.name())
    ids = []
    for i in range(6):
        run = client.create_run(experiment, start_time=1_700_000_000_000 + i, run_name="r%d" % i).info.run_id
        metrics = [] if i == 3 else [Metric("acc", float("nan") if i == 4 else i / 10, 1, 0)]
        metrics.append(Metric("a b/c", i, 1, 0))
        tags = [RunTag("kind", "odd" if i % 2 else "even"), RunTag("in words", "it's")]
        client.log_batch(run, metrics, [Param("lr", "0.%d" % i), Param("Opt", "Adam" if i < 3 else "sgd")], tags)
        client.set_terminated(run, "FAILED" if i == 5 else "FINISHED", end_time=1_700_000_000_100 + i)
        ids.append(run)
    return experiment, ids


def named(client, experiment, text="", **more):
    return [run.info.run_name for run in client.search_runs([experiment], text, **more)]


def flow_filters(t):
    """Filters on metrics, parameters, tags and attributes; =, !=, <, LIKE, ILIKE, IN, IS NULL"""
    client = MlflowClient(t.tracking_uri("http"))
    experiment, ids = made(t, client)
    for text, wanted in [
        ("", "543210"),
        ("metrics.acc > 0.1", "52"),
        ("metrics.acc >= 0.1 and metrics.acc < 0.5", "21"),
        ("metrics.acc != 0.1", "520"),
        ("metrics.`a b/c` = 3", "3"),
        ('metrics."a b/c" <= 1', "10"),
        ("params.lr = '0.2'", "2"),
        ("params.lr != '0.2'", "54310"),
        ("params.Opt = 'Adam' AND tags.kind = 'even'", "20"),
        ("params.Opt LIKE 'Ad%'", "210"),
        ("params.Opt LIKE 'ad%'", ""),
        ("params.Opt ILIKE 'ad%'", "210"),
        ("params.missing != 'x'", ""),
        ("tags.kind = \"odd\"", "531"),
        ("tag.kind ILIKE 'O_D'", "531"),
        ('tags.`in words` = "it\'s" and status = "FAILED"', "5"),
        ("attributes.status != 'FINISHED'", "5"),
        ("attribute.run_name = 'r4'", "4"),
        ("run_name LIKE 'r%' and start_time > 1700000000003", "54"),
        ("end_time <= 1700000000101", "10"),
        ("attributes.run_id = '%s'" % ids[1], "1"),
        ("run_id IN ('%s', '%s')" % (ids[1], ids[4]), "41"),
        ("attributes.run_id NOT IN ('%s')" % ids[0], "54321"),
        ("tags.mlflow.runName = 'r2'", "2"),
        ("Created < 1700000000001", "0"),
    ]:
        found = named(client, experiment, text)
        assert found == ["r" + c for c in wanted], (text, found)
    # Older clients do not know these.
    if mlflow.__version__ >= "3":
        assert named(client, experiment, "params.missing IS NULL") == ["r%d" % i for i in range(5, -1, -1)]
        assert named(client, experiment, "tags.kind IS NOT NULL and params.missing IS NOT NULL") == []


def flow_orders(t):
    """order_by on metrics, parameters, tags and attributes: NaN and what is missing come last"""
    client = MlflowClient(t.tracking_uri("https"))
    experiment, _ = made(t, client)
    for order, wanted in [
        (["metrics.acc ASC"], "012543"),
        (["metrics.acc DESC"], "521043"),
        (["params.Opt ASC", "metrics.`a b/c` DESC"], "210543"),
        (["tags.kind", "attributes.start_time ASC"], "024135"),
        (["attributes.run_name DESC"], "543210"),
        (["start_time ASC"], "012345"),
        (["attribute.end_time DESC"], "543210"),
    ]:
        found = named(client, experiment, order_by=order)
        assert found == ["r" + c for c in wanted], (order, found)


def flow_pages(t):
    """Pages are whole and stable while runs arrive, in every order"""
    client = MlflowClient(t.tracking_uri("http"))
    experiment, _ = made(t, client)
    for order in (None, ["metrics.acc DESC"], ["params.Opt ASC"], ["tags.kind DESC", "start_time ASC"]):
        whole = named(client, experiment, "run_name LIKE 'r_'", order_by=order)
        seen, token = [], None
        while True:
            page = client.search_runs([experiment], "run_name LIKE 'r_'", max_results=2, order_by=order, page_token=token)
            seen += [run.info.run_name for run in page]
            client.create_run(experiment, run_name="later")
            token = page.token
            if not token:
                break
        assert seen == whole, (order, seen, whole)


def flow_many_experiments(t):
    """Several experiments at once, as a table too"""
    client = MlflowClient(t.tracking_uri("http"))
    mlflow.set_tracking_uri(t.tracking_uri("http"))
    first, ids = made(t, client)
    second, more = made(t, client)
    found = client.search_runs([first, second], "params.lr = '0.1'")
    assert sorted(run.info.run_id for run in found) == sorted([ids[1], more[1]])
    table = mlflow.search_runs([first, second], filter_string="metrics.acc >= 0.2", order_by=["metrics.acc DESC"])
    assert len(table) == 4 and list(table["metrics.acc"]) == [0.5, 0.5, 0.2, 0.2], table
    assert set(table["params.lr"]) == {"0.5", "0.2"}
    assert client.search_runs([]) == [] or len(client.search_runs([])) == 0


def flow_refused(t):
    """A wrong filter is refused with the position of what is wrong"""
    client = MlflowClient(t.tracking_uri("http"))
    experiment = client.create_experiment(t.name())
    for text, position in [
        ("metrics.acc > 'x'", 15),
        ("params.lr = 0.1", 13),
        ("status = 'a' OR status = 'b'", 14),
        ("things.x = 'a'", 1),
        ("params.lr > '1'", 11),
        ("tags.x = 'a", 10),
        ("colour = 'a'", 1),
    ]:
        try:
            client.search_runs([experiment], text)
        except MlflowException as error:
            assert error.error_code == "INVALID_PARAMETER_VALUE", error
            assert "at position %d:" % position in str(error), (text, error)
        else:
            raise AssertionError(text)
    for wrong in ({"order_by": ["metrics.acc UP"]}, {"max_results": 50001}, {"page_token": "nonsense"}):
        try:
            client.search_runs([experiment], **wrong)
        except MlflowException as error:
            assert error.error_code == "INVALID_PARAMETER_VALUE", error
        else:
            raise AssertionError(wrong)
