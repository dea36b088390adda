// Service principals get tokens in the words of OAuth; on a service whose callers are known, only with a secret of it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { testEdge } from "./testing/edge.ts";

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const ask = (secret: string, grant = "client_credentials") =>
  `grant_type=${grant}&client_id=me&client_secret=${encodeURIComponent(secret)}&scope=x`;

describe("sign-in of service principals", () => {
  it("gives a token that the service takes", async () => {
    await using edge = await testEdge();
    const answer = await edge.app.inject({
      method: "POST",
      url: "/adfs/tenant/oauth2/token",
      headers: FORM,
      payload: ask("any"),
    });
    assert.equal(answer.statusCode, 200);
    const { access_token, token_type, expires_in } = answer.json();
    assert.equal(token_type, "Bearer");
    assert.ok(expires_in > 3600);
    assert.equal((await edge.auth.verify(`Bearer ${access_token}`)).run, undefined);
  });

  it("says where tokens come from, over TLS and at this service", async () => {
    await using edge = await testEdge();
    const answer = await edge.app.inject({ url: "/adfs/a%20b/.well-known/openid-configuration" });
    const { host } = new URL(answer.json().issuer);
    assert.deepEqual(answer.json().token_endpoint, `https://${host}/adfs/a%20b/oauth2/token`);
    const found = await edge.app.inject({
      url: `/common/discovery/instance?authorization_endpoint=${encodeURIComponent("https://login.microsoftonline.com/t/oauth2/v2.0/authorize")}`,
    });
    assert.equal(
      found.json().tenant_discovery_endpoint,
      `https://${host}/adfs/t/.well-known/openid-configuration`,
    );
  });

  it("takes only known secrets where callers are known, in the form or as Basic", async () => {
    await using edge = await testEdge({}, { development: false, tokens: ["the-operator's-own"] });
    const post = (payload: string, headers = {}) =>
      edge.app.inject({
        method: "POST",
        url: "/tenant/oauth2/token",
        headers: { ...FORM, ...headers },
        payload,
      });
    const refused = await post(ask("wrong"));
    assert.equal(refused.statusCode, 401);
    assert.equal(refused.json().error, "invalid_client");
    assert.equal((await post(ask("the-operator's-own"))).statusCode, 200);
    const basic = Buffer.from("me:the-operator's-own").toString("base64");
    assert.equal(
      (await post("grant_type=client_credentials", { authorization: `Basic ${basic}` })).statusCode,
      200,
    );
  });

  it("refuses other ways to sign in by their OAuth code", async () => {
    await using edge = await testEdge();
    const answer = await edge.app.inject({
      method: "POST",
      url: "/adfs/tenant/oauth2/token",
      headers: FORM,
      payload: ask("any", "password"),
    });
    assert.equal(answer.statusCode, 400);
    assert.equal(answer.json().error, "unsupported_grant_type");
  });
});
