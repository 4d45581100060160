/** For editors; `parseDuration` is what counts. */
export const durationJsonSchema = {
  type: 'string',
  pattern: String.raw`^\d{1,9}(ms|s|m|h|d)$`,
  examples: ['90s', '5m', '6h', '1d'],
};
