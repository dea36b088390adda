// Tells systemd how far the service is, where systemd has started it (`Type=notify`). Elsewhere it does nothing.
import { execFile } from "node:child_process";

export type Notify = (...facts: readonly string[]) => Promise<void>;

/** The longest that systemd may take to hear it: it never keeps the service from its work. */
const WITHIN_MS = 5000;

/** Node has no datagrams over sockets of files, so systemd's own program sends them. It is where systemd is. */
export function createNotify(env: Readonly<Record<string, string | undefined>>): Notify {
  const { NOTIFY_SOCKET: socket, PATH } = env;
  if (socket === undefined || socket === "") return async () => {};
  return (...facts) =>
    new Promise((resolve) => {
      const told = { env: { NOTIFY_SOCKET: socket, PATH }, timeout: WITHIN_MS };
      // Without the program, systemd says itself that it was not told in time.
      execFile("systemd-notify", [`--pid=${process.pid}`, ...facts], told, () => resolve());
    });
}
