import type { PropertySpec } from '../property.ts';
import { choice, count, day, envelope, flag, instant, longText, own, phone, text } from '../property.ts';
import { pickAt } from '../seeded-random.ts';
import { companyNames, domains, firstNames, ownerId, phoneNumber, sentence } from '../vocabulary.ts';

const names = { created: 'hs_createdate', modified: 'hs_lastmodifieddate' };

/** What all activities share. */
const common: readonly PropertySpec[] = [
  ...envelope(names),
  own('hs_unique_id', { type: 'string', make: (facts) => `activity-${facts.index}` }, { isProtected: true }),
  text('hubspot_owner_id', ownerId, { nullShare: 0.1 }),
  instant('hs_timestamp', { nullShare: 0 }),
  count('hs_num_attachments', 4, { isCalculated: true }),
  flag('hs_read_only', { nullShare: 0.6 }),
];

export const callProperties: readonly PropertySpec[] = [
  ...common,
  own('hs_call_title', { type: 'string', make: (facts) => `Call with ${pickAt(companyNames, facts.hash(1))}` }),
  longText('hs_call_body', (random) => `<p>${sentence(random, random.between(8, 60))}</p>`, { nullShare: 0.2 }),
  phone('hs_call_to_number', phoneNumber),
  phone('hs_call_from_number', phoneNumber),
  choice('hs_call_direction', ['INBOUND', 'OUTBOUND']),
  choice('hs_call_status', ['COMPLETED', 'BUSY', 'NO_ANSWER', 'FAILED'], { nullShare: 0 }),
  count('hs_call_duration', 3_600_000),
  day('follow_up_on', { nullShare: 0.7 }),
];

export const emailProperties: readonly PropertySpec[] = [
  ...common,
  own('hs_email_subject', { type: 'string', make: (facts) => `Re: offer ${facts.index + 1}` }),
  longText('hs_email_html', (random) => `<div><p>${sentence(random, random.between(10, 80))}</p></div>`),
  longText('hs_email_text', (random) => sentence(random, random.between(10, 80))),
  text('hs_email_from_email', (random) => `${random.pick(firstNames).toLowerCase()}@${random.pick(domains)}`),
  text('hs_email_to_email', (random) => `${random.pick(firstNames).toLowerCase()}@${random.pick(domains)}`),
  choice('hs_email_direction', ['EMAIL', 'INCOMING_EMAIL', 'FORWARDED_EMAIL'], { nullShare: 0 }),
  choice('hs_email_status', ['SENT', 'BOUNCED', 'FAILED', 'SCHEDULED']),
  count('hs_email_open_count', 30),
];

export const meetingProperties: readonly PropertySpec[] = [
  ...common,
  own('hs_meeting_title', { type: 'string', make: (facts) => `Meeting with ${pickAt(companyNames, facts.hash(1))}` }),
  longText('hs_meeting_body', (random) => sentence(random, random.between(8, 40))),
  text('hs_meeting_location', (random) => `Room ${random.between(1, 40)}`),
  choice('hs_meeting_outcome', ['SCHEDULED', 'COMPLETED', 'RESCHEDULED', 'NO_SHOW', 'CANCELED']),
  instant('hs_meeting_start_time', { nullShare: 0 }),
  instant('hs_meeting_end_time', { nullShare: 0 }),
];

export const noteProperties: readonly PropertySpec[] = [
  ...common,
  longText('hs_note_body', (random) => `<p>${sentence(random, random.between(8, 90))}</p>`, { nullShare: 0 }),
  text('hs_body_preview', (random) => sentence(random, 8), { isCalculated: true }),
  day('remind_on', { nullShare: 0.8 }),
];

export const taskProperties: readonly PropertySpec[] = [
  ...common,
  own('hs_task_subject', { type: 'string', make: (facts) => `Call ${pickAt(firstNames, facts.hash(1))} back` }),
  longText('hs_task_body', (random) => sentence(random, random.between(5, 30))),
  choice('hs_task_status', ['NOT_STARTED', 'IN_PROGRESS', 'WAITING', 'COMPLETED', 'DEFERRED'], { nullShare: 0 }),
  choice('hs_task_priority', ['NONE', 'LOW', 'MEDIUM', 'HIGH']),
  choice('hs_task_type', ['EMAIL', 'CALL', 'TODO']),
  flag('hs_task_is_all_day'),
  day('due_on'),
  instant('hs_task_completion_date', { nullShare: 0.5 }),
];
