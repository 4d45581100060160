import type { ObjectData } from './object-data.ts';
import type { SearchSettings } from './options.ts';
import type { RecordView } from './record-view.ts';
import type { SearchBounds } from './search-match.ts';
import { mix } from './seeded-random.ts';

/** What the search index knows at `nowMs`: each record as it stood before its lag. */
function indexedView(
  data: ObjectData,
  { view, settings, nowMs }: { view: RecordView; settings: SearchSettings; nowMs: number },
): RecordView | null {
  const lagMs = mix(view.index, 0x51ac) / 4294967296 < settings.slowShare ? settings.slowLagMs : settings.lagMs;
  if (lagMs <= 0) return view;
  const journal = data.store.journal(view.id);
  return journal.lastChangedMs <= nowMs - lagMs ? view : journal.asOf(nowMs - lagMs);
}

/**
 * Calls `visit` with the position of each live indexed record within the bounds, ascending by id: an id, and its view
 * where a journal is kept.
 */
export function visitIndexed(
  data: ObjectData,
  options: { bounds: SearchBounds; settings: SearchSettings; nowMs: number },
  visit: (id: number, view: RecordView | null) => void,
): void {
  const { bounds, settings, nowMs } = options;
  const { ids, modifiedMs } = data.store.initialIndex();
  const journaled = new Set<number>();
  const changed: RecordView[] = [];
  for (const { id, index, current } of data.store.journals()) {
    if (index < ids.length) journaled.add(index);
    if (id < bounds.id[0] || id > bounds.id[1]) continue;
    const view = indexedView(data, { view: current, settings, nowMs });
    if (view?.status !== 'live') continue;
    if (view.modifiedMs >= bounds.modifiedMs[0] && view.modifiedMs <= bounds.modifiedMs[1]) changed.push(view);
  }
  changed.sort((a, b) => a.id - b.id);

  let nextChanged = 0;
  const [leastId, mostId] = bounds.id;
  const [leastMs, mostMs] = bounds.modifiedMs;
  for (let i = data.store.firstIndexFrom(leastId); i < ids.length; i++) {
    const id = ids[i] as number;
    if (id > mostId) break;
    const ms = modifiedMs[i] as number;
    if (ms < leastMs || ms > mostMs || (journaled.size > 0 && journaled.has(i))) continue;
    for (let view = changed[nextChanged]; view !== undefined && view.id < id; view = changed[nextChanged]) {
      visit(view.id, view);
      nextChanged += 1;
    }
    visit(id, null);
  }
  for (const view of changed.slice(nextChanged)) visit(view.id, view);
}
