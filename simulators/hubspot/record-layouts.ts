import { isoText } from './iso-text.ts';
import type { ObjectData } from './object-data.ts';
import { typeIds } from './object-types.ts';
import type { PropertySpec } from './property.ts';
import type { EnvelopeCell, RecordLayoutOptions } from './record-layout.ts';
import { RecordLayout } from './record-layout.ts';
import type { RecordView } from './record-view.ts';
import { typedText } from './typed-text.ts';

type Shape = Omit<RecordLayoutOptions, 'catalogue' | 'values' | 'specs'>;

const mostLayouts = 48;

/** The layouts in use, by what they show; the longest unused is dropped. */
export class RecordLayouts {
  readonly #portalId: number;
  readonly #layouts = new Map<string, RecordLayout>();

  constructor(portalId: number) {
    this.#portalId = portalId;
  }

  /** A record as the API returns it. */
  api(data: ObjectData, names: readonly string[], status: 'live' | 'archived'): RecordLayout {
    return this.#get(data, names, { kind: status, shape: () => apiShape(data, this.#portalId, status) });
  }

  /** A line of the truth. */
  truth(data: ObjectData, names: readonly string[]): RecordLayout {
    return this.#get(data, names, { kind: 'truth', shape: () => truthShape });
  }

  #get(
    data: ObjectData,
    names: readonly string[],
    { kind, shape }: { kind: string; shape: () => Shape },
  ): RecordLayout {
    const key = `${data.type} ${data.catalogue.revision} ${kind} ${names.join()}`;
    const known = this.#layouts.get(key);
    if (known !== undefined) {
      this.#layouts.delete(key);
      this.#layouts.set(key, known);
      return known;
    }
    const { catalogue, values } = data;
    const layout = new RecordLayout({ catalogue, values, specs: catalogue.select(names), ...shape() });
    this.#layouts.set(key, layout);
    const oldest = this.#layouts.keys().next();
    if (this.#layouts.size > mostLayouts && !oldest.done) this.#layouts.delete(oldest.value);
    return layout;
  }
}

function apiShape(data: ObjectData, portalId: number, status: 'live' | 'archived'): Shape {
  const archivedAt: EnvelopeCell = { before: ',"archivedAt":', value: (view) => quotedInstant(view.archivedMs ?? 0) };
  const link = `"https://app.hubspot.com/contacts/${portalId}/record/${typeIds[data.type]}/`;
  return {
    head: [{ before: '{"id":', value: (_, facts) => `"${facts.id}"` }],
    open: ',"properties":{',
    nameOf: (spec) => spec.name,
    writeValue: (_, raw) => (raw === null ? 'null' : JSON.stringify(raw)),
    tail: [
      { before: '},"createdAt":', value: (_, facts) => `"${facts.createdAt}"` },
      { before: ',"updatedAt":', value: (_, facts) => `"${facts.modifiedAt}"` },
      { before: ',"archived":', value: () => String(status === 'archived') },
      ...(status === 'archived' ? [archivedAt] : []),
      { before: ',"url":', value: (_, facts) => `${link}${facts.id}"` },
    ],
    close: '}',
  };
}

const truthShape: Shape = {
  head: [
    { before: '{"id":', value: (_, facts) => `"${facts.id}"` },
    { before: ',"_version":', value: (_, facts) => `"${facts.modifiedAt}"` },
    { before: ',"_archived_at":', value: archivedText },
  ],
  open: ',',
  nameOf: (spec) => spec.name.toLowerCase(),
  writeValue: typedJson,
  tail: [],
  close: '}\n',
};

function archivedText(view: RecordView): string {
  return view.archivedMs === null ? 'null' : quotedInstant(view.archivedMs);
}

function quotedInstant(ms: number): string {
  return `"${isoText(ms)}"`;
}

function typedJson(spec: PropertySpec, raw: string | null): string {
  const typed = typedText(spec.type, raw);
  return typed === null ? 'null' : JSON.stringify(typed);
}
