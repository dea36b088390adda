// Object storages that are opened by what the machine is, without a key: a managed or workload identity of Azure's, the credentials of a
// container or a web identity of Amazon's. Who gives them is a small server here; the storages are Azurite and moto.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setDefaultCACertificates } from "node:tls";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { startAzuriteWithTokens, startMoto } from "@malachite/server/conformance";
import { ended, fileOf, submit } from "../support/runs.ts";
import { Service, until, workspacePath } from "../support/service.ts";

type Giver = AsyncDisposable & { readonly url: string; readonly asked: IncomingMessage[]; isSilent: boolean };

/** Answers every request with the JSON, and remembers it. */
async function giver(answer: () => unknown): Promise<Giver> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    if (given.isSilent) response.writeHead(500).end();
    else response.setHeader("content-type", "application/json").end(JSON.stringify(answer()));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const given: Giver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    isSilent: false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return given;
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
/** As Azure's are; Azurite looks at all but the signature. */
function azureToken(): string {
  const now = Math.floor(Date.now() / 1000);
  const tenant = "ab1f708d-50f6-404c-a006-d71b2ac7a606";
  const claims = {
    ...{ aud: "https://storage.azure.com", iss: `https://sts.windows.net/${tenant}/` },
    ...{ iat: now - 60, nbf: now - 60, exp: now + 3600, tid: tenant },
    oid: "11059fcc-5514-4800-b5f8-49808b9cfab6",
  };
  return `${part({ alg: "none", typ: "JWT" })}.${part(claims)}.c2lnbmF0dXJl`;
}

async function assertServes(service: Service): Promise<string> {
  const id = await submit(service, {
    files: {
      "main.py":
        "import os; os.makedirs('outputs', exist_ok=True); open('outputs/o.bin', 'wb').write(b'0123456789' * 5000); print('done')",
    },
  });
  const run = await ended(service, id);
  assert.equal(run.status, "Completed", JSON.stringify(run.error));
  assert.equal(String(await fileOf(service, id)), "done\n");
  assert.equal((await fileOf(service, id, "outputs/o.bin")).length, 50_000);
  return id;
}

/** Datastores without a credential: of the account that the operator named they are read, of another they are anybody's. */
async function assertBringsByIdentity(
  service: Service,
  { account, endpoint, key }: Awaited<ReturnType<typeof startAzuriteWithTokens>>,
): Promise<void> {
  const client = new BlobServiceClient(endpoint, new StorageSharedKeyCredential(account, key));
  const { containerClient } = await client.createContainer("texts");
  await containerClient.uploadBlockBlob("in/a.txt", "of the account", 14);
  const read = async (name: string, at: string, mode = "Download") => {
    await service.json("POST", `/datastore/v1.0${workspacePath}/datastores`, {
      name,
      dataStoreType: "AzureBlob",
      azureStorageSection: {
        ...{ accountName: account, containerName: "texts", endpoint: at, credentialType: "None" },
      },
    });
    return submit(service, {
      files: { "main.py": "import os; print(open(os.environ['AZUREML_DATAREFERENCE_d'] + '/a.txt').read())" },
      configuration: { dataReferences: { d: { dataStoreName: name, pathOnDataStore: "in", mode } } },
    });
  };
  const id = await read("named", endpoint);
  const run = await ended(service, id);
  assert.equal(run.status, "Completed", JSON.stringify(run.error));
  assert.equal(String(await fileOf(service, id)), "of the account\n");
  // The same host by an address that the operator did not name: no token goes there.
  const other = await ended(service, await read("other", `${endpoint}x`));
  assert.equal(other.status, "Failed");
  await assert.rejects(read("mounted", endpoint, "Mount"), /identity of the service's machine.*as_download/);
}

describe("blobs in Azure Blob Storage without a key", { timeout: 600_000 }, () => {
  const opened = new AsyncDisposableStack();
  let azure: Awaited<ReturnType<typeof startAzuriteWithTokens>>;
  before(async () => {
    azure = opened.use(await startAzuriteWithTokens());
    setDefaultCACertificates([readFileSync(azure.certificate, "utf8")]);
    const credential = new StorageSharedKeyCredential(azure.account, azure.key);
    await new BlobServiceClient(azure.endpoint, credential).createContainer("files");
  });
  after(() => opened.disposeAsync());
  const flags = (...more: string[]) => [
    ...["--blobs", `azure://${azure.account}/files`, "--blobs-endpoint", azure.endpoint],
    ...more,
  ];

  it("are opened by the machine's managed identity, and links are signed by it", async () => {
    const token = azureToken();
    await using imds = await giver(() => ({
      ...{ access_token: token, token_type: "Bearer", resource: "https://storage.azure.com" },
      ...{ expires_in: "3599", expires_on: String(Math.floor(Date.now() / 1000) + 3599) },
    }));
    await using service = await Service.start({
      flags: flags(
        "--blob-links",
        "direct",
        "--data-identity",
        azure.endpoint,
        "--allow-data-host",
        azure.host,
      ),
      env: {
        NODE_EXTRA_CA_CERTS: azure.certificate,
        AZURE_POD_IDENTITY_AUTHORITY_HOST: imds.url,
        AZURE_CLIENT_ID: "f997392c-e15a-4ad8-af9e-cd6966caba7f",
      },
    });
    assert.notEqual(service.url, "", service.output);
    const id = await assertServes(service);
    const [first] = imds.asked;
    assert.match(first?.url ?? "", /^\/metadata\/identity\/oauth2\/token\/?\?/);
    assert.match(first?.url ?? "", /storage\.azure\.com.*f997392c-e15a|f997392c-e15a.*storage\.azure\.com/);
    const { contentUri } = await service.json<{ contentUri: string }>(
      "GET",
      `/artifact/v2.0${workspacePath}/artifacts/contentinfo/ExperimentRun/dcid.${id}/outputs/o.bin`,
    );
    const sentOn = await fetch(contentUri, { redirect: "manual" });
    const location = sentOn.headers.get("location") ?? "";
    assert.equal(sentOn.status, 307, "no link was signed");
    assert.ok(location.startsWith(`${azure.endpoint}/files/`) && /[?&]skoid=/.test(location), location);
    const linked = await fetch(location);
    assert.equal((await linked.text()).length, 50_000, String(linked.status));
    await assertBringsByIdentity(service, azure);
    for (const secret of [token, "sig="])
      assert.ok(!service.output.includes(secret), "the log tells a token");
  });

  it("are refused at the start where the machine has no identity, with all that was tried", async () => {
    await using service = await Service.start({
      flags: flags(),
      env: {
        NODE_EXTRA_CA_CERTS: azure.certificate,
        AZURE_POD_IDENTITY_AUTHORITY_HOST: "http://127.0.0.1:9",
      },
    });
    await service.died();
    assert.match(service.output, /There is no key for azure:\/\/devaccount\/files/);
    for (const tried of [
      "EnvironmentCredential",
      "ManagedIdentityCredential",
      "AzureCliCredential|Azure CLI",
    ])
      assert.match(service.output, new RegExp(tried));
    assert.match(service.output, /Storage Blob Data Contributor/);
    assert.ok(!existsSync(join(service.data, "server.json")));
  });
});

describe("blobs in S3 without keys", { timeout: 600_000 }, () => {
  const opened = new AsyncDisposableStack();
  let moto: Awaited<ReturnType<typeof startMoto>>;
  let root: string;
  before(async () => {
    moto = opened.use(await startMoto());
    root = mkdtempSync(join(tmpdir(), "malachite-identity-"));
    opened.defer(() => rmSync(root, { recursive: true }));
  });
  after(() => opened.disposeAsync());
  const flags = () => ["--blobs", `s3://${moto.bucket}/x`, "--blobs-endpoint", moto.endpoint];

  it("are opened by the credentials of the container", async () => {
    const secret = "a-secret-of-the-container";
    await using ecs = await giver(() => ({
      ...{ AccessKeyId: "FROMCONTAINER", SecretAccessKey: secret, Token: "a-session" },
      Expiration: new Date(Date.now() + 3600_000).toISOString(),
    }));
    const authorization = join(root, "authorization");
    writeFileSync(authorization, "a-word-for-the-endpoint");
    await using service = await Service.start({
      flags: flags(),
      env: {
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${ecs.url}/creds`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: authorization,
      },
    });
    await assertServes(service);
    assert.equal(ecs.asked[0]?.headers.authorization, "a-word-for-the-endpoint");
    assert.ok(!service.output.includes(secret), "the log tells a key");
  });

  it("are opened by a web identity", async () => {
    const token = join(root, "token");
    writeFileSync(token, `${part({ alg: "none" })}.${part({ sub: "malachite" })}.c2ln`);
    await using service = await Service.start({
      flags: flags(),
      env: {
        AWS_WEB_IDENTITY_TOKEN_FILE: token,
        AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/malachite",
        AWS_ENDPOINT_URL_STS: moto.endpoint,
        AWS_REGION: "us-east-1",
      },
    });
    await assertServes(service);
  });

  it("are refused at the start where there are none, with all that was tried", async () => {
    await using service = await Service.start({
      flags: flags(),
      env: { AWS_EC2_METADATA_DISABLED: "true" },
    });
    await service.died();
    await until("the reason", () => /AWS_WEB_IDENTITY_TOKEN_FILE/.test(service.output));
    assert.match(service.output, /no keys are given, and Amazon's library finds none/);
  });
});
