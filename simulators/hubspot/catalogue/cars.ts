import type { PropertySpec } from '../property.ts';
import { choice, count, day, decimal, envelope, flag, own, text } from '../property.ts';
import { ownerId } from '../vocabulary.ts';

/** A custom object, as a car dealer would define it. */
export const carProperties: readonly PropertySpec[] = [
  ...envelope({ created: 'hs_createdate', modified: 'hs_lastmodifieddate' }),
  own(
    'vin',
    { type: 'string', make: (facts) => `WSIM${String(facts.index).padStart(13, '0')}` },
    { isProtected: true },
  ),
  text('model', (random) => random.pick(['Comet', 'Ranger', 'Pilot', 'Dart'])),
  choice('condition', ['new', 'used'], { nullShare: 0 }),
  text('hubspot_owner_id', ownerId, { nullShare: 0.2 }),
  count('mileage', 300_000),
  decimal('price', { most: 90_000, digits: 2 }),
  decimal('margin', { most: 20_000, digits: 4 }, { isCalculated: true }),
  day('first_registration'),
  flag('is_sold', { nullShare: 0.1 }),
];
