// What only operators may do is shown to them alone.
import { useQuery } from "@tanstack/react-query";
import { useService } from "./service.tsx";

/** Whether the token of these pages is an operator's; false until that is known. It is asked for only where `when` says so. */
export function useIsOperator(when = true): boolean {
  const { client } = useService();
  const { data } = useQuery({
    queryKey: ["service"],
    queryFn: ({ signal }) => client.getService({ abortSignal: signal }),
    enabled: when,
    retry: false,
    staleTime: 60_000,
  });
  return data !== undefined;
}
