// A dialog in front of the page: the browser's own, which keeps the keyboard inside and gives it back.
import { X } from "lucide-react";
import { createContext, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Button } from "./Button.tsx";
import classes from "./Modal.module.css";

/** The dialog that a part is in: all beside it is out of reach, so what pops up there must be put into it. */
export const ModalContext = createContext<HTMLElement | null>(null);

/** Is open while it is there. `close` is called for Escape, the close button and a click beside it. */
export function Modal({
  title,
  close,
  children,
  wide,
  full,
  bare,
}: {
  readonly title: string;
  readonly close: () => void;
  readonly children: ReactNode;
  readonly wide?: boolean;
  /** As large as the window. */
  readonly full?: boolean;
  /** Without a visible head; the title is for readers of the screen. */
  readonly bare?: boolean;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const [element, setElement] = useState<HTMLElement | null>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    setElement(element);
    return () => element?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the key that closes, by the browser itself
    <dialog
      ref={dialog}
      aria-labelledby={heading}
      className={`${classes.modal} ${wide ? classes.wide : ""} ${full ? classes.full : ""}`}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div className={bare ? undefined : classes.inside}>
        <div className={bare ? "visually-hidden" : classes.head}>
          <h2 id={heading}>{title}</h2>
          {!bare && (
            <Button kind="bare" size="small" aria-label="Close" onClick={close}>
              <X aria-hidden />
            </Button>
          )}
        </div>
        <ModalContext value={element}>{children}</ModalContext>
      </div>
    </dialog>
  );
}
