// Service principals sign in here, as the SDK's ServicePrincipalAuthentication does it. There is no directory of them: in
// development everyone is let in, elsewhere the secret must be a token of the operator's or the secret of the token endpoint.
import { arm } from "@malachite/contract";
import { isMalachiteError } from "@malachite/core";
import { readBytes } from "../plugins/jsonBody.ts";
import { route } from "../route.ts";

const LONGEST_FORM = 64 * 1024;

export const getSignInConfiguration = route(arm.getSignInConfiguration, async ({ params, secureBase }) =>
  configurationOf(`${secureBase}/adfs/${encodeURIComponent(params.tenantId)}`),
);

const configurationOf = (authority: string): arm.SignInConfiguration => ({
  issuer: authority,
  authorization_endpoint: `${authority}/oauth2/authorize`,
  token_endpoint: `${authority}/oauth2/token`,
  device_authorization_endpoint: `${authority}/oauth2/devicecode`,
  jwks_uri: `${authority}/discovery/keys`,
});

export const discoverSignIn = route(arm.discoverSignIn, async ({ query, secureBase }) => {
  const asked = query.authorization_endpoint ?? "";
  const tenant = URL.canParse(asked) ? (new URL(asked).pathname.split("/")[1] ?? "common") : "common";
  const { host } = new URL(secureBase);
  return {
    tenant_discovery_endpoint: `${secureBase}/adfs/${encodeURIComponent(tenant)}/.well-known/openid-configuration`,
    "api-version": "1.1",
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  };
});

export const signIn = route(arm.signIn, async (ask, { auth, clock }) => {
  const form = new URLSearchParams((await readBytes(ask.bytes(), LONGEST_FORM)).toString());
  ask.reply.header("cache-control", "no-store");
  const refuse = (status: number, error: string, text: string) => {
    ask.reply.code(status);
    ask.reply
      .type("application/json; charset=utf-8")
      .send(JSON.stringify({ error, error_description: text }));
    return undefined;
  };
  if (form.get("grant_type") !== "client_credentials") {
    return refuse(
      400,
      "unsupported_grant_type",
      "Only service principals sign in here (grant_type client_credentials). Interactive sign-in is not offered: set MSI_ENDPOINT, as `malachite env` does.",
    );
  }
  try {
    const issued = await auth.userToken(
      form.get("client_secret") ?? basicSecret(ask.request.headers.authorization),
    );
    return {
      token_type: "Bearer",
      access_token: issued.token,
      expires_in: Math.floor((issued.expiresAt - clock.now()) / 1000),
      expires_on: String(Math.floor(issued.expiresAt / 1000)),
      ...(form.get("resource") === null ? {} : { resource: form.get("resource") ?? "" }),
    };
  } catch (error) {
    if (!isMalachiteError(error) || error.kind !== "denied") throw error;
    return refuse(
      401,
      "invalid_client",
      "The secret of the service principal is not known here. Use the service's --msi-secret or one of its tokens (--token) as the secret.",
    );
  }
});

/** The secret of `Authorization: Basic`, the other way in which a client names itself (RFC 6749, 2.3.1). */
function basicSecret(header: string | undefined): string | undefined {
  const [, given] = /^\s*basic\s+(\S+)\s*$/i.exec(header ?? "") ?? [];
  if (given === undefined) return undefined;
  const text = Buffer.from(given, "base64").toString();
  return text.slice(text.indexOf(":") + 1);
}
