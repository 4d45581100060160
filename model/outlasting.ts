/** A signal that aborts `graceMs` after another one does: for what is to be brought to its end, and yet not for ever. */
export function outlasting(signal: AbortSignal, graceMs: number): Disposable & { readonly signal: AbortSignal } {
  const later = new AbortController();
  let timer: NodeJS.Timeout | null = null;
  const begin = (): void => {
    timer = setTimeout(() => later.abort(signal.reason), graceMs);
  };
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  return {
    signal: later.signal,
    [Symbol.dispose]() {
      signal.removeEventListener('abort', begin);
      if (timer !== null) clearTimeout(timer);
    },
  };
}
