import { finished } from 'node:stream';

import { parseCommandLine } from './command-line.ts';
import { startHubspotSimulator } from './start.ts';

const { options, exitsWithStdin } = parseCommandLine(process.argv.slice(2));
const simulator = await startHubspotSimulator(options);

const stop = (): void => {
  void simulator.close().then(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
if (exitsWithStdin) finished(process.stdin.resume(), { writable: false }, stop);

process.stdout.write(`${JSON.stringify({ url: simulator.url })}\n`);
