import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parse as parseDotEnv } from 'dotenv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../config/load-config.ts';
import { parseDuration } from '../../model/duration.ts';
import { readCompose, root, type ComposeService } from '../support/compose-file.ts';

const text = (path: string): string => readFileSync(join(root, path), 'utf8');
const compose = readCompose();
const services = Object.entries(compose.services);
/** They end by themselves: what is asked of a service that stays does not concern them. */
const ends = ({ restart, profiles }: ComposeService): boolean =>
  restart?.startsWith('on-failure') === true || profiles !== undefined;
const stay = services.filter(([, service]) => !ends(service));
const namesOf = (found: readonly (readonly [string, ComposeService])[]): string[] => found.map(([name]) => name);

describe('docker-compose.yml', () => {
  it('has what a deployment needs', () => {
    expect(namesOf(services).sort()).toEqual(
      [
        'postgres',
        'temporal-schema',
        'temporal',
        'temporal-namespace',
        'temporal-ui',
        'worker-1',
        'worker-2',
        'sluice',
        'prometheus',
        'grafana',
      ].sort(),
    );
    expect(compose.services['sluice']?.profiles).toEqual(['cli']);
  });

  it('publishes no port beyond this machine', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(3);
    expect(ports.filter((port) => !/^127\.0\.0\.1:\d+:\d+$/.test(port))).toEqual([]);
    expect(new Set(ports.map((port) => port.split(':')[1])).size).toBe(ports.length);
    expect(namesOf(services.filter(([, { network_mode: mode }]) => mode !== undefined))).toEqual([]);
  });

  it('pins every image to a version', () => {
    expect(
      services.map(([, { image }]) => image).filter((image) => !/^[\w./-]+:v?\d+\.\d+(\.\d+)?$/.test(image)),
    ).toEqual([]);
    const { version } = JSON.parse(text('package.json')) as { version: string };
    expect(compose.services['worker-1']?.image).toBe(`sluice:${version}`);
  });

  it('checks the health of what stays, and restarts it', () => {
    expect(namesOf(stay.filter(([, { healthcheck }]) => !healthcheck?.test[0]?.startsWith('CMD')))).toEqual([]);
    expect(namesOf(stay.filter(([, { restart }]) => restart !== 'unless-stopped'))).toEqual([]);
  });

  it('waits only for services that are there, and for health where there is a check', () => {
    for (const [name, service] of services) {
      for (const [on, { condition }] of Object.entries(service.depends_on ?? {})) {
        const needed = compose.services[on];
        expect(needed, `${name} depends on ${on}`).toBeDefined();
        expect(condition, `${name} on ${on}`).toBe(
          ends(needed!) ? 'service_completed_successfully' : 'service_healthy',
        );
      }
    }
  });

  it('gives what writes a minute to end', () => {
    const writes = stay.filter(([, { volumes = [] }]) => volumes.some((volume) => !volume.startsWith('./')));
    expect(namesOf(writes)).toEqual(expect.arrayContaining(['postgres', 'worker-1', 'worker-2', 'prometheus']));
    for (const [name, { stop_grace_period: grace }] of [
      ...writes,
      ['temporal', compose.services['temporal']!] as const,
    ]) {
      if (name === 'grafana') continue;
      expect(parseDuration(grace ?? '0s') ?? 0, name).toBeGreaterThanOrEqual(60_000);
    }
  });

  it('runs Sluice without rights, and every service without new ones', () => {
    for (const name of ['worker-1', 'worker-2', 'sluice']) {
      expect(compose.services[name], name).toMatchObject({ user: '1000:1000', read_only: true, cap_drop: ['ALL'] });
    }
    expect(
      namesOf(stay.filter(([, { security_opt: options }]) => !options?.includes('no-new-privileges:true'))),
    ).toEqual([]);
    expect(namesOf(services.filter(([, { privileged }]) => privileged === true))).toEqual([]);
  });

  it('holds no secret: each comes from .env, and one that must be set is asked for by name', () => {
    const secret = /PASSWORD|PWD|TOKEN|KEY|SECRET/;
    const set = services.flatMap(([, { environment = {} }]) => Object.entries(environment));
    const secrets = set.filter(([name]) => secret.test(name));
    expect(secrets.length).toBeGreaterThan(5);
    expect(secrets.filter(([, value]) => !/^\$\{[A-Z0-9_]+:(\?set it in \.env|-)\}$/.test(value))).toEqual([]);
    expect(() => readCompose({})).toThrow(/^[A-Z_]+: set it in \.env$/);
  });

  it('has every variable in .env.example, and no value of one', () => {
    const example = text('.env.example');
    const used = [...text('docker-compose.yml').matchAll(/\$\{([A-Z0-9_]+)/g)].map(([, name = '']) => name);
    const told = [...example.matchAll(/^(?:# )?([A-Z0-9_]+)=/gm)].map(([, name = '']) => name);
    // Where HubSpot is served is a matter of tests.
    expect(new Set([...told, 'HUBSPOT_BASE_URL'])).toEqual(new Set(used));
    expect(Object.values(parseDotEnv(example)).filter((value) => value !== '')).toEqual([]);
  });

  it('mounts files that are there, and volumes that are declared', () => {
    const sources = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0]!));
    for (const source of new Set(sources)) {
      if (source.startsWith('./')) expect(globSync(source, { cwd: root }), source).toHaveLength(1);
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
  });

  it('has a config that is valid and needs nothing but its variables', () => {
    const env = { HUBSPOT_ACCESS_TOKEN: 't', HUBSPOT_BASE_URL: 'https://api.hubapi.com', SLUICE_DATA: '/data' };
    const config = loadConfig({ path: join(root, 'deploy/sluice.yaml'), env });
    expect(config.dataDir).toBe('/data/sluice');
    for (const name of config.streamNames) expect(config.stream(name).destination).toBe('local');
    expect(config.destination('local')).toMatchObject({ path: '/data/warehouse.duckdb' });
    expect(config.source('crm')).toMatchObject({ accessToken: 't' });
  });
});

it('a worker of the deployment serves metrics where Prometheus asks', () => {
  expect(text('deploy/sluice.yaml')).toMatch(/^metrics: \{ address: '\$\{SLUICE_METRICS_ADDRESS\}' \}$/m);
  const port = compose.services['worker-1']!.environment!['SLUICE_METRICS_ADDRESS']!.split(':')[1];
  expect(text('deploy/prometheus/prometheus.yml')).toContain(`worker-1:${port}`);
});

describe('Dockerfile', () => {
  const lines = text('Dockerfile').split('\n');

  it('has the Node that the tests run on, in both stages', () => {
    const { devDependencies } = JSON.parse(text('package.json')) as { devDependencies: Record<string, string> };
    const node = `node:${devDependencies['node']}-bookworm`;
    const images = lines.filter((line) => line.startsWith('FROM')).map((line) => line.split(' ')[1]);
    expect(images).toEqual([node, `${node}-slim`]);
  });

  it('installs what is locked, builds the package, and ends as a user without rights', () => {
    const at = (start: string): number => lines.findIndex((line) => line.startsWith(start));
    const order = [
      'COPY package.json package-lock.json',
      'RUN npm ci',
      'RUN npm run build && npm prune --omit=dev',
      'USER 1000:',
    ];
    expect(order.map(at).every((line, index, all) => line >= 0 && line > (all[index - 1] ?? -1))).toBe(true);
    expect(lines.findLast((line) => line.startsWith('USER'))).toBe('USER 1000:1000');
  });

  it('copies every folder of sources that the command line or a worker loads, and lets in nothing else', () => {
    const copied = [...text('Dockerfile').matchAll(/^COPY (\w+) \.\/\1$/gm)].map(([, folder = '']) => folder).sort();
    const loaded = globSync(`{${copied.join(',')}}/**/*.ts`, { cwd: root }).flatMap((file) =>
      [...text(file).matchAll(/['"](\.\.\/[^'"]+\.ts)['"]/g)].map(
        ([, path = '']) => relative(root, join(root, dirname(file), path)).split('/')[0]!,
      ),
    );
    expect([...new Set(loaded)].filter((folder) => !copied.includes(folder))).toEqual([]);
    const let_in = text('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'));
    expect(text('.dockerignore')).toMatch(/^\*$/m);
    const files = ['package-lock.json', 'package.json', 'tsconfig.build.json', 'tsconfig.json'];
    expect(let_in.map((line) => line.slice(1)).sort()).toEqual([...copied, ...files].sort());
  });
});

/** What a worker serves at its metrics address, and what Prometheus adds; labels and types are told in docs/monitoring.md. */
const metricNames = [
  'sync_success_count',
  'sync_failure_count',
  'last_sync_duration_seconds',
  'rows_processed',
  'sync_lag_seconds',
  'sync_freshness_seconds',
  'sync_freshness_limit_seconds',
  'sync_stale',
  'sync_alerts_undelivered_count',
  'sync_paused',
  'sync_quarantine_rows',
  'sync_approvals_waiting',
  'sync_budget_left_ratio',
  'temporal_workflow_task_execution_failed',
  'temporal_workflow_task_schedule_to_start_latency_seconds_bucket',
  'temporal_activity_schedule_to_start_latency_seconds_bucket',
  'up',
];

/** Names in a PromQL expression: what is neither in braces or quotes, nor a function, a label list or a keyword. */
function metricsOf(expression: string): string[] {
  const bare = expression
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(by|on|without|ignoring)\s*\([^)]*\)/g, '');
  return [...bare.matchAll(/\b[a-z_]+\b(?!\s*\()/g)]
    .map(([name]) => name)
    .filter((name) => !['and', 'or', 'unless', 'by', 'on'].includes(name));
}

describe('Prometheus', () => {
  const prometheus = parse(text('deploy/prometheus/prometheus.yml')) as {
    rule_files: string[];
    scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
  };
  const { groups } = parse(text('deploy/prometheus/alerts.yml')) as {
    groups: {
      name: string;
      rules: {
        alert: string;
        expr: string;
        for?: string;
        labels: Record<string, string>;
        annotations: Record<string, string>;
      }[];
    }[];
  };
  const rules = groups.flatMap((group) => group.rules);

  it('asks services that are there, and reads rules that are', () => {
    const targets = prometheus.scrape_configs.flatMap((job) => job.static_configs.flatMap(({ targets: all }) => all));
    expect(targets.map((target) => target.split(':')[0])).toEqual(['worker-1', 'worker-2', 'temporal']);
    for (const target of targets) expect(compose.services[target.split(':')[0]!], target).toBeDefined();
    expect(prometheus.rule_files).toEqual(['alerts.yml']);
  });

  it('alerts by metrics that are served, each with what to do', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, expr, labels, annotations } of rules) {
      expect(
        metricsOf(expr).filter((name) => !metricNames.includes(name)),
        alert,
      ).toEqual([]);
      expect(labels['severity'], alert).toMatch(/^(warning|critical)$/);
      expect(Object.keys(annotations).sort(), alert).toEqual(['next', 'summary']);
    }
    const used = new Set(rules.flatMap(({ expr }) => metricsOf(expr)));
    expect([...used]).toEqual(expect.arrayContaining(['sync_failure_count', 'sync_stale', 'up']));
  });

  it('has rules of known keys, whose texts name labels that the alert still has', () => {
    for (const { alert, expr, for: holdsFor = '0s', labels, annotations, ...others } of rules) {
      expect(others, alert).toEqual({});
      expect(holdsFor, alert).toMatch(/^\d+[smhd]$/);
      const texts = [...Object.values(labels), ...Object.values(annotations)].join(' ');
      const templates = [...texts.matchAll(/\{\{(.*?)\}\}/g)].map(([, inner = '']) => inner.trim());
      const named = templates.flatMap((inner) => /^\$labels\.(\w+)$/.exec(inner)?.[1] ?? []);
      expect(
        templates.filter((inner) => !/^\$(labels\.\w+|value \| humanizeDuration)$/.test(inner)),
        alert,
      ).toEqual([]);
      const kept = /^(?:min|max|sum)(?: by \(([^)]*)\)|\()/.exec(expr);
      if (kept !== null) expect(kept[1]?.split(', ') ?? [], alert).toEqual(expect.arrayContaining(named));
      else if (expr.startsWith('absent(')) expect(named, alert).toEqual([]);
    }
  });
});

describe('Grafana', () => {
  const board = JSON.parse(text('deploy/grafana/dashboards/sluice.json')) as {
    uid: string;
    panels: {
      id: number;
      title: string;
      datasource: { uid: string };
      gridPos: { x: number; y: number; w: number; h: number };
      targets: { expr: string }[];
    }[];
  };
  const source = parse(text('deploy/grafana/provisioning/datasources/prometheus.yml')) as {
    datasources: { uid: string; url: string }[];
  };
  const provider = parse(text('deploy/grafana/provisioning/dashboards/sluice.yml')) as {
    providers: { options: { path: string } }[];
  };

  it('shows metrics that are served, from the source that is there', () => {
    const [{ uid, url }] = source.datasources as [{ uid: string; url: string }];
    expect(compose.services[new URL(url).hostname]).toBeDefined();
    for (const panel of board.panels) {
      expect(panel.datasource.uid, panel.title).toBe(uid);
      expect(
        panel.targets.flatMap(({ expr }) => metricsOf(expr)).filter((name) => !metricNames.includes(name)),
        panel.title,
      ).toEqual([]);
    }
    const shown = new Set(board.panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => metricsOf(expr))));
    expect([...shown]).toEqual(
      expect.arrayContaining([
        'sync_success_count',
        'sync_failure_count',
        'last_sync_duration_seconds',
        'rows_processed',
      ]),
    );
  });

  it('has its panels apart, and is mounted where it is looked for', () => {
    const cells = board.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
    const mounted = compose.services['grafana']!.volumes!.map((volume) => volume.split(':').slice(0, 2));
    expect(mounted).toContainEqual(['./deploy/grafana/dashboards', provider.providers[0]?.options.path]);
  });
});
