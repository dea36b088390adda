// A short text that is edited in its place.
import { Pencil } from "lucide-react";
import { type ReactNode, useRef, useState } from "react";
import { Button } from "./Button.tsx";
import classes from "./EditText.module.css";

/** Enter and leaving it save, Escape does not. `children` is how the text is shown; `what` names it. */
export function EditText({
  value,
  what,
  save,
  children,
}: {
  readonly value: string;
  readonly what: string;
  readonly save: (value: string) => void;
  readonly children: ReactNode;
}) {
  const [draft, setDraft] = useState<string>();
  const button = useRef<HTMLButtonElement>(null);
  const end = (saved: boolean, refocus: boolean) => {
    if (saved && draft !== undefined && draft.trim() !== "" && draft !== value) save(draft.trim());
    setDraft(undefined);
    // The button comes back in the next frame.
    if (refocus) requestAnimationFrame(() => button.current?.focus());
  };
  if (draft === undefined)
    return (
      <span className={classes.shown}>
        {children}
        <Button
          ref={button}
          kind="bare"
          size="small"
          aria-label={`Edit ${what}`}
          title={`Edit ${what}`}
          onClick={() => setDraft(value)}
        >
          <Pencil aria-hidden />
        </Button>
      </span>
    );
  return (
    <input
      className={classes.input}
      aria-label={what}
      // biome-ignore lint/a11y/noAutofocus: whoever asks to edit wants to type
      autoFocus
      value={draft}
      maxLength={256}
      onChange={(event) => setDraft(event.target.value)}
      onFocus={(event) => event.target.select()}
      onBlur={() => end(true, false)}
      onKeyDown={(event) => {
        if (event.key === "Enter") end(true, true);
        if (event.key === "Escape") end(false, true);
      }}
    />
  );
}
