import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, constants, mkdir, readFile, rename } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const program = fileURLToPath(new URL('bundle-workflows.ts', import.meta.url));
/** Whether texts of failures are left plain or made payloads, for a codec to encrypt: the sandbox converts its own. */
export type FailureForm = 'plain' | 'encoded';

export const failureForms: readonly FailureForm[] = ['plain', 'encoded'];

/** Made by `npm run build`; not there in a checkout. */
function prebuiltPath(failures: FailureForm): string {
  return fileURLToPath(new URL(`prebuilt-workflows-${failures}.js`, import.meta.url));
}

/** Of a checkout: its workers, whatever their config, run the same workflows. */
const checkoutCache = join(root, 'node_modules', '.cache', 'sluice');

/**
 * The workflow code as one file: the prebuilt one of a package, else made when the workflows have changed since it was last
 * made, in the checkout's cache, or in `ownCache` where that cannot be written. A process of its own makes it: webpack would
 * leave the worker some 100 MB larger for the rest of its life.
 */
export async function workflowBundle(ownCache: string, failures: FailureForm = 'plain'): Promise<{ codePath: string }> {
  const prebuilt = prebuiltPath(failures);
  if (await exists(prebuilt)) return { codePath: prebuilt };
  const name = `workflows-${await sourceDigest()}-${failures}.js`;
  for (const folder of [checkoutCache, ownCache]) {
    if (await exists(join(folder, name))) return { codePath: join(folder, name) };
  }
  const codePath = join((await isWritable(checkoutCache)) ? checkoutCache : ownCache, name);
  await mkdir(dirname(codePath), { recursive: true, mode: 0o700 });
  const unfinished = `${codePath}.${process.pid}`;
  await promisify(execFile)(process.execPath, [program, unfinished, failures]);
  await rename(unfinished, codePath);
  return { codePath };
}

/** Of everything that goes into the bundle: our sources, and the locked versions of the SDK. */
async function sourceDigest(): Promise<string> {
  const digest = createHash('sha256');
  const files = globSync('{workflows,model,codec}/**/*.ts', { cwd: root }).sort();
  for (const file of [...files, 'package.json', 'worker/bundle-workflows.ts']) {
    digest.update(`${file}\0`).update(await readFile(join(root, file)));
  }
  return digest.digest('hex').slice(0, 16);
}

async function isWritable(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
