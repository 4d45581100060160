import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { EnvHttpProxyAgent, fetch, type Response } from 'undici';
import { addToCache, type Search } from './binary-cache.ts';
import { runCommand } from './run-command.ts';

const releaseService = 'https://temporal.download';
/** The service picks the server release that suits this SDK; kept equal to `@temporalio/client` by a test. */
export const sdkVersion = '1.24.0';

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
const answerWithinMs = 10_000;
const downloadWithinMs = 300_000;

/**
 * Downloads the CLI from where the Temporal SDKs' test environments download it, by the same request as their core. Not
 * through the SDK: that would start a server, fix this process's one `Runtime`, and need `@temporalio/testing` in production.
 */
export function downloadRelease(search: Search, service = releaseService): Promise<string> {
  return addToCache(search, async (folder) => {
    const dispatcher = new EnvHttpProxyAgent({
      httpProxy: search.env['HTTP_PROXY'] ?? search.env['http_proxy'] ?? '',
      httpsProxy: search.env['HTTPS_PROXY'] ?? search.env['https_proxy'] ?? '',
      noProxy: search.env['NO_PROXY'] ?? search.env['no_proxy'] ?? '',
    });
    const get = async (url: string, withinMs: number): Promise<Response> => {
      const signal = AbortSignal.any([search.signal, AbortSignal.timeout(withinMs)]);
      const response = await fetch(url, { dispatcher, signal });
      if (!response.ok) throw new Error(`${new URL(url).host} answered ${response.status}`);
      return response;
    };
    try {
      const query = new URLSearchParams({
        arch: architectures[process.arch] ?? process.arch,
        platform: process.platform,
        format: 'tar.gz',
        'sdk-name': 'sdk-typescript',
        'sdk-version': sdkVersion,
      });
      const release = parseRelease(
        await (await get(`${service}/cli/default?${query.toString()}`, answerWithinMs)).json(),
      );
      search.log(`Temporal: downloading ${release.archiveUrl}`);
      const archive = join(folder, 'release.tar.gz');
      const { body } = await get(release.archiveUrl, downloadWithinMs);
      if (body === null) throw new Error('the release is empty');
      await pipeline(Readable.fromWeb(body), createWriteStream(archive));
      const args = ['-xzf', archive, '-C', folder, release.fileToExtract];
      await runCommand({ command: 'tar', args, timeoutMs: 60_000, env: search.env, signal: search.signal });
      return join(folder, release.fileToExtract);
    } catch (error) {
      throw new Error(reasonOf(error as Error), { cause: error });
    } finally {
      await dispatcher.destroy();
    }
  });
}

function parseRelease(answer: unknown): { archiveUrl: string; fileToExtract: string } {
  const { archiveUrl, fileToExtract } = (answer ?? {}) as Record<string, unknown>;
  if (typeof archiveUrl !== 'string' || typeof fileToExtract !== 'string' || !/^[\w.-]+$/.test(fileToExtract)) {
    throw new Error('the download service gave an unknown answer');
  }
  return { archiveUrl, fileToExtract };
}

/** `fetch` says only "fetch failed"; what happened is its cause. */
function reasonOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}
