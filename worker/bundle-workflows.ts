/** Program: bundles the workflows into the file named first, with failures `plain` or `encoded`. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { failureConverterPath } from '../codec/data-converter.ts';

const [path, failures] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: bundle-workflows.ts <file> [plain|encoded]');
const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
  ...(failures === 'encoded' ? { failureConverterPath } : {}),
  logger: new DefaultLogger('WARN'),
});
await writeFile(path, code);
