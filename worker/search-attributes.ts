import proto from '@temporalio/proto';
import type { NativeConnection } from '@temporalio/worker';
import type { Log } from '../model/log.ts';
import { searchAttributeNames } from '../workflows/messages.ts';

const keyword = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;

/**
 * Whether workflows may set the Sync* search attributes. Setting one that the namespace does not know would fail the
 * workflow task again and again, so they are looked up first, created where that is allowed, and done without otherwise.
 */
export async function ensureSearchAttributes(
  connection: NativeConnection,
  namespace: string,
  log: Log,
): Promise<boolean> {
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const missing = searchAttributeNames.filter((name) => !Object.hasOwn(customAttributes, name));
    if (missing.length > 0) {
      const searchAttributes = Object.fromEntries(missing.map((name) => [name, keyword]));
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
      log.info({ namespace, created: missing }, 'search attributes created');
    }
    return true;
  } catch (error) {
    log.warn(
      { namespace, reason: (error as Error).name, names: searchAttributeNames },
      'search attributes are missing and may not be created: runs go without them; ask an operator to add them as Keyword',
    );
    return false;
  }
}
