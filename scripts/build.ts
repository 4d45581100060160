/**
 * Program: `npm run build` compiles what a package needs into dist/, with the workflows bundled, so that an installed worker
 * starts without a bundler. Node does not strip types below node_modules, hence plain JavaScript.
 */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { failureForms } from '../worker/workflow-bundle.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

await rm(join(root, 'dist'), { recursive: true, force: true });
await Promise.all([
  run(process.execPath, ['node_modules/typescript/bin/tsc', '--project', 'tsconfig.build.json'], { cwd: root }),
  ...failureForms.map((failures) =>
    run(process.execPath, ['worker/bundle-workflows.ts', `dist/worker/prebuilt-workflows-${failures}.js`, failures], {
      cwd: root,
    }),
  ),
]).catch((error: { stdout?: string; stderr?: string }) => {
  process.stderr.write(`${error.stdout ?? ''}${error.stderr ?? ''}`);
  throw new Error('the build failed');
});
