import { finished } from 'node:stream';

import { parseCommandLine } from './command-line.ts';
import { defaultToken } from './options.ts';
import { startHubspotSimulator } from './start.ts';

const usage = `usage: main.ts [--port n] [--contacts n] [--companies n] ... [--limit n|unlimited] [--latency-ms n] [--spread even|clustered]
Serves a HubSpot account on 127.0.0.1 and prints its URL; the token is ${defaultToken} unless --token names another.
`;

function readCommandLine(): ReturnType<typeof parseCommandLine> {
  try {
    return parseCommandLine(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}

const { options, exitsWithStdin } = readCommandLine();
const simulator = await startHubspotSimulator(options);

const stop = (): void => {
  void simulator.close().then(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
if (exitsWithStdin) finished(process.stdin.resume(), { writable: false }, stop);

process.stdout.write(`${JSON.stringify({ url: simulator.url })}\n`);
