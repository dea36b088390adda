// Passwords in addresses of indexes and channels: kept out of every log and lock, and put back where a lock is installed.

/** What stands between `//` and `@` in an address, or the token in the way of a private channel, with the host that it is for. */
export type Credential = { readonly host: string } & (
  | { readonly login: string }
  | { readonly token: string }
);

const LOGIN = /[a-z][a-z0-9+.-]*:\/\/([^\s/@"']+)@([^\s/"'?#]+)/gi;
/** The way of a private channel at anaconda.org: `/t/TOKEN/`. */
const TOKEN = /:\/\/([^\s/"'?#]+)\/t\/([A-Za-z0-9-]{8,})(?=\/)/g;
const HIDDEN = "****";

/** Every login and token in the texts, each once. */
export function credentialsIn(texts: readonly string[]): readonly Credential[] {
  const found = new Map<string, Credential>();
  for (const text of texts) {
    for (const [, login = "", host = ""] of text.matchAll(LOGIN))
      if (login !== "git") found.set(`${login}@${host}`, { login, host });
    for (const [, host = "", token = ""] of text.matchAll(TOKEN))
      found.set(`${host}/t/${token}`, { token, host });
  }
  return [...found.values()];
}

/** Takes logins and tokens out of a text, also where a tool repeats a password by itself. */
export function redactor(texts: readonly string[]): (text: string) => string {
  const secrets = new Set<string>();
  for (const credential of credentialsIn(texts)) {
    if ("token" in credential) {
      secrets.add(credential.token);
      continue;
    }
    const { login } = credential;
    const password = login.slice(login.indexOf(":") + 1);
    // Shorter ones would take words out of all that is said; in addresses they are hidden all the same.
    for (const secret of [login, password, decoded(password)]) if (secret.length >= 4) secrets.add(secret);
  }
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  return (text) =>
    longestFirst.reduce((left, secret) => left.replaceAll(secret, HIDDEN), withoutLogins(text));
}

/** The same addresses without who asks. */
export const withoutLogins = (text: string): string =>
  text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi, (whole, scheme: string) =>
    // `git@github.com` is a name that everybody uses, not a secret; without it the address means something else.
    whole.endsWith("://git@") ? whole : scheme,
  );

/** Puts logins and tokens back into addresses of hosts that have one. */
export const withLogins = (text: string, credentials: readonly Credential[]): string =>
  credentials.reduce(
    (left, credential) =>
      "token" in credential
        ? left.replaceAll(
            `://${credential.host}/t/${HIDDEN}/`,
            `://${credential.host}/t/${credential.token}/`,
          )
        : left.replaceAll(`://${credential.host}`, `://${credential.login}@${credential.host}`),
    text,
  );

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded after all.
    return text;
  }
}
