import proto from '@temporalio/proto';
import type { NativeConnection } from '@temporalio/worker';
import type { Log } from '../model/log.ts';
import { searchAttributeNames } from '../workflows/messages.ts';

const keyword = proto.temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;

const withoutAttributes =
  'search attributes are not there as Keyword and may not be created: runs go without; ask an operator to add them';

/**
 * Whether workflows may set the Sync* search attributes. Setting one that the namespace does not know would fail the
 * workflow task again and again, so they are looked up first, created where that is allowed, and done without otherwise.
 */
export async function ensureSearchAttributes(
  connection: NativeConnection,
  namespace: string,
  log: Log,
): Promise<boolean> {
  const missing = async (): Promise<string[]> => {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return searchAttributeNames.filter((name) => customAttributes[name] !== keyword);
  };
  try {
    const names = await missing();
    if (names.length === 0) return true;
    const searchAttributes = Object.fromEntries(names.map((name) => [name, keyword]));
    // Another worker may add them at the same moment, so what counts is what is there afterwards.
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes }).catch(() => undefined);
    const left = await missing();
    if (left.length === 0) return true;
    log.warn({ namespace, names: left }, withoutAttributes);
  } catch (error) {
    log.warn({ namespace, reason: (error as Error).name, names: searchAttributeNames }, withoutAttributes);
  }
  return false;
}
