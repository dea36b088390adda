// How the main thread tells a busy worker to give up: a flag in shared memory, since a busy worker reads no messages.

export type CancelFlag = Int32Array<SharedArrayBuffer>;

export const newCancelFlag = (): CancelFlag => new Int32Array(new SharedArrayBuffer(4));
export const cancel = (flag: CancelFlag): void => void Atomics.store(flag, 0, 1);

/** Throws an AbortError when the work is not wanted any more. Cheap: call it for each file and each piece. */
export function stopIfCancelled(flag: CancelFlag): void {
  if (Atomics.load(flag, 0) === 0) return;
  throw new DOMException("The work was given up.", "AbortError");
}
