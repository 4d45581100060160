import type { Associations } from './associations.ts';
import { isoText } from './iso-text.ts';
import type { ObjectData } from './object-data.ts';
import type { ObjectType } from './object-types.ts';
import { PageWriter } from './page-writer.ts';
import type { RecordLayouts } from './record-layouts.ts';
import type { RecordStore } from './record-store.ts';
import type { RecordStatus, RecordView } from './record-view.ts';
import { typedText } from './typed-text.ts';

const linesPerBlock = 500;

export interface TruthRequest {
  /** All properties where absent. */
  readonly properties?: readonly string[];
  readonly status?: 'live' | 'archived';
}

/**
 * What a destination should hold, one line of JSON per record, ascending by id: values in the canonical text of their
 * declared type under lower-cased names, with `id`, `_version` and `_archived_at`. Blocks of many lines; records changed
 * while it is read are seen as they are when their block is made.
 */
export function* truthBlocks(data: ObjectData, layouts: RecordLayouts, request: TruthRequest): Generator<Buffer> {
  const { properties = data.catalogue.properties.map((spec) => spec.name), status = 'live' } = request;
  const layout = layouts.truth(data, properties);
  const writer = new PageWriter();
  let from = 0;
  for (;;) {
    let lines = 0;
    writer.begin('identity');
    data.store.visitFrom(from, (view) => {
      from = view.id + 1;
      if (view.status !== status) return true;
      writer.record(layout, view);
      lines += 1;
      return lines < linesPerBlock;
    });
    if (lines > 0) yield writer.end().body;
    if (lines < linesPerBlock) return;
  }
}

/**
 * Every record that is not live, one line of JSON each: `id`, `status`, `archived_at` (null unless it is in the bin or
 * was purged from it), and of a merged one the ids it was merged into, one after the other and joined by `;`, and the
 * last of them, `survivor`, where that is live.
 */
export function* goneBlocks({ store }: ObjectData): Generator<Buffer> {
  let lines: string[] = [];
  for (const { current } of store.journals()) {
    if (current.status === 'live') continue;
    const { id, status, archivedMs } = current;
    const chain = survivorsOf(store, current);
    const last = chain.at(-1);
    const line = {
      id: String(id),
      status,
      archived_at: archivedMs === null || status === 'merged' ? null : isoText(archivedMs),
      merged_into: chain.map((view) => view.id).join(';'),
      survivor: last?.status === 'live' ? String(last.id) : null,
    };
    lines.push(`${JSON.stringify(line)}\n`);
    if (lines.length < linesPerBlock) continue;
    yield Buffer.from(lines.join(''));
    lines = [];
  }
  if (lines.length > 0) yield Buffer.from(lines.join(''));
}

function survivorsOf(store: RecordStore, merged: RecordView): RecordView[] {
  const chain: RecordView[] = [];
  let next = merged.mergedInto;
  while (next !== null) {
    const view = store.journal(next).current;
    chain.push(view);
    next = view.mergedInto;
  }
  return chain;
}

/** Every association between two live records, from one end, one line of JSON each, ascending by that end's id. */
export function* associationBlocks(
  associations: Associations,
  { from, to, store }: { from: ObjectType; to: ObjectType; store: RecordStore },
): Generator<Buffer> {
  let next = 0;
  for (;;) {
    const views = store.liveFrom(next, { limit: linesPerBlock, sees: () => true });
    const last = views.at(-1);
    if (last === undefined) return;
    next = last.id + 1;
    const lines = views.flatMap(({ id }) =>
      associations.of(from, to, id).map(({ toId, category, typeId, label }) => {
        const line = { from: String(id), to: String(toId), category, type_id: String(typeId), label };
        return `${JSON.stringify(line)}\n`;
      }),
    );
    if (lines.length > 0) yield Buffer.from(lines.join(''));
  }
}

/** One state a record has been in. */
export interface HistoryEntry {
  /** ISO instant it began, by the simulator's clock. */
  readonly at: string;
  /** `updatedAt` in that state. */
  readonly version: string;
  readonly status: RecordStatus;
  readonly archived: boolean;
  readonly archivedAt: string | null;
  readonly mergedInto: string | null;
  /** As in the truth, by lower-cased name, in the types of the catalogue as it is now. */
  readonly values: Readonly<Record<string, string | null>>;
}

/** Every state of a record, oldest first; null if there never was such a record. */
export function historyOf(data: ObjectData, id: string): HistoryEntry[] | null {
  if (data.store.find(Number(id)) === undefined) return null;
  const states = data.store.journal(Number(id)).states();
  return states.map(({ atMs, view }) => ({
    at: isoText(atMs),
    version: isoText(view.modifiedMs),
    status: view.status,
    archived: view.status === 'archived',
    archivedAt: view.archivedMs === null ? null : isoText(view.archivedMs),
    mergedInto: view.mergedInto === null ? null : String(view.mergedInto),
    values: typedValues(data, view),
  }));
}

function typedValues(data: ObjectData, view: RecordView): Record<string, string | null> {
  const facts = data.values.facts(view);
  return Object.fromEntries(
    data.catalogue.properties.map((spec) => [
      spec.name.toLowerCase(),
      typedText(spec.type, data.values.raw(spec, view, facts)),
    ]),
  );
}
