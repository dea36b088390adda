// Passwords in addresses of indexes and channels: kept out of every log and lock, and put back where a lock is installed.

/** What stands between `//` and `@` in an address, with the host that it is for. */
export type Credential = { readonly login: string; readonly host: string };

const LOGIN = /[a-z][a-z0-9+.-]*:\/\/([^\s/@"']+)@([^\s/"'?#]+)/gi;
/** The way of a private channel at anaconda.org: `/t/TOKEN/`. */
const TOKEN = /\/t\/([A-Za-z0-9-]{8,})(?=\/)/g;

/** Every login in the texts, each once. */
export function credentialsIn(texts: readonly string[]): readonly Credential[] {
  const found = new Map<string, Credential>();
  for (const text of texts)
    for (const [, login = "", host = ""] of text.matchAll(LOGIN))
      found.set(`${login}@${host}`, { login, host });
  return [...found.values()];
}

/** Takes logins and tokens out of a text, also where a tool repeats a password by itself. */
export function redactor(texts: readonly string[]): (text: string) => string {
  const secrets = new Set<string>();
  for (const { login } of credentialsIn(texts)) {
    secrets.add(login);
    const password = login.slice(login.indexOf(":") + 1);
    for (const secret of [password, decoded(password)]) if (secret.length >= 4) secrets.add(secret);
  }
  for (const text of texts) for (const [, token = ""] of text.matchAll(TOKEN)) secrets.add(token);
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  return (text) =>
    longestFirst.reduce((left, secret) => left.replaceAll(secret, "****"), withoutLogins(text));
}

/** The same addresses without who asks. */
export const withoutLogins = (text: string): string =>
  text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi, (whole, scheme: string) =>
    // `git@github.com` is a name that everybody uses, not a secret; without it the address means something else.
    whole.endsWith("://git@") ? whole : scheme,
  );

/** Puts logins back into addresses of hosts that have one. */
export const withLogins = (text: string, credentials: readonly Credential[]): string =>
  credentials.reduce((left, { login, host }) => left.replaceAll(`://${host}`, `://${login}@${host}`), text);

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded after all.
    return text;
  }
}
