// Light, dark, or as the system has it.
const KEY = "malachite.theme";
export type Theme = "system" | "light" | "dark";
const isTheme = (text: string | null): text is Theme =>
  text === "system" || text === "light" || text === "dark";

/** What was chosen in this browser. */
export function keptTheme(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return isTheme(kept) ? kept : "system";
  } catch {
    return "system";
  }
}

/** Shows a theme and keeps it; without one, shows what is kept. */
export function showTheme(theme: Theme = keptTheme()): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // It holds for this page only.
  }
  // Canvases are painted once and must know.
  window.dispatchEvent(new Event("malachite-theme"));
}

/** Calls back when the colours of the page change, until the returned function is called. */
export function onThemeChange(listener: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  window.addEventListener("malachite-theme", listener);
  system.addEventListener("change", listener);
  return () => {
    window.removeEventListener("malachite-theme", listener);
    system.removeEventListener("change", listener);
  };
}
