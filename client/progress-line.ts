import { countText } from './count-text.ts';
import { clockText } from './duration.ts';
import { plainLine } from './plain-text.ts';
import { percentDone, stateText, type RunView } from './run-view.ts';

export interface ProgressFigures {
  readonly view: RunView;
  /** Null before it can be measured. */
  readonly perSecond: number | null;
  readonly remainingMs: number | null;
}

/**
 * `contacts   62 %  124,300/200,000  1,870/s  chunk 5/8  limit 98 %  ~0:40`. Where nothing flows, the reason stands in
 * place of the rate.
 */
export function progressLine(figures: ProgressFigures, labelWidth = 0): string {
  const { view, perSecond } = figures;
  const label = view.stream.padEnd(labelWidth);
  // A run that ended badly tells no result, so how much it had read is for `history` to say.
  const isCounted = view.state === 'done' || view.records > 0;
  if (view.endedAt !== null) return joined([label, isCounted ? recordsText(view) : null, endText(view)]);
  if (!flowingStates.has(view.state)) {
    return joined([label, ...(view.records > 0 ? [recordsText(view)] : []), stateText(view)]);
  }
  const percent = percentDone(view);
  return joined([
    label,
    percent === null ? null : `${String(percent).padStart(3)} %`,
    recordsText(view),
    flowText(view, perSecond),
    chunkText(view),
    view.limitShare === null ? null : `limit ${Math.round(view.limitShare * 100)} %`,
    figures.remainingMs === null ? null : `~${clockText(figures.remainingMs)}`,
  ]);
}

/** The reason of a failure is left to the report that follows. */
function endText(view: RunView): string {
  const tookMs = Date.parse(view.endedAt ?? '') - Date.parse(view.startedAt ?? '');
  return `${stateText({ ...view, why: null })} ${view.state === 'done' ? 'in' : 'after'} ${clockText(tookMs)}`;
}

/** States whose line shows a rate; every other one shows why there is none. */
const flowingStates: ReadonlySet<RunView['state']> = new Set(['running', 'waiting', 'finishing']);

function flowText(view: RunView, perSecond: number | null): string | null {
  if (view.state === 'waiting') return `waiting: ${view.why}`;
  if (view.state === 'finishing') return 'finishing';
  if (view.why !== null || perSecond === null) return view.why;
  return perSecond >= 1 ? `${countText(Math.round(perSecond))}/s` : '0/s, the source has not answered yet';
}

function recordsText(view: RunView): string {
  const records = countText(view.records);
  return view.estimatedRecords === null
    ? records
    : `${records}/${countText(Math.max(view.records, view.estimatedRecords))}`;
}

function chunkText(view: RunView): string | null {
  if (view.chunk === null) return null;
  return view.chunk.total === null ? `chunk ${view.chunk.current}` : `chunk ${view.chunk.current}/${view.chunk.total}`;
}

function joined(parts: readonly (string | null)[]): string {
  return plainLine(parts.filter((part) => part !== null).join('  '));
}
