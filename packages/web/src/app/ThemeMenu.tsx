// Light, dark, or as the system has it.
import { Moon, Sun, SunMoon } from "lucide-react";
import { useState } from "react";
import { Button } from "../parts/Button.tsx";
import { Menu, MenuItem } from "../parts/Menu.tsx";
import { keptTheme, showTheme, type Theme } from "./theme.ts";

const THEMES = [
  { theme: "system", label: "As the system", Icon: SunMoon },
  { theme: "light", label: "Light", Icon: Sun },
  { theme: "dark", label: "Dark", Icon: Moon },
] as const satisfies readonly { theme: Theme; label: string; Icon: unknown }[];

export function ThemeMenu() {
  const [theme, setTheme] = useState(keptTheme);
  const { Icon } = THEMES.find((one) => one.theme === theme) ?? THEMES[0];
  const choose = (chosen: Theme) => {
    showTheme(chosen);
    setTheme(chosen);
  };
  return (
    <Menu
      trigger={
        <Button kind="bare" aria-label="Theme">
          <Icon aria-hidden />
        </Button>
      }
    >
      {THEMES.map((one) => (
        <MenuItem key={one.theme} onSelect={() => choose(one.theme)}>
          <one.Icon aria-hidden />
          {one.label}
        </MenuItem>
      ))}
    </Menu>
  );
}
