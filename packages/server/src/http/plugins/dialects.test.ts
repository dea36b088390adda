// Each family of addresses answers errors in the shape that its clients read.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MalachiteError } from "@malachite/core";
import { writeError } from "./dialects.ts";
import { httpError } from "./errors.ts";

const error = new MalachiteError("RunNotFound", "no <run> & nothing");
const answer = httpError(error, { operation: "o", request: "r" }, 0);

describe("writeError", () => {
  it("gives the envelope of the v1 services by default", () => {
    const { body } = writeError("/history/v1.0/x", answer, error);
    assert.equal(JSON.parse(body).error.innerError.innerError.code, "RunNotFound");
  });
  it("gives MLflow its code and message", () => {
    assert.deepEqual(JSON.parse(writeError("/mlflow/v1.0/x", answer, error).body), {
      error_code: "RESOURCE_DOES_NOT_EXIST",
      message: "no <run> & nothing",
    });
  });
  it("gives model management a flat error with its status", () => {
    const body = JSON.parse(writeError("/modelmanagement/v1.0/x", answer, error).body);
    assert.equal(body.statusCode, 404);
    assert.equal(body.message, "no <run> & nothing");
  });
  it("gives blob clients XML and the code in a header", () => {
    const written = writeError("/azureml/x", answer, error);
    assert.equal(written.headers?.["x-ms-error-code"], "ResourceNotFound");
    assert.match(written.body, /<Message>no &lt;run&gt; &amp; nothing<\/Message>/);
    const finer = new MalachiteError("ArtifactNotFound", "m", { target: "blob:BlobNotFound" });
    assert.equal(writeError("/azureml/x", answer, finer).headers?.["x-ms-error-code"], "BlobNotFound");
  });
});
