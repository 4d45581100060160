import { assignColumns, type Column } from '../model/column.ts';
import { SyncError } from '../model/errors.ts';
import { nearestName } from '../model/nearest-name.ts';
import type { StreamPlan } from '../model/plan.ts';
import type { ObjectDescription, PropertyDescription } from '../model/source.ts';
import type { StreamSettings } from '../model/stream-settings.ts';

const keyName = 'id';

/** Settles what a run reads and writes, from the config and the source's catalogue of this moment. */
export function buildPlan(settings: StreamSettings, description: ObjectDescription): StreamPlan {
  const properties = selectProperties(settings, description);
  requirePicked(settings, description);
  return {
    stream: settings.stream,
    source: settings.source,
    object: description.object,
    destination: settings.destination,
    table: settings.table,
    key: { name: keyName, property: keyName, type: description.keyType },
    versionProperty: description.versionProperty,
    columns: buildColumns(settings, properties),
    listedColumns: [],
    contract: settings.contract,
    onVanished: settings.onVanished,
    associations: description.can.associate ? settings.associations : [],
    incomingAssociations: settings.incomingAssociations,
  };
}

/**
 * The plan of a reconciliation: its listing carries what changes without a new version, and what no earlier run has read for
 * all records.
 */
export function withListedColumns(
  plan: StreamPlan,
  compared: { readonly columns: readonly Column[] | null; readonly refreshCalculated: boolean },
): StreamPlan {
  const known = compared.columns === null ? null : new Set(compared.columns.map(nameAndType));
  const isListed = (column: Column): boolean =>
    (column.isCalculated === true && compared.refreshCalculated) || known?.has(nameAndType(column)) === false;
  return { ...plan, listedColumns: plan.columns.filter(isListed).map(({ name }) => name) };
}

/** A property that has changed its type is as good as new: rows hold its values as they were spelled before. */
function nameAndType({ name, type, sourceType = type }: Column): string {
  return `${name} ${sourceType}`;
}

function buildColumns(settings: StreamSettings, properties: readonly PropertyDescription[]): Column[] {
  const described = indexOf(properties);
  const hashed = new Set(settings.hashedProperties);
  const json = new Set(settings.jsonProperties);
  return assignColumns(properties, [keyName]).map((column) => ({
    ...column,
    ...(hashed.has(column.property) ? { type: 'text', sourceType: column.type, isHashed: true } : {}),
    ...(json.has(column.property) ? { type: 'json' } : {}),
    ...(described.get(column.property)?.isCalculated ? { isCalculated: true } : {}),
  }));
}

function selectProperties(
  settings: StreamSettings,
  { object, properties }: ObjectDescription,
): readonly PropertyDescription[] {
  if (settings.columns === null) return properties;
  const byName = indexOf(properties);
  return settings.columns.map((name) => findProperty(settings, { object, byName, name, option: 'columns' }));
}

/** Raises `ConfigInvalid` where an option picks a property that there is not, or one whose value is no text. */
function requirePicked(settings: StreamSettings, { object, properties }: ObjectDescription): void {
  const byName = indexOf(properties);
  for (const name of settings.hashedProperties) {
    findProperty(settings, { object, byName, name, option: 'hash' });
  }
  for (const name of settings.jsonProperties) {
    const { type } = findProperty(settings, { object, byName, name, option: 'json' });
    if (type === 'text') continue;
    throw new SyncError('ConfigInvalid', `${settings.stream}: property "${name}" of ${object} is ${type}, no JSON`, {
      next: 'take it out of json',
    });
  }
}

type PropertyIndex = ReadonlyMap<string, PropertyDescription>;

function indexOf(properties: readonly PropertyDescription[]): PropertyIndex {
  return new Map(properties.map((property) => [property.name, property]));
}

function findProperty(
  settings: StreamSettings,
  wanted: { object: string; byName: PropertyIndex; name: string; option: string },
): PropertyDescription {
  const { object, byName, name, option } = wanted;
  const property = byName.get(name);
  if (property !== undefined) return property;
  const nearest = nearestName(name, byName.keys());
  throw new SyncError('ConfigInvalid', `${settings.stream}: ${object} has no property "${name}"`, {
    next:
      nearest === null
        ? `remove it from ${option}; \`sluice discover ${settings.pipeline} ${object}\` lists what there is`
        : `did you mean ${nearest}?`,
  });
}
