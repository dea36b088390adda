// Asks for a token.
import { type FormEvent, useState } from "react";
import { Button } from "../parts/Button.tsx";
import { useService } from "../service/service.tsx";
import { DEV_TOKEN } from "../service/token.ts";
import classes from "./SignIn.module.css";

/** `why` is what the service said to the token that was tried. */
export function SignIn({ why }: { readonly why: string }) {
  const { token: tried, signIn } = useService();
  const [token, setToken] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim() !== "") signIn(token.trim());
  };
  return (
    <main>
      <form className={classes.form} onSubmit={submit}>
        <h1>This service asks for a token</h1>
        <p>
          Paste a token that the service was started with (<code>--token</code>), or an access token of its
          issuer, for instance from <code>az account get-access-token</code>. It is kept in this browser only.
        </p>
        <label htmlFor="token">Token</label>
        <input
          id="token"
          type="password"
          autoComplete="current-password"
          spellCheck={false}
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
        {tried !== DEV_TOKEN && (
          <p className={classes.why} role="alert">
            The last one was not taken: {why}
          </p>
        )}
        <Button kind="primary" type="submit" disabled={token.trim() === ""}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
