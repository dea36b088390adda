// What a page shows in its own place when it cannot be shown.
import { useRouter } from "@tanstack/react-router";
import { FaultNote } from "../parts/FaultNote.tsx";
import { faultOf } from "../service/faults.ts";
import { SignIn } from "./SignIn.tsx";

/** An error of a page, with a way on. */
export function PageFault({ error, reset }: { readonly error: unknown; readonly reset?: () => void }) {
  const router = useRouter();
  if (faultOf(error).kind === "denied") return <SignIn why={faultOf(error).message} />;
  const again = () => {
    reset?.();
    void router.invalidate();
  };
  return <FaultNote error={error} again={again} />;
}
