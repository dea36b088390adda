// The library's client, as all connections of the service are made and cut.
import pg from "pg";
import type { DatabaseAddress } from "./address.ts";

const CONNECT_MS = 5_000;

/** Connects to nothing yet. `name` is what the database calls the connection. */
export const clientOf = (
  { host, port, user, password, database, tls }: DatabaseAddress,
  name: string,
): pg.Client =>
  new pg.Client({
    host,
    port,
    user,
    ...(password === undefined ? {} : { password }),
    database,
    ssl: tls && {
      rejectUnauthorized: tls.check,
      ...(tls.authorities === undefined ? {} : { ca: tls.authorities }),
      ...(tls.host ? {} : { checkServerIdentity: () => undefined }),
    },
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: name,
  });

/** Ends the connection without a word, whatever it is doing. */
export function cut(client: pg.Client): void {
  const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } }).connection;
  stream.destroy();
}
