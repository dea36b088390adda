// Colours and dashes of lines: of the theme that is shown, and told apart also by people who see few colours.
import { useSyncExternalStore } from "react";
import { onThemeChange } from "../../app/theme.ts";

const SERIES = 8;
/** Their number and that of the colours have no common factor, so forty lines differ. */
const DASHES: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [11, 3, 2, 3], [5, 2]];

/** The colour of a look, for styles. */
export const colourOf = (look: number): string => `var(--series-${(look % SERIES) + 1})`;
/** The dashes of a look, in pixels; none for a full line. */
export const dashOf = (look: number): readonly number[] => DASHES[look % DASHES.length] as readonly number[];

/** Colours as canvases need them: spelled out. */
export type Colours = {
  readonly series: readonly string[];
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly bad: string;
  readonly surface: string;
  readonly font: string;
};

let known: Colours | undefined;

function read(): Colours {
  const probe = document.createElement("span");
  document.body.append(probe);
  const colour = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    series: Array.from({ length: SERIES }, (_, i) => colour(`series-${i + 1}`)),
    ink: colour("ink"),
    muted: colour("muted"),
    line: colour("line"),
    bad: colour("bad"),
    surface: colour("surface"),
    font: `11px ${getComputedStyle(probe).fontFamily}`,
  };
  probe.remove();
  return colours;
}

/** The colours that are shown now. */
export const coloursNow = (): Colours => {
  known ??= read();
  return known;
};
const listen = (changed: () => void): (() => void) =>
  onThemeChange(() => {
    known = undefined;
    changed();
  });

/** The colours that are shown, also after they change. */
export const useColours = (): Colours => useSyncExternalStore(listen, coloursNow);

/** The same colour, to be seen through. */
export const faint = (colour: string, alpha: number): string =>
  alpha < 1 && colour.startsWith("rgb(")
    ? colour.replace("rgb(", "rgba(").replace(")", `, ${alpha})`)
    : colour;
