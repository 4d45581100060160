import { SyncError, type SyncErrorOptions } from '../../model/errors.ts';

/** A table, stage or schema that is not there; what may not be seen looks alike. */
export class ObjectMissing extends SyncError {
  constructor(message: string, options: SyncErrorOptions) {
    super('SchemaConflict', message, options);
    this.name = 'ObjectMissing';
  }
}
