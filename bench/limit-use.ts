/** How many requests had been admitted at an instant. */
export interface Sample {
  readonly atMs: number;
  readonly requests: number;
}

/**
 * Share of a limit that was used: the mean over all windows within the time given, so that it does not matter where in a window
 * the requests lie. Samples are of even times, and begin and end where the time does, or beyond.
 */
export function limitUse(
  samples: readonly Sample[],
  { limit, windowMs, fromMs, toMs }: { limit: number; windowMs: number; fromMs: number; toMs: number },
): number {
  const shares: number[] = [];
  let end = 0;
  for (const { atMs, requests } of samples) {
    if (atMs < fromMs || atMs + windowMs > toMs) continue;
    while (end < samples.length - 1 && samples[end]!.atMs < atMs + windowMs) end++;
    shares.push((samples[end]!.requests - requests) / limit);
  }
  if (shares.length === 0) throw new Error('there is no whole window within this time');
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}
