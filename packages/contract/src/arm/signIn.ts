// Signing in as a service principal: what MSAL and ADAL look for under a login endpoint. OAuth 2.0 (RFC 6749) and OpenID Connect
// Discovery in the words of Azure AD; no public description of the v1 API speaks of it.
import Type, { type Static } from "typebox";
import { anyObject, integer, model, optional } from "../model.ts";
import { operation } from "../operation.ts";

const source = "sdk";
const tenant = Type.Object({ tenantId: Type.String({ maxLength: 255 }) });

export const SignInConfiguration = model("SignInConfiguration", {
  issuer: Type.String(),
  authorization_endpoint: Type.String(),
  token_endpoint: Type.String(),
  device_authorization_endpoint: Type.String(),
  jwks_uri: Type.String(),
});
export type SignInConfiguration = Static<typeof SignInConfiguration>;

export const getSignInConfiguration = operation({
  id: "SignIn_GetConfiguration",
  method: "GET",
  path: "/adfs/{tenantId}/.well-known/openid-configuration",
  alsoAt: ["/{tenantId}/v2.0/.well-known/openid-configuration"],
  summary: "Where a tenant's tokens come from.",
  source,
  params: tenant,
  answer: { kind: "json", schema: SignInConfiguration, description: "The addresses." },
  authenticated: false,
});

export const discoverSignIn = operation({
  id: "SignIn_Discover",
  method: "GET",
  path: "/common/discovery/instance",
  summary: "Whether an authority is one of this cloud: every one is.",
  source,
  params: Type.Object({}),
  query: Type.Object({ authorization_endpoint: optional(Type.String()) }),
  answer: { kind: "json", schema: anyObject(), description: "The authority's configuration." },
  authenticated: false,
});

export const SignedIn = model("SignedIn", {
  token_type: Type.String(),
  access_token: Type.String(),
  expires_in: integer({ description: "Seconds from now." }),
  expires_on: Type.String({ description: "Seconds since 1970 UTC." }),
  resource: optional(Type.String()),
});
export type SignedIn = Static<typeof SignedIn>;

/** The error of OAuth 2.0; of requests that never come so far, that of all others. */
export const SignInRefused = model("SignInRefused", {
  error: Type.Union([Type.String(), anyObject()]),
  error_description: optional(Type.String()),
});

export const signIn = operation({
  id: "SignIn_Token",
  method: "POST",
  path: "/adfs/{tenantId}/oauth2/token",
  alsoAt: ["/{tenantId}/oauth2/token"],
  summary: "A token for a service principal (grant client_credentials).",
  source,
  params: tenant,
  body: { kind: "bytes", contentType: "application/x-www-form-urlencoded" },
  answer: { kind: "json", schema: SignedIn, description: "The token." },
  refusal: { statuses: [400, 401], schema: SignInRefused },
  authenticated: false,
});
