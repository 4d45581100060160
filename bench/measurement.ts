/** One line of the bench table. `target` is what the project set itself; null where the line only informs. */
export interface Measurement {
  readonly scenario: string;
  readonly figure: string;
  readonly target: string | null;
  readonly isMet: boolean | null;
}

/** A line with its goal. */
export function measured(scenario: string, figure: string, goal: Pick<Measurement, 'target' | 'isMet'>): Measurement {
  return { scenario, figure, ...goal };
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** A worker's peak against what the project allows itself; `peakBytes` is null where the system does not tell. */
export function measuredPeak(scenario: string, peakBytes: number | null, { note = '' } = {}): Measurement {
  const peakMb = peakBytes === null ? null : Math.round(peakBytes / 2 ** 20);
  return measured(scenario, `${peakMb ?? '?'} MB peak in the worker${note}`, {
    target: '< 512 MB',
    isMet: peakMb === null ? null : peakMb < 512,
  });
}

/** The smallest value that so large a share of them does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1]!;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
