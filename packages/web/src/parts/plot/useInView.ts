// Whether a part is in view, or nearly: plots that nobody sees are neither fetched nor drawn.
import { type RefObject, useEffect, useRef, useState } from "react";

/** One observer for all parts in the same thing that scrolls. */
const observers = new WeakMap<Element, Observed>();
type Observed = {
  readonly observer: IntersectionObserver;
  readonly seen: Map<Element, (is: boolean) => void>;
};
const MARGIN = "400px 0px";

function observedIn(root: Element): Observed {
  const there = observers.get(root);
  if (there !== undefined) return there;
  const seen: Observed["seen"] = new Map();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) seen.get(target)?.(isIntersecting);
    },
    { root: root === document.documentElement ? null : root, rootMargin: MARGIN },
  );
  const made = { observer, seen };
  observers.set(root, made);
  return made;
}

/** The ref is for the part. */
export function useInView<T extends Element>(): [RefObject<T | null>, boolean] {
  const ref = useRef<T>(null);
  const [isIn, setIsIn] = useState(false);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const { observer, seen } = observedIn(element.closest("#page") ?? document.documentElement);
    seen.set(element, setIsIn);
    observer.observe(element);
    return () => {
      seen.delete(element);
      observer.unobserve(element);
    };
  }, []);
  return [ref, isIn];
}
