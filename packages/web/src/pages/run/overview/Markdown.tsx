// Users' Markdown. Nothing of it can run, and nothing of it is fetched: HTML in it is text, pictures are links.
import type { ReactNode } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import classes from "./Description.module.css";
import { safeUrl } from "./safeUrl.ts";

const link = (url: string | undefined, children: ReactNode) =>
  safeUrl(url ?? "") === "" ? (
    <span>{children}</span>
  ) : (
    <a href={url} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
const heading = ({ children }: { readonly children?: ReactNode }) => <h3>{children}</h3>;
const COMPONENTS: Components = {
  a: ({ href, children }) => link(href, children),
  img: ({ src, alt }) => link(typeof src === "string" ? src : undefined, alt || "picture"),
  // The page has its own headings above these.
  h1: heading,
  h2: heading,
  h4: heading,
  h5: heading,
  h6: heading,
};

/** Shows a text. */
export function Markdown({ text }: { readonly text: string }) {
  return (
    <div className={classes.markdown}>
      <ReactMarkdown components={COMPONENTS} urlTransform={safeUrl}>
        {text}
      </ReactMarkdown>
    </div>
  );
}
