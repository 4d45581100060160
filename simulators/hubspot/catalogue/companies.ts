import type { PropertySpec } from '../property.ts';
import { choice, count, day, decimal, envelope, flag, instant, own, phone, text } from '../property.ts';
import { pickAt } from '../seeded-random.ts';
import {
  campaign,
  companyNames,
  companySuffixes,
  industries,
  ownerId,
  phoneNumber,
  places,
  sentence,
  webAddress,
} from '../vocabulary.ts';

export const companyProperties: readonly PropertySpec[] = [
  ...envelope({ created: 'createdate', modified: 'hs_lastmodifieddate' }),
  own('name', {
    type: 'string',
    make: (facts) => `${pickAt(companyNames, facts.hash(1))} ${pickAt(companySuffixes, facts.hash(2))}`,
  }),
  own(
    'domain',
    { type: 'string', make: (facts) => `${pickAt(companyNames, facts.hash(1)).toLowerCase()}${facts.index}.example` },
    { isProtected: true },
  ),
  text('address', (random) => `${random.between(1, 999)} ${random.pick(companyNames)} Avenue`),
  text('city', (random) => random.pick(places).city, { link: 'place', nullShare: 0.25 }),
  text('country', (random) => random.pick(places).country, { link: 'place', nullShare: 0.25 }),
  text('state', (random) => random.pick(places).state, { link: 'place', nullShare: 0.25 }),
  text('zip', (random) => random.pick(places).zip, { link: 'place', nullShare: 0.25 }),
  text('description', (random) => sentence(random, random.between(8, 30)), { fieldType: 'textarea' }),
  text('about_us', (random) => sentence(random, 12), { nullShare: 0.6, fieldType: 'textarea' }),
  text('website', webAddress),
  text('hubspot_owner_id', ownerId, { nullShare: 0.2 }),
  text('hs_analytics_source_data_1', campaign),
  phone('phone', phoneNumber),
  choice('industry', industries),
  choice('lifecyclestage', ['lead', 'opportunity', 'customer', 'evangelist'], { nullShare: 0.05 }),
  choice('type', ['PROSPECT', 'PARTNER', 'RESELLER', 'VENDOR', 'OTHER']),
  choice(
    'timezone',
    places.map((place) => place.timezone),
  ),
  count('numberofemployees', 20_000),
  count('num_associated_contacts', 400, { isCalculated: true, nullShare: 0 }),
  count('num_associated_deals', 30, { isCalculated: true }),
  count('founded_year', 2_024),
  decimal('annualrevenue', { most: 900_000_000, digits: 2 }),
  decimal('total_money_raised', { most: 90_000_000, digits: 0 }, { nullShare: 0.7 }),
  flag('is_public', { nullShare: 0.1 }),
  flag('hs_is_target_account', { nullShare: 0 }),
  day('closedate_target', { nullShare: 0.5 }),
  instant('notes_last_updated'),
  instant('hs_last_sales_activity_timestamp'),
  instant('first_contact_createdate', { isCalculated: true }),
];
