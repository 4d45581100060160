import type { Random } from './seeded-random.ts';

export const firstNames =
  'Ada Adam Agnes Alan Alice Amir Andrea Anna Anthony Aria Ben Bella Bruno Carla Carlos Chloe Clara Daniel David Diana Dora Edward Elena Elias Emily Emma Eric Eva Felix Fiona Frank Grace Hannah Harry Helen Henry Hugo Ian Irene Isaac Ivan Jack James Jane Jason Jonas Joseph Julia Karen Kevin Laura Leo Liam Linda Lisa Louis Lucas Lucy Maria Mark Martin Mary Maya Mia Michael Nadia Nina Noah Nora Oliver Olivia Omar Oscar Paul Peter Priya Quinn Rachel Raj Robert Rosa Ruth Ryan Samuel Sara Sofia Stefan Susan Theo Thomas Tina Victor Vera Walter Wendy Yara Yusuf Zoe'.split(
    ' ',
  );

export const lastNames =
  'Adams Allen Anderson Bailey Baker Barnes Bauer Becker Bell Bennett Bianchi Brooks Brown Butler Campbell Carter Chen Clark Collins Cook Cooper Costa Cox Davies Diaz Dubois Edwards Evans Fischer Fisher Foster Garcia Gomez Gray Green Gupta Hall Hansen Harris Hayes Hill Hoffman Howard Hughes Ito Jackson Jansen Jensen Johnson Jones Kelly Khan Kim King Klein Kumar Larsen Lee Lewis Long Lopez Martin Meyer Miller Mitchell Moore Morgan Morris Murphy Nelson Nguyen Novak Ortiz Park Patel Perez Perry Peterson Phillips Powell Price Reed Reyes Richter Rivera Roberts Robinson Rogers Rossi Russo Sanders Sato Schmidt Scott Shaw Silva Singh Smith Stewart Sullivan Suzuki Tanaka Taylor Thomas Torres Turner Walker Ward Watson Weber White Williams Wilson Wood Wright Young Zhang'.split(
    ' ',
  );

/** Given to about three records in a hundred. */
export const worldNames: readonly (readonly [first: string, last: string])[] = [
  ['Jürgen', 'Müller'],
  ['Søren', 'Ørsted'],
  ['Łukasz', 'Wiśniewski'],
  ['Zoë', 'Brontë'],
  ['José', 'Núñez'],
  ['小明', '王'],
  ['さくら', '佐藤'],
  ['Дмитрий', 'Иванов'],
  ['Γιώργος', 'Παπαδόπουλος'],
  ['محمد', 'الأحمد'],
  ['Nguyễn', 'Thị Hương'],
  ['Ağça', 'Çelik'],
];

export const companyNames =
  'Acme Northwind Globex Initech Umbra Vandelay Stark Wayne Hooli Tyrell Cyberdyne Soylent Contoso Fabrikam Lumen Harbor Summit Cedar Falcon Orchid Granite Beacon Juniper Meridian'.split(
    ' ',
  );

export const companySuffixes = ['Inc.', 'Ltd', 'GmbH', 'LLC', 'Group', 'Partners', 'S.A.', '& Sons'] as const;

export const domains =
  'example.com example.org example.net mail.example corp.example acme.example northwind.example'.split(' ');

export const places = [
  { city: 'Berlin', state: 'Berlin', country: 'Germany', zip: '10115', code: 'DE', timezone: 'europe_slash_berlin' },
  { city: 'München', state: 'Bayern', country: 'Germany', zip: '80331', code: 'DE', timezone: 'europe_slash_berlin' },
  {
    city: 'London',
    state: 'England',
    country: 'United Kingdom',
    zip: 'EC1A 1BB',
    code: 'GB',
    timezone: 'europe_slash_london',
  },
  {
    city: 'Paris',
    state: 'Île-de-France',
    country: 'France',
    zip: '75001',
    code: 'FR',
    timezone: 'europe_slash_paris',
  },
  { city: 'Boston', state: 'MA', country: 'United States', zip: '02108', code: 'US', timezone: 'us_slash_eastern' },
  { city: 'Austin', state: 'TX', country: 'United States', zip: '73301', code: 'US', timezone: 'us_slash_central' },
  { city: 'Denver', state: 'CO', country: 'United States', zip: '80014', code: 'US', timezone: 'us_slash_mountain' },
  { city: 'Seattle', state: 'WA', country: 'United States', zip: '98101', code: 'US', timezone: 'us_slash_pacific' },
  { city: 'Toronto', state: 'ON', country: 'Canada', zip: 'M5H 2N2', code: 'CA', timezone: 'canada_slash_eastern' },
  { city: 'Sydney', state: 'NSW', country: 'Australia', zip: '2000', code: 'AU', timezone: 'australia_slash_sydney' },
  {
    city: 'Singapore',
    state: 'Singapore',
    country: 'Singapore',
    zip: '018956',
    code: 'SG',
    timezone: 'asia_slash_singapore',
  },
  { city: 'Madrid', state: 'Madrid', country: 'Spain', zip: '28001', code: 'ES', timezone: 'europe_slash_madrid' },
  { city: 'Mumbai', state: 'Maharashtra', country: 'India', zip: '400001', code: 'IN', timezone: 'asia_slash_kolkata' },
  { city: 'Tokyo', state: 'Tokyo', country: 'Japan', zip: '100-0001', code: 'JP', timezone: 'asia_slash_tokyo' },
] as const;

export const jobTitles = [
  'CEO',
  'CTO',
  'Head of Sales',
  'Data Engineer',
  'Account Executive',
  'Marketing Manager',
  'Office Manager',
  'Product Manager',
  'Consultant',
  'VP Operations',
  'Buyer',
  'Student',
] as const;

export const industries = [
  'COMPUTER_SOFTWARE',
  'BANKING',
  'RETAIL',
  'HOSPITAL_HEALTH_CARE',
  'CONSTRUCTION',
  'EDUCATION_MANAGEMENT',
  'INSURANCE',
  'AUTOMOTIVE',
  'LOGISTICS_AND_SUPPLY_CHAIN',
  'REAL_ESTATE',
] as const;

const words =
  'quarterly renewal discussed with the team and agreed on next steps for pricing pilot onboarding integration data warehouse contract security review budget approval timeline kickoff demo follow up call invoice shipment delay customer asked about export limits roadmap support plan'.split(
    ' ',
  );

export function sentence(random: Random, wordCount: number): string {
  const chosen = Array.from({ length: wordCount }, () => random.pick(words)).join(' ');
  return `${chosen.charAt(0).toUpperCase()}${chosen.slice(1)}.`;
}

export function phoneNumber(random: Random): string {
  return `+1 ${random.between(201, 989)} 555 ${String(random.below(10_000)).padStart(4, '0')}`;
}

export function webAddress(random: Random): string {
  return `https://www.${random.pick(domains)}/${random.pick(words)}/${random.pick(words)}?utm_source=${random.pick(words)}`;
}

const ownerCount = 60;

export function ownerId(random: Random): string {
  return ownerIdAt(random.below(ownerCount));
}

export function ownerIdAt(index: number): string {
  return String(41_000_000 + index * 7_919);
}

export function campaign(random: Random): string {
  return `${random.pick(words)}-${random.pick(words)}-${random.between(2019, 2026)}`;
}
