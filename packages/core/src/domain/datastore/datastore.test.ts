// What is read of a registration, and which of its words are secrets.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMalachiteError } from "../failure/malachiteError.ts";
import { readDatastore, together } from "./datastore.ts";

describe("a datastore that is registered", () => {
  it("is told apart from its secrets, at any depth, and put together again", () => {
    const azureStorageSection = {
      accountName: "a",
      containerName: "c",
      credentialType: "ClientCredentials" as const,
      credential: "key",
      clientCredentials: { clientId: "i", tenantId: "t", clientSecret: "s", certificate: "cert" },
    };
    const read = readDatastore({
      name: "My_Store",
      dataStoreType: "AzureDataLakeGen2",
      tags: { t: "1" },
      azureStorageSection,
    });
    assert.deepEqual(read, {
      name: "my_store",
      type: "AzureDataLakeGen2",
      tags: { t: "1" },
      section: {
        accountName: "a",
        containerName: "c",
        credentialType: "ClientCredentials",
        clientCredentials: { clientId: "i", tenantId: "t" },
      },
      secrets: { credential: "key", clientCredentials: { clientSecret: "s", certificate: "cert" } },
    });
    assert.deepEqual(together(read.section, read.secrets), azureStorageSection);
    assert.deepEqual(together({ a: 1 }, {}), { a: 1 });
  });

  it("hides every kind's password", () => {
    const sql = readDatastore({
      name: "n",
      dataStoreType: "AzurePostgreSql",
      azurePostgreSqlSection: { serverName: "s", databaseName: "d", userId: "u", userPassword: "p" },
    });
    assert.deepEqual(sql.secrets, { userPassword: "p" });
    const hdfs = readDatastore({
      name: "n",
      dataStoreType: "Hdfs",
      hdfsSection: { nameNodeAddress: "n", credentialValue: "v" },
    });
    assert.deepEqual(hdfs.secrets, { credentialValue: "v" });
    assert.deepEqual(readDatastore({ name: "n", dataStoreType: "DBFS" }).section, {});
  });

  it("is refused with every fault by name", () => {
    const targets = (sent: Parameters<typeof readDatastore>[0]): string[] => {
      try {
        readDatastore(sent);
      } catch (error) {
        assert.ok(isMalachiteError(error));
        assert.equal(error.code, "InvalidRequest");
        return error.details.map(({ target }) => target);
      }
      return [];
    };
    assert.deepEqual(targets({}), ["name", "dataStoreType"]);
    assert.deepEqual(targets({ name: "a/b", dataStoreType: "AzureBlob" }), [
      "name",
      "azureStorageSection.accountName",
      "azureStorageSection.containerName",
    ]);
    assert.deepEqual(
      targets({ name: "a", dataStoreType: "AzureDataLake", azureStorageSection: { accountName: "a" } }),
      ["azureDataLakeSection.storeName"],
    );
  });
});
