"""Signing in: the ways a script may do it in code."""


def open_with(t, auth):
    from azureml.core import Workspace

    workspace = Workspace(*t.scope, auth=auth)
    assert workspace.name.lower() == t.scope[2].lower()
    return workspace


def flow_service_principal(t):
    """ServicePrincipalAuthentication, as pipelines of CI sign in"""
    from azureml.core import Experiment
    from azureml.core.authentication import ServicePrincipalAuthentication

    auth = ServicePrincipalAuthentication(
        "22222222-2222-2222-2222-222222222222", "33333333-3333-3333-3333-333333333333", "any secret"
    )
    run = Experiment(open_with(t, auth), t.name()).start_logging()
    run.complete()
    assert run.get_status() == "Completed"


def flow_token(t):
    """TokenAuthentication with a token that the script has got itself"""
    import json

    try:
        from urllib.request import urlopen
    except ImportError:
        from urllib2 import urlopen
    from azureml.core.authentication import TokenAuthentication

    token = json.loads(urlopen(t.url + "/msi/token?resource=x").read().decode())["access_token"]
    open_with(t, TokenAuthentication(lambda audience: token))


flow_token.since = "1.14"


def flow_managed_identity(t):
    """MsiAuthentication and InteractiveLoginAuthentication both find the token endpoint of the environment"""
    from azureml.core.authentication import InteractiveLoginAuthentication, MsiAuthentication

    open_with(t, MsiAuthentication())
    open_with(t, InteractiveLoginAuthentication())


flow_managed_identity.since = "1.0.85"
