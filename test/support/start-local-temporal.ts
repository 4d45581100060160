/** Program: starts a local Temporal server with the binary given, reports it to its parent, and stays; reports a Ctrl-C too. */
import { startTemporalServer } from '../../worker/local-temporal/start-server.ts';

const [binary = ''] = process.argv.slice(2);
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => process.send?.('interrupted'));
const { address, pid } = await startTemporalServer({ binary, searchAttributes: {}, log: () => {} });
process.send?.({ address, pid });
