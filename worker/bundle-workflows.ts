/** Program: bundles the workflows into the file named first, with failures `plain` or `encoded`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { failureConverterPath } from '../codec/data-converter.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const [path, failures] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: bundle-workflows.ts <file> [plain|encoded]');
const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
  ...(failures === 'encoded' ? { failureConverterPath } : {}),
  logger: new DefaultLogger('WARN'),
  // Stack traces name files as they lie in the package: where it was built is nobody's business.
  webpackConfigHook: ({ output, ...config }) => ({
    ...config,
    output: {
      ...output,
      devtoolModuleFilenameTemplate: (module: { absoluteResourcePath: string }) =>
        module.absoluteResourcePath.replaceAll(root, ''),
    },
  }),
});
await mkdir(dirname(path), { recursive: true });
await writeFile(path, code);
