import { join } from 'node:path';
import { addToCache, type Search } from './binary-cache.ts';
import { runCommand } from './run-command.ts';

const goPackage = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';

/** Builds the CLI from source where a Go toolchain and a module proxy are at hand; takes minutes. */
export function installWithGo(search: Search): Promise<string> {
  return addToCache(search, async (folder) => {
    search.log(`Temporal: go install ${goPackage} (takes minutes)`);
    // Without cgo no C compiler is needed; the server's SQLite is pure Go.
    const env = { ...search.env, GOBIN: folder, CGO_ENABLED: '0' };
    const args = ['install', goPackage];
    await runCommand({ command: 'go', args, timeoutMs: 900_000, env, signal: search.signal });
    return join(folder, 'temporal');
  });
}
