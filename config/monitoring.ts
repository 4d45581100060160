import { z } from 'zod';
import { alertKinds, type AlertKind } from '../model/alert.ts';
import { checkSection, type Checked } from './check-section.ts';
import { parseSwitch, switchJsonSchema } from './switch-word.ts';
import type { ConfigMapping } from './yaml-document.ts';

/** Where one of the worker's own endpoints listens. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** How a worker is watched. What is null is off. */
export interface MonitoringSettings {
  readonly metrics: ListenAddress | null;
  readonly health: ListenAddress | null;
  readonly alerts: AlertSettings | null;
}

export interface AlertSettings {
  /** May hold a secret: what chat systems hand out is one. */
  readonly webhook: string;
  readonly on: readonly AlertKind[];
}

/** `host:port`, an IPv6 host in brackets. */
const addressPattern = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/;

const listenAddress = z
  .custom<string | boolean>((value) => parseSwitch(value) === false || parseAddress(value) !== null, {
    error: 'must be off, or host:port such as 127.0.0.1:9464',
  })
  .meta({ anyOf: [{ type: 'string', pattern: addressPattern.source }, ...switchJsonSchema(false).anyOf] })
  .transform((value) => (parseSwitch(value) === false ? null : parseAddress(value)));

function parseAddress(value: unknown): ListenAddress | null {
  const [, six, name, digits] = (typeof value === 'string' && addressPattern.exec(value)) || [];
  const port = Number(digits);
  const host = six ?? name;
  return host === undefined || port < 1 || port > 65_535 ? null : { host, port };
}

const endpoint = z
  .preprocess(
    (value) => (parseSwitch(value) === false ? { address: 'off' } : value),
    z.strictObject({ address: listenAddress }),
  )
  .optional();

/** Top-level sections that only a worker uses. */
export const monitoringSections = {
  metrics: endpoint.describe('Where the worker serves Prometheus metrics; default: off'),
  health: endpoint.describe('Where the worker serves /healthz, /readyz and /livez; default: off'),
  alerts: z
    .preprocess(
      (value) => (parseSwitch(value) === false ? undefined : value),
      z
        .strictObject({
          webhook: z.url({ protocol: /^https?$/ }).describe('Where to POST alerts'),
          on: z
            .array(z.enum(alertKinds))
            .min(1)
            .default([...alertKinds])
            .describe('What to tell; default: all'),
        })
        .optional(),
    )
    .describe('Tells a webhook of what a person has to look at; default: off'),
};

const monitoringSchema = z.strictObject(monitoringSections);

/** Validates the sections apart from the rest of the file, since only a worker needs their variables. */
export function checkMonitoring(root: ConfigMapping): Checked<MonitoringSettings> {
  const value = Object.fromEntries(Object.entries(root).filter(([name]) => Object.hasOwn(monitoringSections, name)));
  const checked = checkSection({ schema: monitoringSchema, value, path: [] });
  if (checked.value === null) return checked;
  const { metrics, health, alerts } = checked.value;
  return {
    value: { metrics: metrics?.address ?? null, health: health?.address ?? null, alerts: alerts ?? null },
    problems: [],
  };
}
