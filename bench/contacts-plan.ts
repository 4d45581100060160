import type { StreamPlan } from '../model/plan.ts';
import type { ExtractRequest } from '../model/source.ts';

/** A few columns: where requests are what is measured, values only cost the machine's time. */
export const contactsPlan: StreamPlan = {
  stream: 'crm.contacts',
  source: 'crm',
  object: 'contacts',
  destination: 'none',
  table: { schema: 'hubspot', table: 'contacts' },
  key: { name: 'id', property: 'id', type: 'integer' },
  versionProperty: 'lastmodifieddate',
  columns: [
    { name: 'email', property: 'email', type: 'text' },
    { name: 'lastmodifieddate', property: 'lastmodifieddate', type: 'timestamp' },
  ],
  listedColumns: [],
  contract: 'evolve',
  onVanished: 'flag',
  associations: [],
  incomingAssociations: [],
};

/** An extraction that keeps nothing of what it reads. */
export const nothingKept: Omit<ExtractRequest, 'plan' | 'frontier' | 'traffic'> = {
  chunkRecords: 25_000,
  sink: { records: async () => {}, tombstones: async () => {}, associations: async () => {} },
  absentIds: 'pass',
  isKnown: () => false,
  maxHits: null,
  signal: new AbortController().signal,
  onProgress: () => {},
  checkpoint: null,
};
