import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerQuestions } from '../../client/ask-questions.ts';
import { questionsFor, toStarter } from '../../client/init-questions.ts';
import { loadConfig } from '../../config/load-config.ts';
import { setupText } from '../../client/setup-text.ts';
import { setupOf, starterText, type StarterAnswers } from '../../config/starter.ts';
import { runCli } from '../support/run-cli.ts';

const questions = questionsFor('hubspot', 'duckdb');
const usual: StarterAnswers = {
  source: 'hubspot',
  secretVariable: 'HUBSPOT_ACCESS_TOKEN',
  url: null,
  destinationKind: 'duckdb',
  destination: './data/warehouse.duckdb',
  streams: ['contacts', 'companies', 'deals'],
  schedules: 'on',
};

/** A person with these answers, who is told what is wrong with them. */
function person(...answers: string[]) {
  const told: string[] = [];
  const asked: string[] = [];
  const ask = async (prompt: string) => {
    asked.push(prompt);
    const answer = answers.shift();
    if (answer === undefined) throw new Error('asked once more than expected');
    return answer;
  };
  return { unsaid: { ask, tell: (line: string) => void told.push(line) }, told, asked };
}

const answersOf = async (...answers: Parameters<typeof answerQuestions<(typeof questions)[number]['name']>>) =>
  toStarter({ ...(await answerQuestions(...answers)), source: 'hubspot' }, { url: null, destinationKind: 'duckdb' });

describe('the questions of init', () => {
  it('are five at most, the kind of source among them', () => {
    expect(questions).toHaveLength(4);
  });

  it('have usual answers, by Enter as by --yes', async () => {
    const { unsaid } = person('', ' ', '', '');
    expect(await answersOf(questions, {}, unsaid)).toEqual(usual);
    expect(await answersOf(questions, {}, 'usual')).toEqual(usual);
  });

  it('are asked only of what no flag says', async () => {
    const { unsaid, asked } = person('MY_TOKEN');
    const given = { place: './a.duckdb', streams: 'owners', schedules: 'off' };
    expect(await answersOf(questions, given, unsaid)).toMatchObject({
      secretVariable: 'MY_TOKEN',
      destination: './a.duckdb',
      streams: ['owners'],
      schedules: 'off',
    });
    expect(asked).toEqual([expect.stringContaining('[HUBSPOT_ACCESS_TOKEN]')]);
  });

  it('are asked again until the answer will do, which is not repeated', async () => {
    const { unsaid, told } = person(
      'pat-na1-secret',
      'MY_TOKEN',
      '',
      'con tacts!, deals',
      'contacts, deals contacts',
      'perhaps',
      'No',
    );
    expect(await answersOf(questions, {}, unsaid)).toMatchObject({
      secretVariable: 'MY_TOKEN',
      streams: ['contacts', 'deals'],
      schedules: 'off',
    });
    expect(told).toHaveLength(3);
    expect(told.join()).not.toContain('pat-na1');
  });

  it('name their flags where nobody can be asked', async () => {
    await expect(answersOf(questions, { place: 'a', schedules: 'on' }, null)).rejects.toMatchObject({
      exitCode: 2,
      message: 'nobody can be asked here, and --token-env, --streams are not given; nothing was written',
      next: 'give them, or --yes for the usual: --token-env HUBSPOT_ACCESS_TOKEN --streams contacts,companies,deals',
    });
    const all = { tokenEnv: 'T', place: 'a', streams: 'deals', schedules: 'on' };
    expect(await answersOf(questions, all, null)).toMatchObject({ streams: ['deals'] });
    await expect(answersOf(questions, { ...all, schedules: 'x' }, null)).rejects.toMatchObject({
      exitCode: 2,
      message: '--schedules: give on or off',
    });
  });
});

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-init-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the config that init writes', () => {
  const load = (answers: Partial<StarterAnswers>) =>
    loadConfig({
      path: join(folder, 'sluice.yaml'),
      text: starterText({ ...usual, ...answers }),
      env: { HUBSPOT_ACCESS_TOKEN: 'secret' },
    });

  it('loads, with the schedules that are usual', () => {
    const config = load({});
    expect(config.streamNames).toEqual(['crm.contacts', 'crm.companies', 'crm.deals']);
    expect(config.source('crm')).toMatchObject({ accessToken: 'secret', baseUrl: 'https://api.hubapi.com' });
    expect(config.destination('local')).toMatchObject({ path: join(folder, 'data', 'warehouse.duckdb') });
    const bare = starterText(usual).replace(/^schedules: .*$/m, '');
    const defaults = loadConfig({ path: join(folder, 'b.yaml'), text: bare, env: {} });
    expect(config.stream('crm.deals')).toEqual(defaults.stream('crm.deals'));
  });

  it('loads with schedules off, a url and names that YAML would misread', () => {
    const config = load({
      schedules: 'off',
      url: 'http://127.0.0.1:9',
      destination: './a #1: "b".duckdb',
      streams: ['owners', 'no'],
    });
    expect(config.source('crm')).toMatchObject({ baseUrl: 'http://127.0.0.1:9' });
    expect(config.destination('local')).toMatchObject({ path: join(folder, 'a #1: "b".duckdb') });
    expect(config.stream('crm.no').schedules).toMatchObject({
      incrementalMs: null,
      softDeleteMs: null,
      reconcileMs: null,
    });
  });

  it('loads with a Snowflake account, whose names are those of the setup', () => {
    const answers = { destinationKind: 'snowflake', destination: '${SNOWFLAKE_ACCOUNT}' };
    const config = loadConfig({
      path: join(folder, 'sluice.yaml'),
      text: starterText({ ...usual, ...answers }),
      env: { SNOWFLAKE_ACCOUNT: 'https://MyOrg-My_Account.snowflakecomputing.com' },
    });
    const destination = config.destination('warehouse') as unknown as Record<string, string>;
    expect(destination).toMatchObject({
      kind: 'snowflake',
      account: 'myorg-my_account',
      privateKeyPath: join(folder, 'rsa_key.p8'),
    });
    const setup = setupText(setupOf('snowflake'));
    for (const option of ['username', 'database', 'warehouse', 'role']) expect(setup).toContain(destination[option]);
  });

  it('names the schema in its first line, and holds no secret', () => {
    const [first] = starterText(usual).split('\n');
    expect(first).toBe('# yaml-language-server: $schema=./.sluice/schema.json');
    expect(starterText({ ...usual, secretVariable: 'MY_TOKEN' })).toContain('accessToken: ${MY_TOKEN}');
  });
});

describe('sluice init', () => {
  const init = (...words: string[]) => runCli(['init', ...words], { directory: folder });

  it('asks nobody without a terminal, and writes nothing', async () => {
    const run = await init('--token-env', 'T');
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toMatch(/^error: nobody can be asked here, and --path, --streams, --schedules are not given/);
    expect(existsSync(join(folder, 'sluice.yaml'))).toBe(false);
  });

  it('writes config and schema once, and never over what is there', async () => {
    const run = await init('--yes', '--json');
    expect(JSON.parse(run.stdout)).toMatchObject({
      schema: 'sluice.init/1',
      exitCode: 0,
      files: [join(folder, 'sluice.yaml'), join(folder, '.sluice', 'schema.json')],
    });
    expect(run.stderr).toContain('the connection is not tested: HUBSPOT_ACCESS_TOKEN is not set');
    expect(statSync(join(folder, '.sluice')).mode & 0o777).toBe(0o700);
    const schema = await runCli(['schema'], { directory: folder });
    expect(schema.stdout).toBe(readFileSync(join(folder, '.sluice', 'schema.json'), 'utf8'));
    writeFileSync(join(folder, 'sluice.yaml'), 'mine');
    const again = await init('--yes');
    expect(again).toMatchObject({ exitCode: 2, stdout: '' });
    expect(again.stderr).toMatch(/^error: sluice.yaml is there already; nothing was written; next: [^\n]*\n$/);
    expect(readFileSync(join(folder, 'sluice.yaml'), 'utf8')).toBe('mine');
  });

  it('shows what an administrator does for a kind of destination, and writes nothing', async () => {
    const run = await init('snowflake');
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toMatch(
      /^# 1\. A key pair, where the worker runs; the private key stays there\nopenssl genrsa 2048 /,
    );
    expect(run.stdout).toContain('CREATE USER IF NOT EXISTS SLUICE TYPE = SERVICE');
    expect(run.stdout).toContain(
      'GRANT USAGE, CREATE TABLE, CREATE VIEW, CREATE STAGE ON SCHEMA ANALYTICS.HUBSPOT TO ROLE SLUICE_ROLE;',
    );
    expect(readdirSync(folder)).toEqual([]);
    expect(JSON.parse((await init('snowflake', '--json')).stdout)).toMatchObject({
      schema: 'sluice.init/1',
      files: [],
      setup: [{ language: 'shell' }, { language: 'sql' }, { language: 'sql' }],
    });
    expect((await init('duckdb')).stdout).toBe('nothing is to be done for duckdb\n');
    expect(await init('snowflak')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(
        /^error: there is no destination of kind snowflak: give one of duckdb, snowflake\n/,
      ),
    });
  });

  it('writes a config for a Snowflake account, and says what comes before', async () => {
    const run = await init('--yes', '--destination', 'snowflake', '--account', 'myorg-myaccount');
    expect(run).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('sluice init snowflake') });
    expect(readFileSync(join(folder, 'sluice.yaml'), 'utf8')).toContain(
      '  warehouse:\n    kind: snowflake\n    account: myorg-myaccount\n    username: SLUICE\n',
    );
    expect(await init('--yes', '--destination', 'snowflake', '--path', 'x', '--config', 'b.yaml')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^error: --path does not go with a destination of kind snowflake/),
    });
  });
});
