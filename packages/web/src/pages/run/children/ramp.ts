// Colours of a plot's lines, by the theme that is shown.
import { useEffect, useState } from "react";

export type Looks = {
  /** From the least to the greatest value. */
  readonly ramp: readonly string[];
  readonly ink: string;
  readonly muted: string;
  readonly faint: string;
  readonly line: string;
  readonly accent: string;
  readonly surface: string;
};
const STEPS = 24;
/** Told apart also by people who see few colours, and in the order of their brightness. */
const STOPS = ["--series-2", "--series-4", "--series-3"];

/** The colours as they are now; others after the theme has changed. */
export function useLooks(element: HTMLElement | null): Looks | undefined {
  const [looks, setLooks] = useState<Looks>();
  useEffect(() => {
    if (element === null) return;
    const read = () => setLooks(looksOf(element));
    read();
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const theme = new MutationObserver(read);
    dark.addEventListener("change", read);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    return () => {
      dark.removeEventListener("change", read);
      theme.disconnect();
    };
  }, [element]);
  return looks;
}

/** A canvas knows no variables: what they stand for is asked of an element. */
function looksOf(element: HTMLElement): Looks {
  const before = element.style.color;
  const color = (name: string) => {
    element.style.color = `var(${name})`;
    return getComputedStyle(element).color;
  };
  const stops = STOPS.map((name) => channels(color(name)));
  const looks = {
    ramp: Array.from({ length: STEPS }, (_, at) => mixed(stops, at / (STEPS - 1))),
    ink: color("--ink"),
    muted: color("--muted"),
    faint: color("--faint"),
    line: color("--line-strong"),
    accent: color("--accent"),
    surface: color("--surface"),
  };
  element.style.color = before;
  return looks;
}

const channels = (color: string): number[] => (color.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);

/** A colour between stops. */
export function mixed(stops: readonly (readonly number[])[], share: number): string {
  const place = share * (stops.length - 1);
  const [from, to] = [stops[Math.floor(place)] ?? [], stops[Math.ceil(place)] ?? []];
  const part = place - Math.floor(place);
  return `rgb(${from.map((one, at) => Math.round(one + ((to[at] ?? one) - one) * part)).join(" ")})`;
}
