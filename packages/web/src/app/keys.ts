// Keys that do something anywhere on a page.
import { useEffect } from "react";

/** Keys by name: `/`, `Escape`, `j`, `mod+k` (Ctrl, or Command on a Mac), `shift+?`. */
export type Keys = Readonly<Record<string, ((event: KeyboardEvent) => void) | undefined>>;

/** The name of the keys that are down, as `Keys` spells it. */
export function nameOfKeys(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">): string {
  const mod = event.ctrlKey || event.metaKey ? "mod+" : "";
  return `${mod}${event.altKey ? "alt+" : ""}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`;
}

const writes = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/**
 * Listens while the part is shown. Keys without `mod+` are left to whoever is writing, and to an open dialog or menu.
 */
export function useKeys(keys: Keys): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const name = nameOfKeys(event);
      const act = keys[name];
      if (act === undefined || event.defaultPrevented) return;
      const elsewhere =
        event.target instanceof Element && event.target.closest("dialog, [role=menu]") !== null;
      if (!name.startsWith("mod+") && (writes(event.target) || elsewhere)) return;
      event.preventDefault();
      act(event);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [keys]);
}
