import { zeroRequests } from '../../model/batch.ts';
import type { ExtractOutcome, ExtractRequest, ObjectDescription, Source, StagedRow } from '../../model/source.ts';

interface Contact {
  readonly email: string;
  readonly modifiedMs: number;
  /** When a search first finds it so. */
  readonly foundFromMs: number;
}

const requests = { ...zeroRequests, requests: 1 };

/** Contacts in memory, by a clock of its own: what is modified is listed at once, and found by a search only later. */
export class ClockedSource implements Source {
  nowMs = Date.UTC(2026, 0, 1);
  access = 'portal 1';
  /** Ids of records handed out, in order. */
  readonly read: string[] = [];
  readonly #contacts = new Map<number, Contact>();
  #changes = 0;

  change(ids: readonly number[], { lagMs }: { lagMs: number }): void {
    for (const id of ids) {
      const email = `${id}@${++this.#changes}`;
      this.#contacts.set(id, { email, modifiedMs: this.nowMs, foundFromMs: this.nowMs + lagMs });
    }
  }

  emails(): Map<string, string> {
    return new Map([...this.#contacts].map(([id, { email }]) => [String(id), email]));
  }

  async describeObject(object: string): Promise<ObjectDescription> {
    const text = { sourceType: 'string', type: 'text', isCalculated: false } as const;
    return {
      object,
      keyType: 'integer',
      versionProperty: 'modified',
      properties: ['email', 'name'].map((name) => ({ name, label: name, ...text })),
      can: { searchChanges: true, searchCreated: true, listArchived: false, associate: false },
      sourceNow: iso(this.nowMs),
    };
  }

  async planBackfill(): ReturnType<Source['planBackfill']> {
    const frontier = { kind: 'idRanges', ranges: [{ from: '0', to: null }] } as const;
    return { frontier, estimatedRecords: null, sourceNow: iso(this.nowMs) };
  }

  async extract({ frontier, isKnown, plan, sink }: ExtractRequest): Promise<ExtractOutcome> {
    const nothing = { knownRecords: 0, tooManyHits: null, absentColumns: [], roundedValues: 0, requests, wait: null };
    const found = [...this.#contacts].filter(([id, { modifiedMs, foundFromMs }]) => {
      if (frontier.kind !== 'windows') return true;
      if (foundFromMs > this.nowMs || isKnown(String(id), iso(modifiedMs))) return false;
      return frontier.windows.some(
        ({ from, to, ranges }) => ranges.length > 0 && Date.parse(from) <= modifiedMs && modifiedMs <= Date.parse(to),
      );
    });
    const rows = found.map(([id, { email, modifiedMs }]): StagedRow => {
      const values = plan.columns.map(({ property }) => (property === 'email' ? email : `name of ${id}`));
      return [String(id), ...values, iso(modifiedMs), iso(this.nowMs)];
    });
    if (rows.length > 0) await sink.records(rows);
    this.read.push(...found.map(([id]) => String(id)));
    const rest =
      frontier.kind === 'windows'
        ? { ...frontier, windows: frontier.windows.map((window) => ({ ...window, ranges: [] })) }
        : ({ kind: 'idRanges', ranges: [] } as const);
    return { ...nothing, frontier: rest, records: rows.length };
  }

  async describeAccess(): Promise<string> {
    return this.access;
  }

  async countRecords(): ReturnType<Source['countRecords']> {
    return null;
  }

  async newestIds(): ReturnType<Source['newestIds']> {
    return null;
  }

  async check(): ReturnType<Source['check']> {
    return [];
  }

  async readUsage(): ReturnType<Source['readUsage']> {
    return { daily: null, sourceNow: null, machineNow: iso(this.nowMs) };
  }

  async listObjects(): ReturnType<Source['listObjects']> {
    return [];
  }

  async summarizeObject(object: string): ReturnType<Source['summarizeObject']> {
    return { object, recordCount: null, reason: null };
  }

  limitShare(): number | null {
    return null;
  }

  async close(): Promise<void> {}
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
