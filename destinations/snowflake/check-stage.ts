import { SyncError } from '../../model/errors.ts';
import { failedFinding, type Finding } from '../../model/finding.ts';
import { openBucket } from './bucket.ts';
import { fine, type Look, wrong } from './check-look.ts';
import { type BucketPlace, bucketPlaceOf } from './external-stage.ts';
import { grantFinding } from './grant-finding.ts';
import type { HeldGrants } from './grants.ts';
import { showStage, stageNameOf } from './named-stage.ts';
import type { Session } from './session.ts';

/** Whether the role may use the stage that config names, and this process write into the bucket of an external one. */
export async function checkStage(session: Session, look: Look, held: HeldGrants): Promise<Finding[]> {
  const { config, use, role, signal } = look;
  const { stage } = config;
  const [firstSchema] = use.schemas;
  if (stage === undefined || firstSchema === undefined) return [];
  const subject = `stage ${stage}`;
  const { database, schema, name } = stageNameOf({ ...config, stage }, firstSchema);
  const row = await showStage(session, { database, schema, name });
  if (row === null) {
    return [wrong(subject, `it does not exist, or role ${role} may not see it`, 'create it, or correct stage')];
  }
  let place: BucketPlace | null;
  try {
    place = bucketPlaceOf(row, stage);
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    return [failedFinding(subject, error)];
  }
  // Of an external stage, USAGE is all there is.
  const privileges = place === null ? ['READ', 'WRITE'] : ['USAGE'];
  const granted = grantFinding(subject, held, { on: 'STAGE', name: [database, schema, name], privileges }, role);
  return place === null ? [granted] : [granted, await checkBucket(place, signal)];
}

async function checkBucket(place: BucketPlace, signal: AbortSignal): Promise<Finding> {
  const subject = `bucket ${place.bucket}`;
  try {
    await (await openBucket(place)).tryPut(`${place.prefix}sluice-check`, signal);
    return fine(subject, `this process may put files below s3://${place.bucket}/${place.prefix}`);
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    return failedFinding(subject, error);
  }
}
