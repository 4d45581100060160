import type { PropertySpec, RecordFacts } from '../property.ts';
import { checkboxes, choice, count, day, decimal, envelope, flag, instant, own, phone, text } from '../property.ts';
import { pickAt } from '../seeded-random.ts';
import {
  campaign,
  companyNames,
  companySuffixes,
  domains,
  firstNames,
  industries,
  jobTitles,
  lastNames,
  ownerId,
  phoneNumber,
  places,
  sentence,
  webAddress,
  worldNames,
} from '../vocabulary.ts';

const leadStatuses = ['NEW', 'OPEN', 'IN_PROGRESS', 'OPEN_DEAL', 'UNQUALIFIED', 'ATTEMPTED_TO_CONTACT', 'BAD_TIMING'];
const lifecycleStages = [
  'subscriber',
  'lead',
  'marketingqualifiedlead',
  'salesqualifiedlead',
  'opportunity',
  'customer',
];
const sources = [
  'ORGANIC_SEARCH',
  'PAID_SEARCH',
  'EMAIL_MARKETING',
  'SOCIAL_MEDIA',
  'REFERRALS',
  'DIRECT_TRAFFIC',
  'OFFLINE',
];
const roles = ['DECISION_MAKER', 'BUDGET_HOLDER', 'CHAMPION', 'END_USER', 'BLOCKER', 'INFLUENCER'];
const products = ['starter', 'professional', 'enterprise', 'add_on', 'services'];

function namesOf(facts: RecordFacts): { first: string; last: string } {
  if (facts.hash(1) % 100 < 3) {
    const [first, last] = pickAt(worldNames, facts.hash(2));
    return { first, last };
  }
  return { first: pickAt(firstNames, facts.hash(3)), last: pickAt(lastNames, facts.hash(4)) };
}

function emailOf(facts: RecordFacts): string {
  const first = pickAt(firstNames, facts.hash(3)).toLowerCase();
  const last = pickAt(lastNames, facts.hash(4)).toLowerCase();
  return `${first}.${last}.${facts.index}@${domainOf(facts)}`;
}

function domainOf(facts: RecordFacts): string {
  return pickAt(domains, facts.hash(5));
}

/** Sixty properties of every type HubSpot has. */
export const contactProperties: readonly PropertySpec[] = [
  ...envelope({ created: 'createdate', modified: 'lastmodifieddate' }),
  own('email', { type: 'string', make: emailOf }, { isProtected: true }),
  own('firstname', { type: 'string', make: (facts) => namesOf(facts).first }),
  own('lastname', { type: 'string', make: (facts) => namesOf(facts).last }),
  own('hs_email_domain', { type: 'string', make: domainOf }, { isCalculated: true }),
  own('customer_number', { type: 'number', make: (facts) => String(70_000_000 + facts.index * 3) }),
  text('address', (random) => `${random.between(1, 999)} ${random.pick(lastNames)} Street`, { nullShare: 0.35 }),
  text('city', (random) => random.pick(places).city, { link: 'place', nullShare: 0.25 }),
  text('country', (random) => random.pick(places).country, { link: 'place', nullShare: 0.25 }),
  text('state', (random) => random.pick(places).state, { link: 'place', nullShare: 0.25 }),
  text('zip', (random) => random.pick(places).zip, { link: 'place', nullShare: 0.25 }),
  text('hs_country_region_code', (random) => random.pick(places).code, { link: 'place', nullShare: 0.25 }),
  choice('hs_timezone', [...new Set(places.map((place) => place.timezone))]),
  text('company', (random) => `${random.pick(companyNames)} ${random.pick(companySuffixes)}`, { nullShare: 0.2 }),
  text('jobtitle', (random) => random.pick(jobTitles)),
  text('salutation', (random) => random.pick(['Mr.', 'Ms.', 'Dr.', 'Prof.']), { nullShare: 0.6 }),
  text('website', webAddress, { nullShare: 0.5 }),
  text('message', (random) => sentence(random, random.between(4, 24)), { nullShare: 0.5, fieldType: 'textarea' }),
  text('hubspot_owner_id', ownerId, { nullShare: 0.2 }),
  text('hs_analytics_first_url', webAddress),
  text('hs_analytics_last_url', webAddress),
  text('hs_analytics_source_data_1', campaign),
  text('hs_analytics_source_data_2', campaign, { nullShare: 0.4 }),
  text('hs_latest_source_data_1', campaign, { isCalculated: true }),
  text('recent_conversion_event_name', (random) => `${campaign(random)}: ${sentence(random, 3)}`),
  phone('phone', phoneNumber, { nullShare: 0.15 }),
  phone('mobilephone', phoneNumber, { nullShare: 0.45 }),
  phone('fax', phoneNumber, { nullShare: 0.85 }),
  phone('hs_whatsapp_phone_number', phoneNumber, { nullShare: 0.7 }),
  choice('hs_lead_status', leadStatuses),
  choice('lifecyclestage', lifecycleStages, { nullShare: 0.02 }),
  choice('hs_analytics_source', sources, { nullShare: 0 }),
  choice('hs_latest_source', sources, { nullShare: 0 }),
  choice('industry', industries, { nullShare: 0.4 }),
  choice('hs_marketable_status', ['true', 'false'], { nullShare: 0 }),
  checkboxes('hs_buying_role', roles, { nullShare: 0.5 }),
  checkboxes('products_of_interest', products),
  checkboxes('hs_legal_basis', ['Legitimate interest', 'Freely given consent', 'Not applicable']),
  count('numemployees', 5_000),
  count('num_conversion_events', 40, { nullShare: 0 }),
  count('num_unique_conversion_events', 12, { nullShare: 0 }),
  count('hs_analytics_num_page_views', 900, { nullShare: 0 }),
  count('hs_analytics_num_visits', 200, { nullShare: 0 }),
  count('num_associated_deals', 9, { isCalculated: true }),
  count('num_notes', 60),
  decimal('annualrevenue', { most: 50_000_000, digits: 2 }),
  decimal('total_revenue', { most: 900_000, digits: 2 }, { isCalculated: true }),
  decimal('hs_predictivecontactscore_v2', { most: 1, digits: 9 }, { isCalculated: true }),
  decimal('hs_analytics_average_page_views', { most: 30, digits: 4 }, { isCalculated: true }),
  flag('hs_email_optout', { nullShare: 0.1 }),
  flag('hs_is_contact', { nullShare: 0 }),
  flag('hs_is_unworked', { isCalculated: true, nullShare: 0 }),
  flag('newsletter_opt_in'),
  day('date_of_birth', { nullShare: 0.6 }),
  day('closedate_target', { nullShare: 0.5 }),
  day('contract_renewal_date'),
  instant('hs_analytics_first_timestamp', { nullShare: 0 }),
  instant('hs_analytics_last_visit_timestamp'),
  instant('hs_lifecyclestage_lead_date'),
  instant('notes_last_updated'),
  instant('recent_conversion_date'),
];
