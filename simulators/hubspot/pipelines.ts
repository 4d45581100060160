import type { DirectoryEntry } from './directory.ts';
import { Directory } from './directory.ts';
import type { ObjectType } from './object-types.ts';
import { labelOf } from './property.ts';

export interface Stage extends DirectoryEntry {
  readonly label: string;
  readonly displayOrder: number;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Pipeline extends DirectoryEntry {
  readonly label: string;
  readonly displayOrder: number;
  readonly stages: readonly Stage[];
}

const since = '2024-01-01T00:00:00.000Z';
const dates = { createdAt: since, updatedAt: since, archived: false };

const dealStages = ['appointmentscheduled', 'qualifiedtobuy', 'contractsent', 'closedwon', 'closedlost'];

/** A deal's stage says how likely it closes. */
function dealStage(id: string, displayOrder: number): Stage {
  const isClosed = id.startsWith('closed');
  const probability = id === 'closedlost' ? 0 : isClosed ? 1 : (displayOrder + 1) * 0.2;
  const metadata = { isClosed: String(isClosed), probability: probability.toFixed(1) };
  return { id, label: labelOf(id), displayOrder, metadata, ...dates };
}

/** A stage belongs to one pipeline: HubSpot numbers those of all but the first. */
function ownStage(likeId: string, displayOrder: number): Stage {
  return { ...dealStage(likeId, displayOrder), id: String(7_712_346 + displayOrder) };
}

function ticketStage(id: string, displayOrder: number): Stage {
  const labels = ['New', 'Waiting on contact', 'Waiting on us', 'Closed'];
  const metadata = { ticketState: displayOrder === 3 ? 'CLOSED' : 'OPEN' };
  return { id, label: labels[displayOrder] ?? id, displayOrder, metadata, ...dates };
}

const initialPipelines: Readonly<Partial<Record<ObjectType, readonly Pipeline[]>>> = {
  deals: [
    { id: 'default', label: 'Sales pipeline', displayOrder: 0, stages: dealStages.map(dealStage), ...dates },
    { id: '7712345', label: 'Renewals', displayOrder: 1, stages: dealStages.slice(2).map(ownStage), ...dates },
  ],
  tickets: [
    { id: '0', label: 'Support pipeline', displayOrder: 0, stages: ['1', '2', '3', '4'].map(ticketStage), ...dates },
  ],
};

export function createPipelines(type: ObjectType, now: () => number): Directory<Pipeline> {
  return new Directory({
    initial: initialPipelines[type] ?? [],
    blank: (id) => ({ id, label: labelOf(id), displayOrder: 9, stages: [] }),
    now,
  });
}
