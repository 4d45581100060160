/** Program: makes the workflow bundles of these sources beside them. */
import { prebuildWorkflows } from './workflow-bundle.ts';

await prebuildWorkflows();
