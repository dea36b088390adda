// Puts a text on the clipboard.
import { Check, Copy as CopyIcon } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Button } from "./Button.tsx";
import classes from "./Copy.module.css";

/** A button that copies. Without children it is an icon; `what` names the text. */
export function Copy({
  text,
  what,
  children,
}: {
  readonly text: string;
  readonly what: string;
  readonly children?: ReactNode;
}) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <Button
      kind={children ? "plain" : "bare"}
      size="small"
      aria-label={children ? undefined : `Copy ${what}`}
      title={`Copy ${what}`}
      onClick={copy}
    >
      {copied ? <Check aria-hidden /> : <CopyIcon aria-hidden />}
      {children}
      <span role="status" className="visually-hidden">
        {copied ? "Copied" : ""}
      </span>
    </Button>
  );
}

/** Copies a text, also where the browser has no clipboard for pages without TLS. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** Code to take along, with a button that copies it. */
export function CodeBlock({ code, what }: { readonly code: string; readonly what: string }) {
  return (
    <section className={classes.block} aria-label={what}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
      <pre tabIndex={0}>{code}</pre>
      <Copy text={code} what={what} />
    </section>
  );
}
