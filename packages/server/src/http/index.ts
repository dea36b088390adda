// What compose takes of the HTTP edge.
export { type Auth, type AuthSettings, createAuth } from "./auth/auth.ts";
export { LINK_LIFETIME_MS, type Links } from "./auth/links.ts";
export type { OidcSettings } from "./auth/oidc.ts";
export type {
  AnsweredRequest,
  BegunRequest,
  HttpParts,
  HttpSettings,
  RequestWatch,
  ServiceControl,
  Spool,
} from "./edge.ts";
export { createHttpServer } from "./server.ts";
