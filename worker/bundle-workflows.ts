/** Program: bundles the workflows into the file named by its argument. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const root = fileURLToPath(new URL('..', import.meta.url));
const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: bundle-workflows.ts <file>');
const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
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
