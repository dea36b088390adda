// The pages as a whole: the token, what was fetched, the way to each page.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { Toasts } from "../parts/Toasts.tsx";
import { faultOf } from "../service/faults.ts";
import { ServiceProvider } from "../service/service.tsx";
import { keepToken, keptToken } from "../service/token.ts";
import { router } from "./router.tsx";

const newQueries = () =>
  new QueryClient({
    defaultOptions: {
      queries: {
        // The live stream says when something is out of date.
        staleTime: 60_000,
        refetchOnWindowFocus: false,
        retry: (count, error) => faultOf(error).kind === "away" && count < 2,
      },
    },
  });

/** Everything below the page's root. */
export function App() {
  const [session, setSession] = useState(() => ({ token: keptToken(), queries: newQueries() }));
  const signIn = useCallback((token: string) => {
    keepToken(token);
    setSession({ token, queries: newQueries() });
  }, []);
  return (
    <ServiceProvider token={session.token} signIn={signIn}>
      <QueryClientProvider client={session.queries}>
        <Toasts>
          <RouterProvider router={router} />
        </Toasts>
      </QueryClientProvider>
    </ServiceProvider>
  );
}
