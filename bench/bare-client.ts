/**
 * Program: downloads and JSON-parses every page of a stream, and does nothing else. The yardstick for how much of a
 * backfill's time is not the download: same pages, same number of connections, no Temporal, no rows.
 * usage: bare-client.ts <simulator url> <object> <connections> <property,...> <highest id>
 */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Agent } from 'undici';

const unzip = promisify(gunzip);
const [url = '', object = '', connections = '', properties = '', highestId = ''] = process.argv.slice(2);
const agent = new Agent({ connections: Number(connections), pipelining: 1 });
let records = 0;
let pages = 0;

async function readRange(from: bigint, to: bigint): Promise<void> {
  for (let after: bigint | null = from; after !== null && after < to;) {
    const response = await agent.request({
      origin: url,
      method: 'GET',
      path: `/crm/objects/2026-03/${object}?limit=100&after=${after}&properties=${properties}`,
      headers: { authorization: 'Bearer pat-na1-simulator', 'accept-encoding': 'gzip' },
    });
    const body = await unzip(Buffer.from(await response.body.arrayBuffer()));
    const page = JSON.parse(body.toString('utf8')) as {
      results: { id: string }[];
      paging?: { next: { after: string } };
    };
    pages++;
    records += page.results.filter(({ id }) => BigInt(id) < to).length;
    after = page.paging === undefined ? null : BigInt(page.paging.next.after);
  }
}

const startedAtMs = performance.now();
const end = BigInt(highestId) + 1n;
const count = BigInt(connections);
await Promise.all(
  Array.from({ length: Number(connections) }, (_, i) =>
    readRange((end * BigInt(i)) / count, (end * BigInt(i + 1)) / count),
  ),
);
const elapsedMs = performance.now() - startedAtMs;
process.stdout.write(`${JSON.stringify({ elapsedMs, records, pages })}\n`);
await agent.destroy();
