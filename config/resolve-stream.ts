import { parseStreamName, streamName } from '../model/stream-name.ts';
import type { StreamSettings } from '../model/stream-settings.ts';
import type { LoadedConfig } from './load-config.ts';

/** The stream a person named. Throws `ConfigInvalid` with the nearest name, or what there is, when config has no such stream. */
export function resolveStream(config: LoadedConfig, address: string): StreamSettings {
  const { pipeline, stream } = parseStreamName(address);
  return config.stream(streamName(pipeline, stream));
}
