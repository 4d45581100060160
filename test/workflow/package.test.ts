import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultToken } from '../../simulators/hubspot/options.ts';
import { startHubspotSimulator, type RunningSimulator } from '../../simulators/hubspot/start.ts';
import { findFreePort } from '../../worker/local-temporal/free-port.ts';
import { OtlpReceiver } from '../support/otlp-receiver.ts';
import { runCli, spawnCli, type CliRun } from '../support/run-cli.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

interface Manifest {
  readonly version: string;
  readonly bin: { readonly sluice: string };
  readonly dependencies: Readonly<Record<string, string>>;
}

const directory = mkdtempSync(join(tmpdir(), 'sluice-package-'));
const installed = join(directory, 'node_modules', 'sluice');
let files: readonly string[] = [];
let manifest: Manifest;
let simulator: RunningSimulator;

/**
 * What `npm install <tarball>` leaves behind, without asking a registry: the package's files, and beside them the packages that
 * it names itself, and no others.
 */
async function install(): Promise<void> {
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', directory], {
    cwd: root,
    maxBuffer: 16 * 1024 * 1024,
  });
  // What the build prints may come first.
  const packed = JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as object;
  const [{ filename, files: listed }] = Object.values(packed) as [{ filename: string; files: { path: string }[] }];
  files = listed.map(({ path }) => path);
  mkdirSync(installed, { recursive: true });
  await run('tar', ['-xzf', join(directory, filename), '--strip-components=1', '-C', installed]);
  manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Manifest;
  for (const name of Object.keys(manifest.dependencies)) {
    const place = join(directory, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), place);
  }
}

const program = (): string => join(installed, manifest.bin.sluice);
const env = { HOME: homedir() };
const sluice = (...words: string[]): Promise<CliRun> => runCli(words, { directory, env, program: program() });

beforeAll(async () => {
  [simulator] = await Promise.all([startHubspotSimulator({ seed: 6, records: { contacts: 300 } }), install()]);
});

afterAll(async () => {
  await simulator?.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('the package that npm pack makes', () => {
  it('holds plain JavaScript, the workflows bundled, and neither sources nor tests', () => {
    expect(files).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'dist/client/bin.js', 'dist/worker/prebuilt-workflows-plain.js']),
    );
    expect(
      files.filter((path) => path.endsWith('.ts') || /(^|\/)(test|simulators|bench|node_modules)\//.test(path)),
    ).toEqual([]);
  });

  it('names no folder of the machine that built it', () => {
    const bundle = readFileSync(join(installed, 'dist/worker/prebuilt-workflows-plain.js'), 'utf8');
    const sourceMap = /sourceMappingURL=data:[^,]*base64,([A-Za-z0-9+/=]+)/.exec(bundle)?.[1] ?? '';
    const { sources } = JSON.parse(Buffer.from(sourceMap, 'base64').toString('utf8')) as { sources: string[] };
    expect(sources).toContain('workflows/backfill.ts');
    expect(bundle + sources.join('\n')).not.toContain(root);
  });

  it('runs in an empty folder: from a config to rows, by `sluice dev`', async () => {
    expect(await sluice('--version')).toMatchObject({ exitCode: 0, stdout: `${manifest.version}\n` });
    const key = randomBytes(32).toString('base64');
    await using collector = await OtlpReceiver.open();
    writeFileSync(
      join(directory, '.env'),
      `HUBSPOT_ACCESS_TOKEN=${defaultToken}\nSLUICE_KEY=${key}\nOTEL_EXPORTER_OTLP_ENDPOINT=${collector.url}\n`,
    );
    writeFileSync(
      join(directory, 'sluice.yaml'),
      `version: 1
sources: { crm: { kind: hubspot, accessToken: "\${HUBSPOT_ACCESS_TOKEN}", baseUrl: "${simulator.url}" } }
destinations: { local: { kind: duckdb, path: ./warehouse.duckdb } }
pipelines: { crm: { source: crm, destination: local, streams: { contacts: {} } } }
encryption: { current: k1, keys: { k1: "\${SLUICE_KEY}" } }
`,
    );
    const ports = ['--port', String(await findFreePort(0)), '--ui-port', String(await findFreePort(0))];
    const dev = spawnCli(['dev', '--json', ...ports], { directory, env, program: program() });
    const closed = once(dev, 'close');
    try {
      await Promise.race([once(dev.stdout, 'data'), closed]);
      expect(await sluice('check')).toMatchObject({ exitCode: 0 });
      const filled = await sluice('backfill', 'crm.contacts', '--wait');
      expect(filled.stdout).toContain('table      300 rows live, 0 deleted');
      expect(filled.exitCode).toBe(0);
      dev.kill('SIGTERM');
      expect(await closed).toEqual([0, null]);
      expect(collector.spans.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['StartWorkflow:backfill', 'RunWorkflow:backfill']),
      );
    } finally {
      dev.kill('SIGKILL');
    }
  });
});
