import type { PropertySpec } from '../property.ts';
import { checkboxes, choice, count, day, decimal, envelope, flag, instant, own, text } from '../property.ts';
import { pickAt } from '../seeded-random.ts';
import { campaign, companyNames, ownerId, sentence } from '../vocabulary.ts';

const names = { created: 'createdate', modified: 'hs_lastmodifieddate' };
const dealStages = ['appointmentscheduled', 'qualifiedtobuy', 'contractsent', 'closedwon', 'closedlost'];

export const dealProperties: readonly PropertySpec[] = [
  ...envelope(names),
  own('dealname', {
    type: 'string',
    make: (facts) => `${pickAt(companyNames, facts.hash(1))} renewal ${facts.index + 1}`,
  }),
  choice('dealstage', dealStages, { nullShare: 0 }),
  choice('pipeline', ['default', '7712345'], { nullShare: 0 }),
  choice('dealtype', ['newbusiness', 'existingbusiness']),
  choice('deal_currency_code', ['USD', 'EUR', 'GBP'], { nullShare: 0 }),
  checkboxes('closed_lost_reasons', ['price', 'timing', 'competitor', 'no_need'], { nullShare: 0.7 }),
  text('description', (random) => sentence(random, random.between(6, 20)), { fieldType: 'textarea' }),
  text('hubspot_owner_id', ownerId, { nullShare: 0.1 }),
  text('hs_campaign', campaign, { nullShare: 0.5 }),
  decimal('amount', { most: 250_000, digits: 2 }, { nullShare: 0.1 }),
  decimal('amount_in_home_currency', { most: 250_000, digits: 6 }, { isCalculated: true }),
  decimal('hs_deal_stage_probability', { most: 1, digits: 16 }, { isCalculated: true, nullShare: 0 }),
  decimal('hs_forecast_amount', { most: 90_000, digits: 4 }, { isCalculated: true }),
  count('num_associated_contacts', 20, { isCalculated: true }),
  count('hs_time_in_closedwon', 90_000_000_000, { isCalculated: true, nullShare: 0.6 }),
  flag('hs_is_closed', { isCalculated: true, nullShare: 0 }),
  flag('hs_is_closed_won', { isCalculated: true, nullShare: 0 }),
  day('contract_start_date', { nullShare: 0.5 }),
  instant('closedate'),
  instant('hs_date_entered_closedwon', { isCalculated: true, nullShare: 0.6 }),
];

export const ticketProperties: readonly PropertySpec[] = [
  ...envelope(names),
  own('subject', {
    type: 'string',
    make: (facts) => `Ticket ${facts.index + 1} from ${pickAt(companyNames, facts.hash(1))}`,
  }),
  text('content', (random) => sentence(random, random.between(10, 60)), { fieldType: 'textarea', nullShare: 0.05 }),
  text('hubspot_owner_id', ownerId, { nullShare: 0.2 }),
  choice('hs_pipeline', ['0'], { nullShare: 0 }),
  choice('hs_pipeline_stage', ['1', '2', '3', '4'], { nullShare: 0 }),
  choice('hs_ticket_priority', ['LOW', 'MEDIUM', 'HIGH', 'URGENT']),
  checkboxes('hs_ticket_category', ['PRODUCT_ISSUE', 'BILLING_ISSUE', 'FEATURE_REQUEST', 'GENERAL_INQUIRY']),
  choice('source_type', ['CHAT', 'EMAIL', 'FORM', 'PHONE']),
  count('hs_num_times_contacted', 40, { nullShare: 0 }),
  decimal('time_to_close', { most: 9_000_000_000, digits: 0 }, { isCalculated: true }),
  flag('hs_is_closed', { isCalculated: true, nullShare: 0 }),
  day('promised_by'),
  instant('closed_date', { nullShare: 0.5 }),
  instant('first_agent_reply_date'),
];

export const lineItemProperties: readonly PropertySpec[] = [
  ...envelope(names),
  own('hs_product_id', { type: 'string', make: (facts) => String(9_000_000 + (facts.hash(1) % 5_000)) }),
  text('name', (random) => `${random.pick(companyNames)} licence`, { nullShare: 0 }),
  count('quantity', 500, { nullShare: 0 }),
  decimal('price', { most: 9_000, digits: 2 }, { nullShare: 0 }),
  decimal('amount', { most: 900_000, digits: 2 }, { isCalculated: true, nullShare: 0 }),
  decimal('hs_discount_percentage', { most: 60, digits: 3 }, { nullShare: 0.6 }),
  decimal('hs_mrr', { most: 9_000, digits: 6 }, { isCalculated: true }),
  choice('hs_line_item_currency_code', ['USD', 'EUR', 'GBP']),
  choice('recurringbillingfrequency', ['monthly', 'quarterly', 'annually'], { nullShare: 0.4 }),
  day('hs_recurring_billing_start_date', { nullShare: 0.4 }),
  flag('hs_allow_buyer_selected_quantity'),
];

export const productProperties: readonly PropertySpec[] = [
  ...envelope(names),
  own('name', { type: 'string', make: (facts) => `${pickAt(companyNames, facts.hash(1))} plan ${facts.index + 1}` }),
  own('hs_sku', { type: 'string', make: (facts) => `SKU-${String(facts.index).padStart(6, '0')}` }),
  text('description', (random) => sentence(random, random.between(5, 20)), { fieldType: 'textarea' }),
  decimal('price', { most: 9_000, digits: 2 }, { nullShare: 0 }),
  decimal('hs_cost_of_goods_sold', { most: 4_000, digits: 2 }),
  decimal('hs_margin', { most: 5_000, digits: 2 }, { isCalculated: true }),
  decimal('tax', { most: 25, digits: 3 }, { nullShare: 0.5 }),
  choice('hs_product_type', ['inventory', 'non_inventory', 'service']),
  choice('recurringbillingfrequency', ['monthly', 'quarterly', 'annually'], { nullShare: 0.4 }),
  flag('hs_active', { nullShare: 0.1 }),
  day('available_from'),
];
