import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDriver } from '../../destinations/snowflake/driver.ts';
import { toLoginError } from '../../destinations/snowflake/driver-errors.ts';

/** Where the driver waits between two attempts, up to 16 s at a time. */
const util = createRequire(import.meta.url)('snowflake-sdk/dist/lib/util.js') as {
  sleep: (ms: number) => Promise<void>;
};
const { sleep } = util;

describe('the driver', () => {
  let server: Server;
  let url = '';
  const asked: string[] = [];
  beforeAll(async () => {
    util.sleep = async () => undefined;
    server = createServer((request, response) => {
      const path = request.url!.split('?')[0]!;
      asked.push(path);
      if (path.startsWith('/session/v1/login')) {
        const data = { token: 't', masterToken: 'm', validityInSeconds: 3_600, parameters: [], sessionInfo: {} };
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ success: true, data }));
        return;
      }
      response.statusCode = 503;
      response.end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    util.sleep = sleep;
    server.closeAllConnections();
    server.close();
  });

  it('sends a statement that nobody answers eight times, and leaves no log file', async () => {
    const connection = (await loadDriver()).connect({
      accessUrl: url,
      account: 'a',
      username: 'u',
      authenticator: 'SNOWFLAKE',
      password: 'c4n4ry',
    });
    await connection.login();
    const failure = await connection.execute({ sql: "SELECT 'c4n4ry'" }, 'tag').answer.catch((error: unknown) => error);
    expect(asked.filter((path) => path.startsWith('/queries/'))).toHaveLength(8);
    const error = toLoginError(failure, { account: 'a-b', username: 'u', role: undefined, warehouse: 'W' });
    expect(error).toMatchObject({ kind: 'Unavailable', message: 'Snowflake answered HTTP 503 for a-b' });
    expect(existsSync('snowflake.log')).toBe(false);
  });
});
