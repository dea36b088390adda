// Short news at the edge of the page: what was done, or what could not be.
import { CircleAlert, CircleCheck, X } from "lucide-react";
import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from "react";
import { faultOf } from "../service/faults.ts";
import { Button } from "./Button.tsx";
import classes from "./Toasts.module.css";

type Toast = { readonly id: number; readonly kind: "done" | "failed"; readonly text: ReactNode };
export type Tell = {
  /** Says that something was done. It goes away by itself. */
  readonly done: (text: ReactNode) => void;
  /** Says what went wrong. It stays until it is closed. */
  readonly failed: (error: unknown) => void;
};
const TellContext = createContext<Tell | undefined>(undefined);
const SHOWN_MS = 5000;

/** The place where news are shown; parts below it may tell some. */
export function Toasts({ children }: { readonly children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const next = useRef(0);
  const close = useCallback((id: number) => setToasts((now) => now.filter((one) => one.id !== id)), []);
  const [tell] = useState<Tell>(() => {
    const add = (kind: Toast["kind"], text: ReactNode) => {
      const id = next.current++;
      setToasts((now) => [...now.slice(-3), { id, kind, text }]);
      if (kind === "done") setTimeout(() => close(id), SHOWN_MS);
    };
    return { done: (text) => add("done", text), failed: (error) => add("failed", faultOf(error).message) };
  });
  return (
    <TellContext value={tell}>
      {children}
      <div className={classes.place} role="status" aria-live="polite">
        {toasts.map(({ id, kind, text }) => (
          <div key={id} className={`${classes.toast} ${classes[kind]}`}>
            {kind === "done" ? <CircleCheck aria-hidden /> : <CircleAlert aria-hidden />}
            <div className={classes.text}>{text}</div>
            <Button kind="bare" size="small" aria-label="Close" onClick={() => close(id)}>
              <X aria-hidden />
            </Button>
          </div>
        ))}
      </div>
    </TellContext>
  );
}

/** Tells news at the edge of the page. */
export function useTell(): Tell {
  const tell = useContext(TellContext);
  if (tell === undefined) throw new Error("useTell is for parts below Toasts");
  return tell;
}
