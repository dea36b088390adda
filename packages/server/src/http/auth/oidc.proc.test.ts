// Tokens of a real issuer: one is started here, with discovery, keys and their rotation, and it can be taken away.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { testClock } from "../testing/clock.ts";
import { SECRET } from "../testing/edge.ts";
import { createAuth } from "./auth.ts";
import type { OidcSettings } from "./oidc.ts";

type Key = {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: object;
};
const newKey = async (kid: string, alg = "RS256"): Promise<Key> => {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
};
const AUDIENCE = "api://malachite";
const refused = { code: "NotAuthenticated" };
const away = { code: "EngineUnavailable" };
const now = () => Math.floor(testClock().now() / 1000);

describe("tokens of an OIDC issuer", () => {
  let server: Server;
  let issuer = "";
  let key: Key;
  let asked: string[] = [];
  let claimed: string | undefined;
  let down = false;

  before(async () => {
    key = await newKey("one");
    server = createServer((request, response) => {
      asked.push(request.url ?? "");
      if (down) {
        response.writeHead(500).end();
        return;
      }
      const body = request.url?.endsWith("/openid-configuration")
        ? { issuer: claimed ?? issuer, jwks_uri: `${issuer}/keys` }
        : { keys: [key.jwk] };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const verifier = (settings: Partial<OidcSettings> = {}) =>
    createAuth(
      { secret: SECRET, development: false, issuer: { issuer, audience: AUDIENCE, ...settings } },
      testClock(),
    );
  const claims = (jwt: SignJWT) =>
    jwt
      .setIssuer(issuer)
      .setAudience(AUDIENCE)
      .setSubject("sub-1")
      .setExpirationTime(now() + 300);
  const token = (change: (jwt: SignJWT) => SignJWT = (jwt) => jwt, by = key, more = {}) =>
    change(
      claims(
        new SignJWT({ name: "Ada", oid: "oid-1", tid: "tid-1", ...more }).setProtectedHeader({
          alg: by.alg,
          kid: by.kid,
        }),
      ),
    ).sign(by.privateKey);
  const verify = async (auth: ReturnType<typeof verifier>, text: Promise<string> | string) =>
    auth.verify(`Bearer ${await text}`);

  it("are taken, and say who asks", async () => {
    assert.deepEqual(await verify(verifier(), token()), {
      name: "Ada",
      objectId: "oid-1",
      tenantId: "tid-1",
    });
  });
  it("never stand for a run, whatever they claim", async () => {
    const who = await verify(
      verifier(),
      token((jwt) => jwt, key, { run: "a", workspace: "w" }),
    );
    assert.equal(who.run, undefined);
  });
  it("may be for one of several audiences", async () => {
    assert.equal((await verify(verifier({ audience: ["x", AUDIENCE] }), token())).name, "Ada");
  });
  it("are refused for another audience, after their end and before their time", async () => {
    const auth = verifier();
    for (const change of [
      (jwt: SignJWT) => jwt.setAudience("api://other"),
      (jwt: SignJWT) => jwt.setExpirationTime(now() - 61),
      (jwt: SignJWT) => jwt.setNotBefore(now() + 120),
    ]) {
      await assert.rejects(verify(auth, token(change)), refused);
    }
  });
  it("are taken when the clocks differ a little, as the settings say", async () => {
    assert.ok(
      await verify(
        verifier(),
        token((jwt) => jwt.setExpirationTime(now() - 50)),
      ),
    );
    assert.ok(
      await verify(
        verifier(),
        token((jwt) => jwt.setNotBefore(now() + 50)),
      ),
    );
    const exact = verifier({ clockSkewSeconds: 0 });
    await assert.rejects(
      verify(
        exact,
        token((jwt) => jwt.setExpirationTime(now() - 2)),
      ),
      refused,
    );
  });
  it("are refused without a signature, or with one that anybody can make from the public key", async () => {
    const auth = verifier();
    const plain = new UnsecuredJWT({})
      .setIssuer(issuer)
      .setAudience(AUDIENCE)
      .setSubject("s")
      .setExpirationTime(now() + 60)
      .encode();
    await assert.rejects(verify(auth, plain), refused);
    const confused = claims(new SignJWT({}).setProtectedHeader({ alg: "HS256", kid: key.kid }));
    await assert.rejects(verify(auth, confused.sign(Buffer.from(JSON.stringify(key.jwk)))), refused);
  });
  it("are refused when another key signed them under a known name", async () => {
    await assert.rejects(
      verify(
        verifier(),
        token((jwt) => jwt, await newKey("one")),
      ),
      refused,
    );
  });
  it("are refused when their key is not among the issuer's", async () => {
    await assert.rejects(
      verify(
        verifier(),
        token((jwt) => jwt, await newKey("stranger")),
      ),
      refused,
    );
  });
  it("of another issuer are refused", async () => {
    await assert.rejects(
      verify(
        verifier(),
        token((jwt) => jwt.setIssuer("https://evil.example.com")),
      ),
      refused,
    );
  });
  it("are checked with remembered keys, and with new ones once the issuer has them", async () => {
    const auth = verifier();
    await verify(auth, token());
    asked = [];
    await verify(auth, token());
    assert.deepEqual(asked, [], "the keys are remembered");
    key = await newKey("two", "ES256");
    assert.equal((await verify(verifier(), token())).name, "Ada");
  });
  it("cannot be checked while the issuer is away: that is 503 and not 401", async () => {
    const byDiscovery = verifier();
    const byUri = verifier({ jwksUri: `${issuer}/keys` });
    down = true;
    await assert.rejects(verify(byDiscovery, token()), away);
    await assert.rejects(verify(byUri, token()), away);
    down = false;
    assert.ok(await verify(byUri, token()));
    assert.ok(await verify(verifier(), token()));
  });
  it("are not checked with the keys that another issuer's document names", async () => {
    claimed = "https://other.example.com";
    await assert.rejects(verify(verifier(), token()), away);
    claimed = undefined;
  });
});
