// The token that this browser sends. It comes in the fragment of the address, which no server and no log ever sees, or by hand.
const KEY = "malachite.token";
/** What a service on this machine takes when it was started without a token or an issuer of its own. */
export const DEV_TOKEN = "dev";

/** Takes a token out of the address (`#token=…`), so that it is in no bookmark and no history, and keeps it. */
export function takeTokenFromAddress(): void {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given === null) return;
  keepToken(given);
  history.replaceState(history.state, "", location.pathname + location.search);
}

/** The kept token, else that of a service on this machine. */
export const keptToken = (): string => {
  try {
    return localStorage.getItem(KEY) ?? DEV_TOKEN;
  } catch {
    return DEV_TOKEN; // A browser that keeps nothing asks again in each tab.
  }
};

/** Keeps a token for the tabs of this browser; an empty one is forgotten. */
export function keepToken(token: string): void {
  try {
    if (token === "") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, token);
  } catch {
    // It lives on in this tab only.
  }
}
