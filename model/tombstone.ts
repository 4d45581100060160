/**
 * Why a record is not alive. `archived` and `merged` are told by the source and kept even for an id that the table does
 * not have yet, since an older page may still bring it; `vanished` (absent everywhere, after a second look) concerns only rows
 * that exist.
 */
export type TombstoneKind = 'archived' | 'merged' | 'vanished';

/** As staged: what ceased to be alive, when by the source (null: unknown), and when that was seen. */
export type StagedTombstone = readonly [
  id: string,
  kind: TombstoneKind,
  deletedAt: string | null,
  mergedInto: string | null,
  observedAt: string,
];
