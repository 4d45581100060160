import { assignColumns } from '../model/column.ts';
import { SyncError } from '../model/errors.ts';
import { nearestName } from '../model/nearest-name.ts';
import type { StreamPlan } from '../model/plan.ts';
import type { ObjectDescription, PropertyDescription } from '../model/source.ts';
import type { StreamSettings } from '../model/stream-settings.ts';

const keyName = 'id';

/** Settles what a run reads and writes, from the config and the source's catalogue of this moment. */
export function buildPlan(settings: StreamSettings, description: ObjectDescription): StreamPlan {
  const properties = selectProperties(settings, description);
  return {
    stream: settings.stream,
    source: settings.source,
    object: description.object,
    destination: settings.destination,
    table: settings.table,
    key: { name: keyName, property: keyName, type: description.keyType },
    versionProperty: description.versionProperty,
    columns: assignColumns(properties, [keyName]),
  };
}

function selectProperties(
  settings: StreamSettings,
  { object, properties }: ObjectDescription,
): readonly PropertyDescription[] {
  if (settings.columns === null) return properties;
  const byName = new Map(properties.map((property) => [property.name, property]));
  return settings.columns.map((name) => {
    const property = byName.get(name);
    if (property !== undefined) return property;
    const nearest = nearestName(name, byName.keys());
    throw new SyncError('ConfigInvalid', `${settings.stream}: ${object} has no property "${name}"`, {
      next:
        nearest === null
          ? `remove it from columns; \`sluice discover ${settings.pipeline} ${object}\` lists what there is`
          : `did you mean ${nearest}?`,
    });
  });
}
