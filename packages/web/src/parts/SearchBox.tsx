// The field of a page that finds what the page lists.
import { Search } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useKeys } from "../app/keys.ts";
import classes from "./SearchBox.module.css";

/** What is typed counts once one pauses. */
const TYPING_MS = 180;

/** The key `/` leads here, Escape takes the words away and leads back. One of them is enough for a page. */
export function SearchBox({
  label,
  placeholder,
  value,
  onChange,
}: {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly onChange: (words: string) => void;
}) {
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  useKeys(useMemo(() => ({ "/": () => field.current?.focus() }), []));
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text.trim() === value) return;
    const timer = setTimeout(() => onChange(text.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, value, onChange]);
  return (
    <div className={classes.search}>
      <Search aria-hidden />
      <input
        ref={field}
        type="search"
        value={text}
        aria-label={label}
        placeholder={placeholder}
        title="Press / to come here"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          setText("");
          event.currentTarget.blur();
        }}
      />
      <kbd aria-hidden>/</kbd>
    </div>
  );
}
